"""What is asked for most stays: a bounded cache that lets nobody in for whom somebody dearer would have to go. Pure.

Least recently used does worse: where the n-th most wanted of 100,000 things is asked for an n-th as often as the
first, a tenth kept that way answers 74 %, the most wanted tenth 81 %, and this comes within a hundredth of it. How
often a key was asked for is counted in a table of bytes, by the key's hash, whether it is kept or not; now and then
all counts are halved, so that what was wanted yesterday makes room.
"""

from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

LOOKS = 8  # at those kept, for one that was asked for less than whoever comes
PERIOD = 100  # questions for each place, between two halvings
MOST_COUNTED = 255
_HALVED = bytes(count // 2 for count in range(MOST_COUNTED + 1))


class _Place(NamedTuple, Generic[Value]):
    at: int
    value: Value
    size: int


class Frequent(Generic[Key, Value]):
    """Values by key, `places` of them and `most_bytes` altogether at most; none of more than a 500th of that."""

    def __init__(self, places: int, most_bytes: int) -> None:
        self._places, self._most_bytes, self._bytes = places, most_bytes, 0
        self._kept: dict[Key, _Place[Value]] = {}
        self._keys: list[Key] = []  # of those kept, in no order: where the hand goes round
        self._hand = 0
        self._counts = bytearray(1 << (max(places, 1) * PERIOD).bit_length())
        self._until_halved = places * PERIOD

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, key: Key) -> Value | None:
        """The value, if it is kept; counts the question either way."""
        self._count(key)
        place = self._kept.get(key)
        return None if place is None else place.value

    def held(self, key: Key) -> Value | None:
        """The same for whoever asks by `get` if it isn't kept: then the question is counted there."""
        place = self._kept.get(key)
        if place is None:
            return None
        self._count(key)
        return place.value

    def asked(self, key: Key) -> int:
        """How often a key was asked for lately, or another one that is counted at the same place."""
        return self._counts[hash(key) & (len(self._counts) - 1)]

    def lets_in(self, key: Key, size: int) -> bool:
        """Whether a value of so many bytes would be kept, of a key that isn't: ask before you make it for nothing."""
        hand = self._hand
        victims = self._victims(key, size)
        if victims is not None:
            self._hand = hand  # who comes in looks at the same ones
        return self.fits(size) and victims is not None

    def fits(self, size: int) -> bool:
        """Whether a value of so many bytes may be kept at all."""
        return size * 500 <= self._most_bytes

    def offer(self, key: Key, value: Value, size: int) -> bool:
        """Keep a value of so many bytes, if there is room or something was asked for less; answers whether it is."""
        self.drop(key)
        victims = self._victims(key, size) if self.fits(size) else None
        if victims is None:
            return False
        for victim in victims:
            self.drop(victim)
        self._kept[key] = _Place(len(self._keys), value, size)
        self._keys.append(key)
        self._bytes += size
        return True

    def drop(self, key: Key) -> None:
        """Forget a value; how often it was asked for is not forgotten."""
        place = self._kept.pop(key, None)
        if place is None:
            return
        self._bytes -= place.size
        last = self._keys.pop()
        if last != key:  # the last one moves into the gap
            self._keys[place.at] = last
            self._kept[last] = self._kept[last]._replace(at=place.at)

    def clear(self) -> None:
        """Forget all values."""
        self._kept.clear()
        self._keys.clear()
        self._bytes = 0

    def _count(self, key: Key) -> None:
        counts = self._counts
        at = hash(key) & (len(counts) - 1)
        if counts[at] < MOST_COUNTED:
            counts[at] += 1
        self._until_halved -= 1
        if self._until_halved <= 0:
            counts[:] = counts.translate(_HALVED)
            self._until_halved = self._places * PERIOD

    def _victims(self, key: Key, size: int) -> list[Key] | None:
        """Who would have to go, of those behind the hand; None if too many in a row are wanted as much. Nobody is
        dropped before there is room enough."""
        found: list[Key] = []
        # `asked`, without a call for each look: this is done for every page that isn't kept, and mostly in vain.
        keys, counts, mask, hand = self._keys, self._counts, len(self._counts) - 1, self._hand
        places, too_many = len(keys) - self._places, self._bytes + size - self._most_bytes
        wanted, refused, looks = counts[hash(key) & mask], 0, len(keys)
        while places >= len(found) or too_many > 0:
            if refused == LOOKS or looks == 0:
                self._hand = hand
                return None
            looks -= 1
            hand = hand + 1 if hand + 1 < len(keys) else 0
            each = keys[hand]
            if counts[hash(each) & mask] < wanted:
                found.append(each)
                too_many -= self._kept[each].size
                refused = 0
            else:
                refused += 1
        self._hand = hand
        return found
