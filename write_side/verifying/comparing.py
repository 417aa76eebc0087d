"""Rows against the fold of their events, kind by kind. Ask in one snapshot: rows and events commit together."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from shared.codec import decode_events
from shared.envelope import Recorded
from write_side import event_log
from write_side.aggregates import AGGREGATES, PARTS, Aggregate
from write_side.database import Connection, ids_after
from write_side.verifying.differences import MISSING, Difference, differing
from write_side.verifying.references import CHECKS

PAGE = 2000


class Folded(NamedTuple):
    """States by id, and those aggregates of which an event can't be folded."""

    states: dict[UUID, Any]
    unfoldable: dict[UUID, Difference]


async def compare_all(conn: Connection, aggregates: Sequence[Aggregate] = AGGREGATES) -> list[Difference]:
    """Every row of these kinds."""
    return [found for aggregate in aggregates for found in await compare(conn, aggregate)]


async def compare(conn: Connection, aggregate: Aggregate, ids: Sequence[UUID] | None = None) -> list[Difference]:
    """All rows of a kind, or those of some aggregates, against their events and what other rows make of them."""
    found = await _compare(conn, aggregate, ids)
    if aggregate.type in PARTS:
        found += await _compare(conn, PARTS[aggregate.type], ids)
    if aggregate.type in CHECKS:
        found += await CHECKS[aggregate.type](conn, ids)
    return found


async def _compare(conn: Connection, aggregate: Aggregate, ids: Sequence[UUID] | None) -> list[Difference]:
    folded = await fold(conn, aggregate, ids)
    rows, found = await _rows(conn, aggregate, ids)
    unreadable = {difference.aggregate[1] for difference in found if difference.aggregate}
    found += folded.unfoldable.values()
    for id_ in sorted(folded.states.keys() | rows.keys()):
        if id_ not in folded.unfoldable and id_ not in unreadable:
            found += row_differences(aggregate, id_, folded.states.get(id_), rows.get(id_))
    return found


def row_differences(aggregate: Aggregate, id_: UUID, folded: Any, row: Any) -> list[Difference]:
    """One row's, field by field."""
    if folded == row:
        return []
    where, whose = f"{aggregate.type} {id_}", (aggregate.type, id_)
    if folded is None or row is None:
        expected, found = ("known to the log", "a stranger") if folded is None else ("as its events say", MISSING)
        return [Difference(aggregate.kind, where, "its row", expected, found, whose)]
    pairs = differing(msgspec.to_builtins(folded), msgspec.to_builtins(row))
    return [Difference(aggregate.kind, where, field, expected, found, whose) for field, expected, found in pairs]


async def fold(conn: Connection, aggregate: Aggregate, ids: Sequence[UUID] | None = None) -> Folded:
    """The states of all aggregates of a kind, or of some."""
    folded = Folded({}, {})
    after = 0
    while page := await event_log.read_aggregates_after(conn, aggregate.type, after, PAGE, ids):
        for recorded in page:
            if recorded.aggregate_id not in folded.unfoldable:
                _fold(folded, aggregate, recorded)
        after = page[-1].position
    return folded


def _fold(folded: Folded, aggregate: Aggregate, recorded: Recorded) -> None:
    id_ = recorded.aggregate_id
    try:
        for event in decode_events(recorded.type, recorded.payload):
            folded.states[id_] = aggregate.evolve(folded.states.get(id_), recorded, event)
    except Exception as error:  # whatever somebody wrote into it, it must be told and not end us
        told = f"{type(error).__name__}: {error}"
        where = f"event {recorded.position} ({aggregate.type} {id_} v{recorded.version})"
        folded.unfoldable[id_] = Difference("event", where, "what its fold makes of it", "a state", told)
        folded.states.pop(id_, None)


async def _rows(
    conn: Connection, aggregate: Aggregate, ids: Sequence[UUID] | None
) -> tuple[Mapping[UUID, Any], list[Difference]]:
    """Rows by id, and those that can't even be read: then one by one."""
    try:
        return {row.id: row for row in await aggregate.rows(conn, ids)}, []
    except (msgspec.MsgspecError, ValueError):
        rows: dict[UUID, Any] = {}
        found: list[Difference] = []
        for id_ in await ids_after(conn, aggregate.table) if ids is None else ids:
            try:
                rows |= {row.id: row for row in await aggregate.rows(conn, [id_])}
            except (msgspec.MsgspecError, ValueError) as error:
                whose = (aggregate.type, id_)
                where = f"{aggregate.type} {id_}"
                found.append(Difference(aggregate.kind, where, "its row", "readable", f"not: {error}", whose))
        return rows, found
