"""A state as it was, its events, what changed between two points, and why a figure is what it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from shared.envelope import Recorded
from write_side import event_log, orders
from write_side.database import Connection
from write_side.history.answers import (
    Because,
    Difference,
    Differences,
    EventPage,
    Explained,
    StepTold,
    SystemPoint,
    Told,
    Was,
    happened,
)
from write_side.history.domain import (
    NOW,
    Json,
    Leaves,
    NotReachedYet,
    NotThereYet,
    Order,
    Point,
    PointsReversed,
    UnknownFigure,
    UnknownHistory,
    changed,
    leaves,
    masked,
    shown,
    window,
)
from write_side.history.kinds import Kind
from write_side.history.past import Past, as_of, unfolded

SEGMENT = 100  # versions looked at in one go for who changed what
LOOKED_AT = 2_000  # versions in all for that: a page costs as much at the end of a long history as of a short one


async def was(conn: Connection, kind: Kind, id_: UUID, point: Point) -> Was:
    """The state at a point; raises `UnknownHistory`, `NotThereYet`, `NotReachedYet`."""
    past = await _past(conn, kind, id_, point)
    return Was(kind.name, id_, past.last.version, happened(past.last), masked(shown(past.state)))


async def _past(conn: Connection, kind: Kind, id_: UUID, point: Point) -> Past:
    await _check_reached(conn, point)
    past = await as_of(conn, kind, id_, point)
    if past is None or (point.version != NOW.version and past.last.version < point.version):
        raise await _missing(conn, kind, id_)
    return past


async def _check_reached(conn: Connection, point: Point) -> None:
    """Within an aggregate versions are in order; what a position or a time leaves out may still be on its way."""
    if point.position != NOW.position and point.position > (safe := await event_log.safe_position(conn)):
        raise NotReachedYet(f"the log is complete up to position {safe}", safe_position=safe)
    if point.at != NOW.at and point.at > (now := datetime.now(UTC)):
        raise NotReachedYet("this time has not come yet", now=now)


async def _missing(conn: Connection, kind: Kind, id_: UUID) -> NotThereYet | UnknownHistory:
    first = await as_of(conn, kind, id_, Point(version=1))
    if first is None:
        return UnknownHistory(f"there is no {kind.name} {id_}")
    last = await _last(conn, kind, id_)
    facts = {"first_version_at": first.last.recorded_at, "first_position": first.last.position}
    return NotThereYet(
        f"this {kind.name} has versions 1 to {last.version}, and none at this point", last_version=last.version, **facts
    )


async def _last(conn: Connection, kind: Kind, id_: UUID) -> Recorded:
    """The last event there is; raises `UnknownHistory`."""
    found = (await event_log.latest_of(conn, kind.name, [id_])).get(id_)
    if found is None:
        raise UnknownHistory(f"there is no {kind.name} {id_}")
    return found


async def events(
    conn: Connection, kind: Kind, id_: UUID, order: Order, cursor: str | None, limit: int
) -> EventPage:
    """A page of its events; raises `UnknownHistory`, `BrokenCursor`."""
    page = window((await _last(conn, kind, id_)).version, order, cursor, limit)
    found = await event_log.read_aggregate(conn, kind.name, id_, page.after, page.until)
    told = [Told(happened(event), masked(msgspec.json.decode(event.payload))) for event in found]
    return EventPage(kind.name, id_, told if order == "oldest" else told[::-1], page.next)


async def differences(
    conn: Connection, kind: Kind, id_: UUID, first: Point, second: Point, cursor: str | None, limit: int
) -> Differences:
    """What changed from one point to a later one; all of it is new where the first lies before its first event.

    Raises `UnknownHistory`, `NotThereYet`, `NotReachedYet`, `PointsReversed`, `BrokenCursor`.
    """
    after = await _past(conn, kind, id_, second)
    await _check_reached(conn, first)
    before = await as_of(conn, kind, id_, first)
    since = before.last.version if before else 0
    if since > after.last.version or (first.version != NOW.version and first.version > after.last.version):
        raise PointsReversed("the second point lies before the first")
    old, new = leaves(shown(before.state) if before else None), leaves(shown(after.state))
    places = changed(old, new)
    page = window(len(places), "oldest", cursor, limit, "place")
    by = await _who_changed(conn, kind, id_, since, after.last.version, places[page.after : page.until])
    told = [
        Difference(place, masked(old.get(place)), masked(new.get(place)), happened(event) if event else None)
        for place, event in by.items()
    ]
    return Differences(kind.name, id_, since, after.last.version, told, page.next)


async def _who_changed(
    conn: Connection, kind: Kind, id_: UUID, since: int, until: int, places: Sequence[str]
) -> dict[str, Recorded | None]:
    """Place → the last event that changed it, None where that is long ago. Looked for from the end: most of what
    differs was changed lately."""
    found: dict[str, Recorded] = {}
    since = max(since, until - LOOKED_AT)
    while until > since and len(found) < len(places):
        after = max(since, until - SEGMENT)
        last: dict[str, Recorded] = {}
        for past, before, now in await _leaves_of(conn, kind, id_, after, until):
            last |= dict.fromkeys(changed(before, now), past.last)
        found |= {place: last[place] for place in places if place in last and place not in found}
        until = after
    return {place: found.get(place) for place in places}


async def _leaves_of(
    conn: Connection, kind: Kind, id_: UUID, after: int, until: int
) -> list[tuple[Past, Leaves, Leaves]]:
    """The states that some versions made, with what stood in them before and after."""
    pasts = await unfolded(conn, kind, id_, max(0, after - 1), until)
    states = [leaves(shown(past.state)) for past in pasts]
    if after == 0:
        states.insert(0, {})
    else:
        del pasts[0]  # the version before, which is only compared with
    return list(zip(pasts, states, states[1:], strict=False))


async def explained(
    conn: Connection, kind: Kind, id_: UUID, figure: str, order: Order, cursor: str | None, limit: int
) -> Explained:
    """The steps of a figure among `limit` versions; raises `UnknownHistory`, `UnknownFigure`, `BrokenCursor`."""
    now = await _past(conn, kind, id_, NOW)
    page = window(now.last.version, order, cursor, limit)
    moved = await _leaves_of(conn, kind, id_, page.after, page.until)
    standing = leaves(shown(now.state))
    if figure not in standing and not any(figure in after for _, _, after in moved):
        raise UnknownFigure(f"nothing stands at {figure[:100]} now", figures=list(standing)[:50])
    steps = [
        (past.last, before.get(figure), after.get(figure))
        for past, before, after in moved
        if before.get(figure) != after.get(figure)
    ]
    told = await _steps(conn, steps)
    value = masked(standing.get(figure))
    if order == "newest":
        told.reverse()
    return Explained(kind.name, id_, figure, value, now.last.version, told, page.next)


async def _steps(conn: Connection, steps: Sequence[tuple[Recorded, Any, Any]]) -> list[StepTold]:
    payloads: list[Json] = [msgspec.json.decode(event.payload) for event, _, _ in steps]
    about = [_about(payload) for payload in payloads]
    numbers = await orders.numbers_of(conn, [id_ for id_ in about if id_ is not None])
    return [
        StepTold(
            happened(event), masked(after), _moved_by(before, after), payload.get("reason"), _because(id_, numbers)
        )
        for (event, before, after), payload, id_ in zip(steps, payloads, about, strict=True)
    ]


def _about(payload: Json) -> UUID | None:
    """The reservation that stock was moved for: an order's has the order's id. Else the order, if one is named."""
    named = payload.get("reservation_id") or payload.get("order_id")
    return None if named is None else UUID(named)


def _because(id_: UUID | None, numbers: dict[UUID, str]) -> Because | None:
    if id_ is None:
        return None
    number = numbers.get(id_)
    return Because("reservation" if number is None else "order", id_, number)


def _moved_by(before: Any, after: Any) -> int | float | None:
    """By how much a number moved; from nothing it moved by all of itself."""
    if isinstance(before, bool) or isinstance(after, bool):
        return None
    if isinstance(after, int | float) and isinstance(before, int | float | None):
        return after - (before or 0)
    return None


async def system_at(conn: Connection, at: datetime) -> SystemPoint:
    """The position that was safe at a time; raises `NotReachedYet`, `NotThereYet`."""
    await _check_reached(conn, Point(at=at))
    found = await event_log.safe_position_at(conn, at)
    if found is None:
        raise NotThereYet("the log had not begun to be published by then")
    return SystemPoint(at, *found)
