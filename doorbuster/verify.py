"""The log and the rows: hash chains, seals, and every row against the fold of its aggregate's events.

The worker goes over the same a slice at a time (`write_side/verifying/sweep.py`); this asks for all of it at once, or
for what changed lately, or for a sample. The read models are `doorbuster/invariants/read_models.py`'s.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from shared.envelope import Recorded
from write_side import event_log
from write_side.aggregates import AGGREGATES, BY_TYPE, Aggregate
from write_side.database import Connection
from write_side.inventory import store as inventory_store
from write_side.verifying import log_rows, seals
from write_side.verifying.chains import broken
from write_side.verifying.comparing import PAGE, compare, compare_all
from write_side.verifying.differences import Difference
from write_side.verifying.sealed import Window, check_window, windows
from write_side.verifying.seals import Seal, SealFile


class Chosen(NamedTuple):
    """Part of the log: aggregates by kind, the partition keys they belong to, and which seals lie over it."""

    ids: dict[str, list[UUID]]
    keys: list[str]
    sealed_by: Callable[[Seal], bool]


async def differences(conn: Connection, aggregates: Sequence[Aggregate] = AGGREGATES) -> list[Difference]:
    """What differs between rows and log, in all there is; empty when all is well.

    One snapshot for all of it: rows and events commit together, so a store at work shows no false differences.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await _unhurried(conn)
        return [*await broken_chains(conn), *await compare_all(conn, aggregates), *await reserved_is_open(conn)]


async def differences_of(conn: Connection, chosen: Chosen) -> list[Difference]:
    """The same of some aggregates: all their events and their rows."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await _unhurried(conn)
        shards = await event_log.shards(conn)
        found: list[Difference] = []
        for type_, ids in chosen.ids.items():
            for id_ in ids:
                found += [d for row in await log_rows.read_linked_of(conn, type_, id_) for d in broken(row, shards)]
            if type_ in BY_TYPE:
                found += await compare(conn, BY_TYPE[type_], ids)
        return found


async def _unhurried(conn: Connection) -> None:
    # Folding a large page or comparing many rows takes longer than a command may sit idle, and all of it longer than a
    # command may take.
    await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL transaction_timeout = 0")


async def since(conn: Connection, position: int) -> Chosen:
    """Whatever changed after a position."""
    until = await event_log.safe_position(conn)
    rows = await event_log.touched(conn, position, until)
    return _chosen(rows, lambda seal: seal.until > position)


async def sample(conn: Connection, count: int) -> Chosen:
    """As many events by chance, with the aggregates they belong to: the busy ones are met more often."""
    events = await log_rows.some(conn, count)
    return _chosen(events, lambda seal: any(seal.after < row["position"] <= seal.until for row in events))


def _chosen(rows: Iterable[asyncpg.Record], sealed_by: Callable[[Seal], bool]) -> Chosen:
    ids: dict[str, set[UUID]] = defaultdict(set)
    keys = set()
    for row in rows:
        ids[row["aggregate_type"]].add(row["aggregate_id"])
        keys.add(row["partition_key"])
    return Chosen({type_: sorted(found) for type_, found in ids.items()}, sorted(keys), sealed_by)


async def events_of(conn: Connection, type_: str, after: int = 0) -> AsyncIterator[Recorded]:
    """All events of one kind of aggregate above a position, oldest first."""
    while page := await event_log.read_aggregates_after(conn, type_, after, PAGE):
        for recorded in page:
            yield recorded
        after = page[-1].position


async def reserved_is_open(conn: Connection) -> list[Difference]:
    """Stock items whose count of reserved units is not what open reservations hold."""
    held = await inventory_store.open_reservations(conn)
    return [
        Difference(
            "reservation", f"stock_item {item.id}", "held by open reservations", f"the {item.reserved} reserved",
            str(held.get(item.id, 0)), ("stock_item", item.id),
        )
        for item in await inventory_store.all_items(conn)
        if item.reserved != held.get(item.id, 0)
    ]  # fmt: skip


async def broken_chains(conn: Connection, after: int = 0) -> list[Difference]:
    """Events above a position whose bytes don't give their hash, or that don't continue their aggregate's chain."""
    found: list[Difference] = []
    shards, until = await event_log.shards(conn), await event_log.highest_drawn(conn)
    while page := await log_rows.read_linked_after(conn, after, until, PAGE):
        found += [difference for row in page for difference in broken(row, shards)]
        after = page[-1]["position"]
    return found


async def broken_seals(
    conn: Connection, file: SealFile, wanted: Callable[[Seal], bool] | None = None
) -> list[Difference]:
    """The log against its seals, all of them or those wanted; the file itself is always looked at whole."""
    found: list[Difference] = []
    for window in windows(file):
        if isinstance(window, Window):
            if wanted is None or wanted(window.seal):
                found += await check_window(conn, window)
        else:
            found.append(window)
    return found


async def seal(conn: Connection, file: SealFile) -> int:
    """Seal all that is safe by now; answers up to where the log is sealed. Raises `SealBroken`."""
    while True:
        last, previous = file.last()
        entry = await seals.next_seal(conn, last, previous)
        if entry is None:
            return last.until if last else 0
        file.append(entry)
