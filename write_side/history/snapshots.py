"""Snapshots are made by the worker, so that asking for history writes nothing and is quick from the first time on.

It reads the log up to the safe position and keeps the state of every version that is a multiple of `EVERY`. Its own
position goes by the shapes of all states: code that shapes one differently begins anew at the log's start, and what
other code has kept is neither read nor in the way.
"""

from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from write_side import event_log
from write_side.database import Connection, Pool
from write_side.history import store
from write_side.history.domain import Point
from write_side.history.kinds import KINDS, Kind
from write_side.history.past import Past, as_of
from write_side.history.store import Snapshot
from write_side.steps import Step

EVERY = 100  # versions: about as many events are read for a state at any version
SCAN = 5_000  # positions looked at in one go
PAUSE = 1.0


def step(pool: Pool) -> Step:
    """The worker's step."""
    return Step("snapshots", PAUSE, lambda: advance(pool), full=SCAN)


async def advance(pool: Pool) -> int:
    """Make the snapshots that the next events of the log ask for; answers how many positions were looked at. After
    fewer than `SCAN` the step pauses, or it would look again for every few events of a rush."""
    shapes = _shapes()
    async with pool.acquire() as conn, conn.transaction():
        at = await store.claim(conn, shapes)
        if at is None:
            return 0
        until = await event_log.look_until(conn, at, await event_log.safe_position(conn), SCAN)
        if until <= at:
            return 0
        for type_, id_, version in await event_log.milestones(conn, at, until, EVERY, list(KINDS)):
            await _make(conn, KINDS[type_], id_, version)
        await store.reached(conn, shapes, until)
    return until - at


def _shapes() -> str:
    return sha256("\n".join(f"{kind.name} {kind.schema}" for kind in KINDS.values()).encode()).hexdigest()[:32]


async def _make(conn: Connection, kind: Kind, id_: UUID, until: int) -> None:
    """Those that are missing up to a version, each from the one before it on."""
    last = await store.find_snapshot(conn, kind.name, id_, kind.schema, Point(version=until))
    for version in range((last.version if last else 0) + EVERY, until + 1, EVERY):
        past = await as_of(conn, kind, id_, Point(version=version))
        assert past is not None, "the log has a later version"
        await store.keep(conn, snapshot_of(kind, id_, past))


def snapshot_of(kind: Kind, id_: UUID, past: Past) -> Snapshot:
    """A state to be kept."""
    last = past.last
    return Snapshot(kind.name, id_, last.version, last.position, last.recorded_at, kind.schema, encoded(past.state))


def encoded(state: Any) -> bytes:
    """A state as it is kept."""
    return msgspec.json.encode(state)
