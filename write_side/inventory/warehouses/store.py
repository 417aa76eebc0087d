"""The SQL of warehouses."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.inventory import ServedPlace, WarehouseEvent, WarehouseManagerNamed, WarehouseOpened
from shared.shards import warehouse_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.inventory.warehouses.domain import Warehouse, evolve_warehouse

_serves = msgspec.json.Decoder(list[ServedPlace])
_WAREHOUSE = "id, code, name, country, priority, version, manager_mail, latitude, longitude, serves"


async def find(conn: Connection, code: str) -> Warehouse | None:
    """The warehouse of a code."""
    row = await conn.fetchrow(f"SELECT {_WAREHOUSE} FROM warehouse WHERE code = $1", code)  # noqa: S608
    return None if row is None else _warehouse(row)


async def lock(conn: Connection, code: str) -> Warehouse | None:
    """The warehouse of a code, its row locked; orders that ship from there don't wait for it."""
    query = f"SELECT {_WAREHOUSE} FROM warehouse WHERE code = $1 FOR NO KEY UPDATE"  # noqa: S608
    row = await conn.fetchrow(query, code)
    return None if row is None else _warehouse(row)


async def all_warehouses(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Warehouse]:
    """Every warehouse's row, or those of some, in the order in which they ship."""
    query = f"SELECT {_WAREHOUSE} FROM warehouse"  # noqa: S608
    rows = await conn.fetch(*among(query, ids, then=" ORDER BY priority, code"))
    return [_warehouse(row) for row in rows]


async def insert(conn: Connection, event: WarehouseOpened, cause: Metadata) -> Positions:
    """A new warehouse's row and event."""
    await conn.execute(
        "INSERT INTO warehouse (id, code, name, country, priority, version) VALUES ($1, $2, $3, $4, $5, 1)",
        event.warehouse_id, event.code, event.name, event.country, event.priority,
    )  # fmt: skip
    new = NewEvent("warehouse", event.warehouse_id, 1, warehouse_key(event.warehouse_id), event)
    return await event_log.append(conn, [new], cause)


async def save(
    conn: Connection, warehouse: Warehouse, event: WarehouseEvent, cause: Metadata
) -> tuple[Warehouse, Positions]:
    """A locked warehouse's row after an event, and the event."""
    now = evolve_warehouse(warehouse, event, warehouse.version + 1)
    await conn.execute(
        """UPDATE warehouse SET manager_mail = $2, latitude = $3, longitude = $4, serves = $5, version = $6, name = $7,
                  priority = $8
           WHERE id = $1""",
        now.id, now.manager_mail, now.latitude, now.longitude, as_json(now.serves).decode(), now.version, now.name,
        now.priority,
    )  # fmt: skip
    if isinstance(event, WarehouseManagerNamed) and event.mail is None:  # what was to be told before is told to nobody
        await conn.execute("UPDATE low_stock SET next_attempt_at = NULL WHERE warehouse = $1", now.code)
    new = NewEvent("warehouse", now.id, now.version, warehouse_key(now.id), event)
    return now, await event_log.append(conn, [new], cause)


async def rewrite(conn: Connection, warehouse: Warehouse) -> None:
    """Make the row say this; for a repair."""
    serves = as_json(warehouse.serves).decode()
    await overwrite(conn, "warehouse", msgspec.structs.asdict(warehouse) | {"serves": serves})


def _warehouse(row: asyncpg.Record) -> Warehouse:
    return msgspec.convert(dict(row) | {"serves": _serves.decode(row["serves"])}, Warehouse)
