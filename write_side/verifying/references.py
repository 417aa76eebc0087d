"""What rows say of one another and no event spells out: it follows from other rows, and is held against them.

Part of the wiring, like `aggregates`: it looks into two contexts at once.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from write_side.database import Connection
from write_side.inventory import store as inventory
from write_side.orders import store as orders
from write_side.returns import store as returns
from write_side.verifying.differences import Difference

Check = Callable[[Connection, Sequence[UUID] | None], Awaitable[list[Difference]]]


async def reservations_of_orders(conn: Connection, ids: Sequence[UUID] | None) -> list[Difference]:
    """What is reserved for an order, or one that is to be sent in exchange, and nothing else, is marked so: nobody but
    the order may let go of it."""
    marked = await inventory.marked_reservations(conn, ids)
    known = await held_by_orders(conn, list({id_ for _, id_, _ in marked}))
    return [
        Difference(
            "reservation", f"stock_item {item_id}", f"reservation {id_} for_order", str(id_ in known).lower(),
            str(for_order).lower(), ("stock_item", item_id),
        )
        for item_id, id_, for_order in marked
        if for_order != (id_ in known)
    ]  # fmt: skip


async def held_by_orders(conn: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these reservations are an order's, or one's that is to be."""
    return await orders.known(conn, ids) | await returns.holding(conn, ids)


async def allocated_items(conn: Connection, ids: Sequence[UUID] | None) -> list[Difference]:
    """An order's stock comes from, and goes back to, the item of its SKU and warehouse."""
    allocated = await orders.allocated_items(conn, ids)
    items = await inventory.item_ids(conn, list({sku for _, _, sku, _, _ in allocated}))
    return [
        Difference(
            "row", f"order {order_id}", f"allocations.{n}.item_id", str(items.get((sku, warehouse))), str(item_id),
            ("order", order_id),
        )
        for order_id, n, sku, warehouse, item_id in allocated
        if (sku, warehouse) in items and items[sku, warehouse] != item_id
    ]  # fmt: skip


CHECKS: dict[str, Check] = {"stock_item": reservations_of_orders, "order": allocated_items}
