"""The SQL of what changes of an order once it is placed; its tables are those of `orders.store`."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.orders import (
    Allocation,
    GoodsDropped,
    OrderAddedTo,
    OrderCompleted,
    OrderReaddressed,
    OrderReallocated,
)
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, replace
from write_side.event_log import NewEvent, Positions
from write_side.orders.domain import Order
from write_side.orders.dropping import dropped_after, left_of


async def complete(
    conn: Connection, order: Order, cause: Metadata, *, nothing_went: bool = False
) -> Positions:
    """A locked order is done, and the event. `nothing_went`: without anything of it that is known to have arrived."""
    query = "UPDATE customer_order SET state = 'completed', version = version + 1 WHERE id = $1"
    await conn.execute(query, order.id)
    new = NewEvent("order", order.id, order.version + 1, order_key(order.id), OrderCompleted(order.id, nothing_went))
    return await event_log.append(conn, [new], cause)


async def readdress(conn: Connection, order: Order, address: str, cause: Metadata) -> Positions:
    """Where a locked order goes from now on (sealed), and the event."""
    query = "UPDATE customer_order SET address = $2, version = version + 1 WHERE id = $1"
    await conn.execute(query, order.id, address)
    event = OrderReaddressed(order.id, order.person_id, address)
    new = NewEvent("order", order.id, order.version + 1, order_key(order.id), event)
    return await event_log.append(conn, [new], cause)


async def add_to(conn: Connection, order: Order, addition: Order, cause: Metadata) -> Positions:
    """An order that was just placed adds to a locked one, and the event."""
    query = "UPDATE customer_order SET additions = additions || $2::uuid, version = version + 1 WHERE id = $1"
    await conn.execute(query, order.id, addition.id)
    event = OrderAddedTo(order.id, addition.id, addition.number)
    new = NewEvent("order", order.id, order.version + 1, order_key(order.id), event)
    return await event_log.append(conn, [new], cause)


async def additions_among(conn: Connection, order_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these orders that were added to another one."""
    query = "SELECT id FROM customer_order WHERE id = ANY($1) AND adds_to IS NOT NULL"
    return {row["id"] for row in await conn.fetch(query, list(order_ids))}


async def added_to(conn: Connection, order_ids: Collection[UUID]) -> list[tuple[UUID, list[UUID]]]:
    """The first orders among these, or of what was added among these, each with all that was added to it; those to
    which nothing was are left out."""
    query = """SELECT DISTINCT f.id, f.additions
               FROM customer_order o JOIN customer_order f ON f.id = coalesce(o.adds_to, o.id)
               WHERE o.id = ANY($1) AND f.additions <> '{}'"""
    return [(row["id"], row["additions"]) for row in await conn.fetch(query, list(order_ids))]


async def drop(
    conn: Connection, order: Order, event: GoodsDropped, items: Mapping[tuple[str, str], UUID], cause: Metadata
) -> Positions:
    """So much of a locked order is not sent any more, and the event. `items`: (SKU, warehouse) → its stock item."""
    query = "UPDATE customer_order SET dropped = $2, version = version + 1 WHERE id = $1"
    await conn.execute(query, order.id, as_json(dropped_after(order.dropped, event)).decode())
    if event.restocked:
        left = left_of(order.allocations, event)
        await _take_from(conn, order.id, [(place, items[place.sku, place.warehouse]) for place in left])
    new = NewEvent("order", order.id, order.version + 1, order_key(order.id), event)
    return await event_log.append(conn, [new], cause)


async def reallocate(
    conn: Connection, order: Order, taken: Sequence[tuple[Allocation, UUID]], cause: Metadata
) -> Positions:
    """From where a locked order's goods come from now on, each with its stock item, and the event."""
    await conn.execute("UPDATE customer_order SET version = version + 1 WHERE id = $1", order.id)
    await _take_from(conn, order.id, taken)
    event = OrderReallocated(order.id, [place for place, _ in taken])
    new = NewEvent("order", order.id, order.version + 1, order_key(order.id), event)
    return await event_log.append(conn, [new], cause)


async def _take_from(conn: Connection, order_id: UUID, taken: Sequence[tuple[Allocation, UUID]]) -> None:
    rows = [{"n": n, "item_id": id_} | structs.asdict(place) for n, (place, id_) in enumerate(taken, 1)]
    await replace(conn, "order_allocation", ("order_id", order_id), rows)
