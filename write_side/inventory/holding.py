"""Stock that is held, in the transaction of who decides so: for a reservation, or for an order still to be placed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.envelope import Metadata
from shared.events.orders import Allocation
from shared.settings import AllocationStrategy
from write_side.database import Connection
from write_side.event_log import Positions
from write_side.inventory import allocating, store


async def hold(
    conn: Connection, reservation_id: UUID, wanted: Mapping[str, int], strategy: AllocationStrategy, cause: Metadata, *,
    for_order: bool = False, near: Sequence[str] = (),
) -> tuple[list[Allocation], Positions]:  # fmt: skip
    """Hold all of it, under this id; `for_order`: the one that an order will have. Refuses `out_of_stock`,
    `unknown_stock`."""
    chosen = allocating.allocate(wanted, await store.find_items(conn, list(wanted)), strategy, near)
    taken = [(item_id, allocation.quantity) for allocation, item_id in chosen]
    moved = await store.reserve(conn, reservation_id, taken, cause, for_order=for_order)
    if moved.refusals:
        raise allocating.out_of_stock(moved.refusals)
    return [allocation for allocation, _ in chosen], moved.positions


async def let_go(conn: Connection, order_id: UUID, reason: str, cause: Metadata) -> Positions:
    """Free what is held for an order that will not be placed."""
    return (await store.release(conn, order_id, reason, cause)).positions
