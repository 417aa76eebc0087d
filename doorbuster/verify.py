"""State = fold(events): every row of the write side against the fold of its aggregate's events, and the hash chains."""

from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg

from shared.codec import decode_events
from shared.envelope import Recorded
from write_side import event_log
from write_side.aggregates import AGGREGATES, Aggregate
from write_side.database import Connection
from write_side.inventory import store as inventory_store


async def differences(conn: Connection, aggregates: Sequence[Aggregate] = AGGREGATES) -> list[str]:
    """What differs between rows and log, one line each; empty when all is well.

    One snapshot for all of it: rows and events commit together, so a store at work shows no false differences.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        # Folding a large page or comparing many rows takes longer than a command may sit idle.
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        return await _differences(conn, aggregates)


async def _differences(conn: Connection, aggregates: Sequence[Aggregate]) -> list[str]:
    found = await broken_chains(conn)
    for aggregate in aggregates:
        folded = await _folded(conn, aggregate)
        rows = {row.id: row for row in await aggregate.rows(conn)}
        for id_ in sorted(folded.keys() | rows.keys()):
            if folded.get(id_) != rows.get(id_):
                found.append(f"{aggregate.type} {id_}: row {rows.get(id_)} but fold {folded.get(id_)}")
    return found + await reserved_is_open(conn)


async def _folded(conn: Connection, aggregate: Aggregate) -> dict[UUID, Any]:
    states: dict[UUID, Any] = {}
    async for recorded in events_of(conn, aggregate.type):
        for event in decode_events(recorded.type, recorded.payload):
            states[recorded.aggregate_id] = aggregate.evolve(states.get(recorded.aggregate_id), recorded, event)
    return states


async def events_of(conn: Connection, type_: str) -> AsyncIterator[Recorded]:
    """All events of one kind of aggregate, oldest first."""
    after = 0
    while page := await event_log.read_aggregates_after(conn, type_, after, 2000):
        for recorded in page:
            yield recorded
        after = page[-1].position


async def reserved_is_open(conn: Connection) -> list[str]:
    """Stock items whose count of reserved units is not what open reservations hold."""
    held = await inventory_store.open_reservations(conn)
    return [
        f"stock_item {item.id}: {item.reserved} reserved but {held.get(item.id, 0)} held by open reservations"
        for item in await inventory_store.all_items(conn)
        if item.reserved != held.get(item.id, 0)
    ]


async def broken_chains(conn: Connection) -> list[str]:
    """Events whose stored bytes don't give their hash, or that don't continue their aggregate's chain."""
    found = []
    heads: dict[tuple[str, UUID], bytes] = {}
    after = 0
    while page := await event_log.read_rows_after(conn, after, 2000):
        for row in page:
            aggregate = (row["aggregate_type"], row["aggregate_id"])
            if row["prev_hash"] != heads.get(aggregate, event_log.GENESIS):
                found.append(f"event {row['position']}: does not continue the chain of {aggregate}")
            if row["hash"] != hash_of(row):
                found.append(f"event {row['position']}: its bytes do not give its hash")
            heads[aggregate] = row["hash"]
        after = page[-1]["position"]
    return found


def hash_of(row: asyncpg.Record) -> bytes:
    """The hash of a row of the log, computed apart from the SQL function `event_hash` that wrote it."""
    microseconds = int(row["recorded_at"].timestamp()) * 1_000_000 + row["recorded_at"].microsecond
    header = "\n".join(
        str(row[name])
        for name in ("position", "shard", "partition_key", "aggregate_type", "aggregate_id", "aggregate_version",
                     "event_id", "type")
    )  # fmt: skip
    header_hash = sha256(f"{header}\n{microseconds}".encode()).digest()
    parts = (row["prev_hash"], header_hash, sha256(row["payload"]).digest(), sha256(row["metadata"]).digest())
    return sha256(b"".join(parts)).digest()
