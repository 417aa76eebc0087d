"""What was kept last stays: a cache for what soon isn't true any more, bounded by number and by memory. Pure."""

import sys
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

FRAME = 2_000  # bytes that an answer takes beside its body and its key, at most

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Place(NamedTuple, Generic[Value]):
    value: Value
    size: int  # bytes of memory, none too few


class Latest(Generic[Key, Value]):
    """Values by key, `places` of them and `most_bytes` altogether at most. Whoever came first makes room."""

    def __init__(self, places: int, most_bytes: int) -> None:
        self._places, self._most_bytes, self._bytes = places, most_bytes, 0
        self._kept: dict[Key, _Place[Value]] = {}  # the one that came first stands first

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """The value, if it is kept."""
        place = self._kept.get(key)
        return None if place is None else place.value

    def first(self) -> tuple[Key, Value] | None:
        """Of those kept the one that came first."""
        return next(((key, place.value) for key, place in self._kept.items()), None)

    def keep(self, key: Key, value: Value, size: int) -> None:
        """Keep a value, whose body is of so many bytes, unless it is more than there is room for."""
        self.drop(key)
        size += FRAME + weight(key)
        if size > self._most_bytes:
            return
        self._kept[key] = _Place(value, size)
        self._bytes += size
        while len(self._kept) > self._places or self._bytes > self._most_bytes:
            self.drop(next(iter(self._kept)))

    def drop(self, key: Key) -> None:
        """Forget a value."""
        place = self._kept.pop(key, None)
        if place is not None:
            self._bytes -= place.size


def weight(key: Hashable) -> int:
    """Bytes of memory that a key takes: as long as what was typed, and longer."""
    return sys.getsizeof(key) + (sum(map(weight, key)) if isinstance(key, tuple) else 0)
