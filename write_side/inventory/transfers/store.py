"""The SQL of transfers that take their time."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
from msgspec import structs

from shared.events.transfers import TransferEvent
from shared.shards import transfer_key
from write_side.database import Connection, among, insert, overwrite, replace
from write_side.event_log import NewEvent
from write_side.inventory.transfers.domain import Line, State, Transfer, evolve

_TRANSFER = """SELECT t.id, t.from_warehouse, t.to_warehouse, t.reference, t.expected_on, t.state,
                      (SELECT json_agg(l ORDER BY l.sku COLLATE "C") FROM transfer_line l WHERE l.transfer_id = t.id)
                          AS lines, t.version
               FROM transfer t"""
_lines = msgspec.json.Decoder(list[Line])


async def find(conn: Connection, transfer_id: UUID) -> Transfer | None:
    """One transfer."""
    row = await conn.fetchrow(f"{_TRANSFER} WHERE t.id = $1", transfer_id)
    return None if row is None else _transfer(row)


async def lock(conn: Connection, transfer_id: UUID) -> Transfer | None:
    """One transfer, held until the transaction ends: ahead of the stock, which nobody holds who wants it."""
    await conn.execute("SELECT FROM transfer WHERE id = $1 FOR UPDATE", transfer_id)
    # A statement of its own: it sees the lines that whoever held the row before has left.
    return await find(conn, transfer_id)


async def save(conn: Connection, transfer: Transfer | None, event: TransferEvent) -> tuple[Transfer, NewEvent]:
    """The rows of a locked transfer, or a new one, after an event, and the event to append."""
    now = evolve(transfer, event, transfer.version + 1 if transfer else 1)
    if transfer is None:
        await insert(conn, "transfer", _row(now))
    else:
        await conn.execute("UPDATE transfer SET state = $2, version = $3 WHERE id = $1", now.id, now.state, now.version)
    await _save_lines(conn, now)
    return now, NewEvent("transfer", now.id, now.version, transfer_key(now.id), event)


async def _save_lines(conn: Connection, now: Transfer) -> None:
    names = Line.__struct_fields__
    columns = ", ".join(names)
    changed = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
    types = ", ".join(f"${n}::{'text' if name == 'sku' else 'int'}[]" for n, name in enumerate(names, 2))
    await conn.execute(
        f"""INSERT INTO transfer_line (transfer_id, {columns}) SELECT $1, l.* FROM unnest({types}) AS l
            ON CONFLICT (transfer_id, sku) DO UPDATE SET {changed}""",  # noqa: S608  # names of ours
        now.id, *([getattr(line, name) for line in now.lines] for name in names),
    )  # fmt: skip


async def page(
    conn: Connection, state: State | None, warehouse: str | None, after: UUID | None, limit: int
) -> list[Transfer]:
    """Transfers, the newest first, behind one of them; `warehouse`: that they leave or go to."""
    in_state = "t.state = $1" if state else "$1::text IS NULL"  # plans are made before values are known
    query = f"""{_TRANSFER} WHERE {in_state} AND ($2::text IS NULL OR $2 IN (t.from_warehouse, t.to_warehouse))
                              AND ($3::uuid IS NULL OR t.id < $3)
                ORDER BY t.id DESC LIMIT $4"""
    return [_transfer(row) for row in await conn.fetch(query, state, warehouse, after, limit)]


async def all_transfers(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Transfer]:
    """Every transfer, or some, for the comparison with the log."""
    return [_transfer(row) for row in await conn.fetch(*among(_TRANSFER, ids, "t.id"))]


async def rewrite_transfer(conn: Connection, transfer: Transfer) -> None:
    """Make the rows say this; for a repair."""
    await overwrite(conn, "transfer", _row(transfer))
    lines = [structs.asdict(line) for line in transfer.lines]
    await replace(conn, "transfer_line", ("transfer_id", transfer.id), lines)


def _row(transfer: Transfer) -> dict[str, object]:
    return {name: value for name, value in structs.asdict(transfer).items() if name != "lines"}


def _transfer(row: asyncpg.Record) -> Transfer:
    return Transfer(
        row["id"], row["from_warehouse"], row["to_warehouse"], row["reference"], row["expected_on"], row["state"],
        _lines.decode(row["lines"] or "[]"), row["version"],
    )  # fmt: skip
