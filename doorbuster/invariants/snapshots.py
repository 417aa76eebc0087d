"""Snapshots are the fold: what history is answered from says what the events say."""

from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec

from write_side import event_log
from write_side.database import Connection
from write_side.history import store
from write_side.history.kinds import KINDS, Kind
from write_side.history.store import Snapshot

PAGE = 1000


async def differences(conn: Connection) -> list[str]:
    """Snapshots that history would be answered from and that are not the fold of the events, one line each."""
    found = []
    for kind in KINDS.values():
        kept = await store.all_snapshots(conn, kind.name, kind.schema)
        for id_, snapshots in groupby(kept, key=lambda one: one.aggregate_id):
            found += await _of_one(conn, kind, id_, {one.version: one for one in snapshots})
    return found


async def _of_one(conn: Connection, kind: Kind, id_: UUID, snapshots: dict[int, Snapshot]) -> list[str]:
    found, state, version, last = [], None, 0, max(snapshots)
    while version < last and (page := await event_log.read_aggregate(conn, kind.name, id_, version, version + PAGE)):
        for event in page:
            state = kind.fold(state, event)
            snapshot = snapshots.pop(event.version, None)
            at = (event.position, event.recorded_at)
            if snapshot and (_read(kind, snapshot) != state or (snapshot.position, snapshot.at) != at):
                found.append(_told(snapshot, f"{_read(kind, snapshot)} but the fold is {state} at {at}"))
        version = page[-1].version
    return found + [_told(snapshot, "the log has no such version") for snapshot in snapshots.values()]


def _read(kind: Kind, snapshot: Snapshot) -> Any:
    try:
        return msgspec.json.decode(snapshot.state, type=kind.state)
    except msgspec.DecodeError as error:
        return f"unreadable ({error})"


def _told(snapshot: Snapshot, what: str) -> str:
    return f"snapshot of {snapshot.aggregate_type} {snapshot.aggregate_id} at version {snapshot.version}: {what}"
