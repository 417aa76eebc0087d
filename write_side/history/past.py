"""An aggregate as it was: its events folded up to a point, from the last snapshot before it on."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from shared.envelope import Recorded
from write_side import event_log
from write_side.database import Connection
from write_side.history import store
from write_side.history.domain import Point
from write_side.history.kinds import Kind

PAGE = 100  # events of one read


class Past(NamedTuple):
    """A state, and the last event in it."""

    state: Any
    last: Recorded


async def as_of(conn: Connection, kind: Kind, id_: UUID, point: Point) -> Past | None:
    """The state at a point, None if it had no events by then."""
    found = None
    async for past in _since_snapshot(conn, kind, id_, point):
        found = past
    return found


async def unfolded(conn: Connection, kind: Kind, id_: UUID, after: int, until: int) -> list[Past]:
    """The states that the versions above `after` up to `until` made, one after the other."""
    before = await as_of(conn, kind, id_, Point(version=after)) if after else None
    state, found = before.state if before else None, []
    for event in await event_log.read_aggregate(conn, kind.name, id_, after, until):
        state = kind.fold(state, event)
        found.append(Past(state, event))
    return found


async def _since_snapshot(conn: Connection, kind: Kind, id_: UUID, point: Point) -> AsyncIterator[Past]:
    """The state of the last snapshot that is good, and all that come after it."""
    snapshot = await store.find_snapshot(conn, kind.name, id_, kind.schema, point)
    after = snapshot.version - 1 if snapshot else 0  # the snapshot's own event comes along: it is what it claims to be
    state = None
    while page := await event_log.read_aggregate(conn, kind.name, id_, after, min(after + PAGE, point.version)):
        for event in page:
            if not point.includes(event):
                return
            if snapshot is not None and event.version == snapshot.version:
                state = msgspec.json.decode(snapshot.state, type=kind.state)
            else:
                state = kind.fold(state, event)
            yield Past(state, event)
        after = page[-1].version
