"""Repairs: a row that is not the fold of its events is made so, and an event says that it was.

Only by the owner of the tables: the application may not touch rows past its commands. Only while the log itself is
whole: it is what the row is made from.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import asyncpg

from shared.envelope import Metadata
from shared.events.repairs import RowRepaired
from shared.ids import uuid7
from write_side import event_log
from write_side.aggregates import AGGREGATES, BY_TYPE, Aggregate
from write_side.database import Connection
from write_side.event_log import NewEvent
from write_side.verifying.comparing import compare, fold
from write_side.verifying.differences import LOG, Difference
from write_side.verifying.rewriting import rewrite

TRIES = 3  # a row may hang on one that is repaired after it, or be written to meanwhile


class NotHealed(Exception):
    """The row can't be made what its events say; the message says why."""


class Repaired(NamedTuple):
    """What became of the rows."""

    done: list[RowRepaired]
    failed: dict[str, str]  # which row → why


async def repair_rows(conn: Connection, found: Iterable[Difference], reason: str, cause: Metadata) -> Repaired:
    """Repair the rows that these differences are about, each in a transaction of its own."""
    order = [aggregate.type for aggregate in AGGREGATES]  # what others refer to comes first
    waiting = sorted({d.aggregate for d in found if d.aggregate}, key=lambda row: (order.index(row[0]), row[1]))
    repaired = Repaired([], {})
    for _ in range(TRIES):
        waiting = [row for row in waiting if not await _repaired(conn, row, reason, cause, repaired)]
    return repaired


async def _repaired(
    conn: Connection, row: tuple[str, UUID], reason: str, cause: Metadata, into: Repaired
) -> bool:
    """Whether nothing more is to be done about it."""
    name = f"{row[0]} {row[1]}"
    try:
        event = await repair(conn, BY_TYPE[row[0]], row[1], reason, cause)
    except (NotHealed, asyncpg.PostgresError, KeyError) as error:
        into.failed[name] = f"{type(error).__name__}: {error}"
        return False
    into.failed.pop(name, None)
    if event is not None:
        into.done.append(event)
    return True


async def repair(
    conn: Connection, aggregate: Aggregate, id_: UUID, reason: str, cause: Metadata
) -> RowRepaired | None:
    """Make the rows of an aggregate the fold of its events and append that; None where they are. Raises `NotHealed`.

    In one snapshot: `asyncpg.SerializationError` if a command changed the row meanwhile.
    """
    async with conn.transaction(isolation="repeatable_read"):
        found = await compare(conn, aggregate, [id_])
        if not found:
            return None
        if any(difference.kind in LOG for difference in found):
            raise NotHealed("its events themselves are broken: only a restore brings them back")
        state = (await fold(conn, aggregate, [id_])).states.get(id_)
        await rewrite(conn, aggregate, id_, state)
        if left := await compare(conn, aggregate, [id_]):
            raise NotHealed(str(left[0]))
        event = RowRepaired(uuid7(), aggregate.type, id_, sorted({d.field for d in found}), reason)
        last = (await event_log.latest_of(conn, aggregate.type, [id_])).get(id_)
        key = last.key if last else f"{aggregate.type}:{id_}"
        await event_log.append(conn, [NewEvent("repair", event.repair_id, 1, key, event)], cause)
        return event
