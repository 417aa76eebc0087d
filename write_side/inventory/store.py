"""The SQL of stock items and reservations, with the functions in schema/functions/inventory.sql."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.inventory import StockItemEvent, StockItemOpened
from shared.events.orders import Allocation
from shared.ids import uuid7
from shared.shards import product_key
from write_side import event_log
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent, Positions
from write_side.inventory.domain import Held, MoveStock, OpenStockItem, StockItem, evolve_item

_positions = msgspec.json.Decoder(dict[int, int])
_reservations = msgspec.json.Decoder(dict[UUID, int])
_lines = msgspec.json.Decoder(list[dict[str, int | str]])


class Move(NamedTuple):
    """What a call to the stock functions did: the refused lines, or the figures of each item and the positions."""

    refusals: list[dict[str, int | str]]
    items: list[dict[str, int | str]]
    positions: Positions


async def find_items(conn: Connection, skus: Sequence[str]) -> list[StockItem]:
    """Where SKUs are kept, in the order in which warehouses ship."""
    rows = await conn.fetch("SELECT * FROM inventory_items($1)", skus)
    return [msgspec.convert(dict(row), StockItem) for row in rows]


async def find_item(conn: Connection, sku: str, warehouse: str) -> StockItem | None:
    """One SKU in one warehouse."""
    return next((item for item in await find_items(conn, [sku]) if item.warehouse == warehouse), None)


async def lock_items(conn: Connection, sku: str, warehouses: Sequence[str]) -> dict[str, StockItem]:
    """Warehouse → its item of a SKU, the rows locked in the order of their ids, like everybody locks them."""
    rows = await conn.fetch(
        "SELECT * FROM stock_item WHERE sku = $1 AND warehouse = ANY ($2) ORDER BY id FOR UPDATE", sku, warehouses
    )
    items = [msgspec.convert(dict(row), StockItem) for row in rows]
    return {item.warehouse: item for item in items}


async def find_places(
    conn: Connection, places: Sequence[tuple[str, str]], *, lock: bool
) -> dict[tuple[str, str], StockItem]:
    """(SKU, warehouse) → the stock item, of these places; the rows locked in the order of their ids, if so told."""
    query = """SELECT s.* FROM unnest($1::text[], $2::text[]) AS p(sku, warehouse)
               JOIN stock_item s ON s.sku = p.sku AND s.warehouse = p.warehouse ORDER BY s.id"""
    query += " FOR UPDATE OF s" if lock else ""
    rows = await conn.fetch(query, [sku for sku, _ in places], [warehouse for _, warehouse in places])
    return {(row["sku"], row["warehouse"]): msgspec.convert(dict(row), StockItem) for row in rows}


async def items_after(conn: Connection, sku: str, warehouse: str, limit: int) -> list[StockItem]:
    """The stock items behind this one, by SKU and warehouse."""
    rows = await conn.fetch(
        """SELECT * FROM stock_item WHERE (sku, warehouse) > ($1, $2) ORDER BY sku, warehouse LIMIT $3""",
        sku, warehouse, limit,
    )  # fmt: skip
    return [msgspec.convert(dict(row), StockItem) for row in rows]


async def lock_all(conn: Connection, skus: Sequence[str]) -> list[StockItem]:
    """The items of these SKUs in every warehouse, locked likewise."""
    rows = await conn.fetch("SELECT * FROM stock_item WHERE sku = ANY ($1) ORDER BY id FOR UPDATE", skus)
    return [msgspec.convert(dict(row), StockItem) for row in rows]


async def save_counts(
    conn: Connection,
    changed: Sequence[tuple[StockItem, StockItemEvent]],
    cause: Metadata,
    opened: Sequence[NewEvent] = (),
) -> Positions:
    """Locked items as these events leave them, and the events; items as they stand in their rows; of several events of
    one item each says what it is after those before. Events of items that were `opened` in the same transaction are
    appended with them."""
    after: dict[UUID, StockItem] = {}
    new: list[NewEvent] = []
    for item, event in changed:
        before = after.get(item.id, item)
        now = after[item.id] = evolve_item(before, item.id, before.version + 1, event)
        new.append(NewEvent("stock_item", item.id, now.version, product_key(item.product_id), event))
    await conn.execute(
        """UPDATE stock_item s SET on_hand = c.on_hand, low_at = c.low_at, version = c.version
           FROM unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[]) AS c(id, on_hand, low_at, version)
           WHERE s.id = c.id""",
        list(after), [now.on_hand for now in after.values()], [now.low_at for now in after.values()],
        [now.version for now in after.values()],
    )  # fmt: skip
    return await event_log.append(conn, [*opened, *new], cause)


async def insert_items(conn: Connection, items: Sequence[OpenStockItem]) -> list[NewEvent]:
    """Rows of new stock items, as one statement; answers the events to append. One kept already is left alone."""
    ids = [uuid7() for _ in items]
    rows = await conn.fetch(
        """INSERT INTO stock_item (id, sku, warehouse, product_id, on_hand, reserved, low_at, version)
           SELECT id, sku, warehouse, product_id, on_hand, 0, low_at, 1
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::int[], $6::int[])
                AS t(id, sku, warehouse, product_id, on_hand, low_at)
           ON CONFLICT DO NOTHING RETURNING id""",
        ids, [i.sku for i in items], [i.warehouse for i in items], [i.product_id for i in items],
        [i.on_hand for i in items], [i.low_at for i in items],
    )  # fmt: skip
    opened = {row["id"] for row in rows}
    return [
        NewEvent("stock_item", id_, 1, product_key(item.product_id), opening(item))
        for id_, item in zip(ids, items, strict=True)
        if id_ in opened
    ]


def opening(item: OpenStockItem) -> StockItemOpened:
    """The event that opens a stock item."""
    return StockItemOpened(
        item.sku, item.warehouse, item.product_id, item.on_hand, reserved=0, low_at=item.low_at, reason=item.reason
    )


async def open_items(conn: Connection, items: Sequence[OpenStockItem], cause: Metadata) -> Positions:
    """New stock items with their events, in the caller's transaction (one that appends nothing afterwards)."""
    return await event_log.append(conn, await insert_items(conn, items), cause)


async def move(conn: Connection, item: StockItem, type_: str, command: MoveStock, cause: Metadata) -> Move:
    """Change one count and append its event, as one call."""
    facts = {"reason": command.reason} | (
        {"quantity": command.change} if type_ == "inventory.stock_received.v1" else {"change": command.change}
    )
    row = await conn.fetchrow(
        "SELECT refusals, items, positions FROM inventory_move_now($1, $2, $3, $4, $5)",
        [item.id], [command.change], type_, [as_json(facts).decode()], as_json(cause),
    )  # fmt: skip
    return _move_of(row)


async def put_back(
    conn: Connection, order_id: UUID, back: Sequence[tuple[UUID, int]], reason: str, cause: Metadata
) -> Positions:
    """Put (item, quantity) pairs of an order back after their deduction, and append the events, as one call."""
    facts = [as_json({"reservation_id": order_id, "quantity": n, "reason": reason}).decode() for _, n in back]
    row = await conn.fetchrow(
        "SELECT refusals, items, positions FROM inventory_move_now($1, $2, $3, $4, $5)",
        [item for item, _ in back], [n for _, n in back], "inventory.stock_returned.v1", facts, as_json(cause),
    )  # fmt: skip
    return _move_of(row).positions


async def reserve(
    conn: Connection, reservation_id: UUID, taken: Sequence[tuple[UUID, int]], cause: Metadata, *,
    for_order: bool = False,
) -> Move:  # fmt: skip
    """Reserve (item, quantity) pairs whole or not at all, and append the events, as one call. `for_order`: nobody but
    the order of this id is to let go of it."""
    row = await conn.fetchrow(
        "SELECT refusals, items, positions FROM inventory_reserve_now($1, $2, $3, $4, $5)",
        reservation_id, [item for item, _ in taken], [quantity for _, quantity in taken], for_order, as_json(cause),
    )  # fmt: skip
    return _move_of(row)


async def release(conn: Connection, reservation_id: UUID, reason: str, cause: Metadata) -> Move:
    """Free what a reservation holds and append the events, as one call."""
    row = await conn.fetchrow(
        "SELECT refusals, items, positions FROM inventory_release_now($1, $2, $3)",
        reservation_id, reason, as_json(cause),
    )  # fmt: skip
    return _move_of(row)


async def deduct(conn: Connection, reservation_id: UUID, cause: Metadata) -> Move:
    """Take what a reservation holds out of the stock and append the events, as one call."""
    query = "SELECT refusals, items, positions FROM inventory_deduct_now($1, $2)"
    return _move_of(await conn.fetchrow(query, reservation_id, as_json(cause)))


def _move_of(row: asyncpg.Record | None) -> Move:
    assert row is not None, "a function with OUT parameters answers one row"
    return Move(
        _lines.decode(row["refusals"]),
        _lines.decode(row["items"]),
        _positions.decode(row["positions"]),
    )


async def held(conn: Connection, reservation_id: UUID) -> list[Allocation]:
    """What a reservation holds, and where."""
    rows = await conn.fetch(
        """SELECT i.sku, i.warehouse, r.quantity FROM reservation r JOIN stock_item i ON i.id = r.item_id
           WHERE r.id = $1 ORDER BY i.sku, i.warehouse""",
        reservation_id,
    )
    return [Allocation(**row) for row in rows]


async def is_held_by_order(conn: Connection, reservation_id: UUID) -> bool:
    """Whether a reservation is an order's: then only the order lets go of it."""
    query = "SELECT EXISTS (SELECT FROM reservation WHERE id = $1 AND for_order)"
    return bool(await conn.fetchval(query, reservation_id))


async def all_items(conn: Connection, ids: Sequence[UUID] | None = None) -> list[StockItem]:
    """Every stock item's row, or those of some, for the comparison with the log."""
    query = "SELECT id, sku, warehouse, product_id, on_hand, reserved, low_at, version FROM stock_item"
    rows = await conn.fetch(*among(query, ids))
    return [msgspec.convert(dict(row), StockItem) for row in rows]


async def all_held(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Held]:
    """What is held of every stock item, or of some, for the comparison with the log."""
    query = """SELECT i.id, coalesce(json_object_agg(r.id, r.quantity) FILTER (WHERE r.id IS NOT NULL), '{}') AS held
               FROM stock_item i LEFT JOIN reservation r ON r.item_id = i.id"""
    rows = await conn.fetch(*among(query, ids, "i.id", " GROUP BY i.id"))
    return [Held(row["id"], _reservations.decode(row["held"])) for row in rows]


async def marked_reservations(
    conn: Connection, ids: Sequence[UUID] | None = None
) -> list[tuple[UUID, UUID, bool]]:
    """(stock item, reservation, whether only its order lets go of it) of all that is open, or of some items."""
    rows = await conn.fetch(*among("SELECT item_id, id, for_order FROM reservation", ids, "item_id"))
    return [tuple(row) for row in rows]


async def item_ids(conn: Connection, skus: Sequence[str]) -> dict[tuple[str, str], UUID]:
    """(SKU, warehouse) → the stock item."""
    rows = await conn.fetch("SELECT sku, warehouse, id FROM stock_item WHERE sku = ANY ($1)", skus)
    return {(row["sku"], row["warehouse"]): row["id"] for row in rows}


async def open_reservations(conn: Connection, ids: Sequence[UUID] | None = None) -> dict[UUID, int]:
    """Stock item → how many its open reservations hold: must equal its `reserved`."""
    query = "SELECT item_id, sum(quantity)::int AS held FROM reservation"
    rows = await conn.fetch(*among(query, ids, "item_id", " GROUP BY item_id"))
    return {row["item_id"]: row["held"] for row in rows}


async def rewrite_item(conn: Connection, item: StockItem, held: Held, orders: Collection[UUID]) -> None:
    """Make the rows say this, for a repair; `orders` are those reservations that are an order's."""
    await overwrite(conn, "stock_item", msgspec.structs.asdict(item))
    rows = [{"id": id_, "quantity": n, "for_order": id_ in orders} for id_, n in held.reservations.items()]
    await replace(conn, "reservation", ("item_id", item.id), rows)


async def hold_available(conn: Connection, sku: str) -> int:
    """What can be sold of a SKU, over all warehouses. Held until the transaction ends: what comes in meanwhile stands
    in the log behind whatever this transaction wrote."""
    rows = await conn.fetch("SELECT on_hand - reserved AS n FROM stock_item WHERE sku = $1 ORDER BY id FOR SHARE", sku)
    return sum(row["n"] for row in rows)


async def available_of(conn: Connection, skus: Sequence[str]) -> dict[str, int]:
    """What can be sold now of those SKUs that have stock items."""
    query = "SELECT sku, sum(on_hand - reserved) AS n FROM stock_item WHERE sku = ANY ($1) GROUP BY sku"
    return {row["sku"]: int(row["n"]) for row in await conn.fetch(query, skus)}
