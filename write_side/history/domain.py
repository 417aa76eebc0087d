"""Points in a history, and how states differ: pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from shared.envelope import Recorded
from shared.pointers import escaped
from shared.sealed import is_sealed
from write_side.errors import Invalid, NotFound, Refusal

LARGEST = 2**63 - 1  # of versions and positions
SEALED = "(sealed)"  # shown in place of personal data, which stand in history as ciphertext

Zoned = Annotated[datetime, Meta(tz=True)]
Json = dict[str, Any]
Leaves = dict[str, Any]  # JSON pointer → what stands there, which is no object and no list, or an empty one


class OnePointNeeded(Invalid):
    """A moment is named by a version, a position or a time: by exactly one of them."""

    code = "one_point_needed"


class BrokenTime(Invalid):
    """Not a time like 2026-11-27T09:30:00Z, with its zone."""

    code = "broken_time"


class PointsReversed(Invalid):
    """The second moment lies before the first."""

    code = "points_reversed"


class NotReachedYet(Refusal):
    """The log is not complete up to there: later events may still come to stand before it."""

    code = "not_reached_yet"


class UnknownHistory(NotFound):
    """Nothing of this kind and name was ever there."""

    code = "unknown_history"


class NotThereYet(NotFound):
    """It exists, but did not at this moment (or has no such version yet)."""

    code = "not_there_yet"


class UnknownFigure(NotFound):
    """Nothing ever stood at this place of its state."""

    code = "unknown_figure"


class Point(NamedTuple):
    """A moment in an aggregate's history: everything up to there, each bound included."""

    version: int = LARGEST
    position: int = LARGEST
    at: datetime = datetime.max.replace(tzinfo=UTC)

    def includes(self, event: Recorded) -> bool:
        """Whether the event had happened by then."""
        return event.version <= self.version and event.position <= self.position and event.recorded_at <= self.at


NOW = Point()


def point(version: int | None, position: int | None, at: str | None, *, prefix: str = "") -> Point:
    """The one moment that was named; raises `OnePointNeeded`, `BrokenTime`. `prefix` is that of the parameters."""
    given = {"version": version, "position": position, "at": at}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        wanted = ", ".join(f"{prefix}{name}" for name in given)
        raise OnePointNeeded(f"exactly one of {wanted} is needed, {len(named)} are given")
    if version is not None:
        return Point(version=version)
    if position is not None:
        return Point(position=position)
    return Point(at=moment(at or "", f"?{prefix}at"))


def moment(text: str, pointer: str) -> datetime:
    """A time with its zone, in UTC; raises `BrokenTime`."""
    try:
        return msgspec.convert(text, Zoned).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError, ValueError):
        pass
    raise BrokenTime("a time is like 2026-11-27T09:30:00Z, with its zone", pointer=pointer)


def masked(value: Any) -> Any:
    """The same with personal data masked; nothing here is ever decrypted."""
    if isinstance(value, dict):
        return {name: masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return SEALED if isinstance(value, str) and is_sealed(value) else value


def shown(state: Any) -> Json:
    """A state as JSON members, not masked yet."""
    found: Json = msgspec.to_builtins(state, str_keys=True)
    return found


def leaves(state: Json | None) -> Leaves:
    """All that stands in a state, by JSON pointer."""
    return dict(_leaves(state, "")) if state is not None else {}


def _leaves(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{at}/{escaped(name)}")
    elif isinstance(value, list) and value:
        for n, inner in enumerate(value):
            yield from _leaves(inner, f"{at}/{n}")
    else:
        yield at, value


UNSAID = ("/version",)  # moves with every event


def changed(before: Leaves, after: Leaves) -> list[str]:
    """The places at which two states differ, the version apart."""
    places = [*before, *(place for place in after if place not in before)]
    return [
        place
        for place in places
        if place not in UNSAID and (place not in before or place not in after or before[place] != after[place])
    ]


class BrokenCursor(Refusal):
    """This cursor is not one of ours."""

    status = 400
    code = "broken_cursor"


Order = Literal["oldest", "newest"]


Counted = Literal["version", "place"]


class Window(NamedTuple):
    """Versions (or places) above `after` up to `until`: what one page looks at. `next` goes on behind it, None at the
    end."""

    after: int
    until: int
    next: str | None


def window(last: int, order: Order, cursor: str | None, size: int, of: Counted = "version") -> Window:
    """The page that a cursor leads to, of a history that ends with version `last`; raises `BrokenCursor`."""
    if order == "oldest":
        after = 0 if cursor is None else _number_of(cursor, of)
        until = min(last, after + size)
        return Window(after, until, _cursor(until, of) if until < last else None)
    until = last if cursor is None else min(last, _number_of(cursor, of))
    after = max(0, until - size)
    return Window(after, until, _cursor(after, of) if after else None)


def _cursor(number: int, of: Counted) -> str:
    return urlsafe_b64encode(f"{of} {number}".encode()).decode().rstrip("=")


def _number_of(cursor: str, of: Counted) -> int:
    try:
        word, _, number = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(" ")
        if word == of and 0 <= int(number) <= LARGEST and _cursor(int(number), of) == cursor:
            return int(number)
    except ValueError:
        pass
    raise BrokenCursor("This cursor is not one of ours.", pointer="?cursor")
