"""Goods that were sold and deducted and are not on their shelf: the books are put right, and others taken instead.

All in the transaction of the caller, which holds the order: first `write_off`, then `take_instead`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from shared.envelope import Metadata
from shared.events.inventory import StockAdjusted, StockCounted
from shared.events.orders import Allocation
from shared.settings import AllocationStrategy
from write_side.database import Connection
from write_side.event_log import Positions, together
from write_side.inventory import allocating, store
from write_side.inventory.domain import StockItem

Why = Literal["not_on_shelf", "damaged"]


async def write_off(
    conn: Connection, order_id: UUID, warehouse: str, missing: Mapping[str, int], back: Mapping[str, int],
    why: Why, cause: Metadata,
) -> Positions:  # fmt: skip
    """Back into the books come the goods that an order was to have, and out again by what was seen at the shelf.
    `back`: how many of what is missing are not in the books yet, by a refund."""
    # All shelves of these SKUs, in the order in which everybody locks them: others are taken from there below.
    items = {item.sku: item for item in await store.lock_all(conn, list(missing)) if item.warehouse == warehouse}
    put = [(item.id, back[sku]) for sku, item in items.items() if back.get(sku)]
    returned = await store.put_back(conn, order_id, put, why, cause) if put else {}
    after = await store.lock_all(conn, list(missing))
    here = [item for item in after if item.warehouse == warehouse]
    events = [(item, missed(item, missing[item.sku], why)) for item in here]
    written = await store.save_counts(conn, events, cause)
    return together(returned, written)


def missed(item: StockItem, quantity: int, why: Why) -> StockCounted | StockAdjusted:
    """What somebody at the shelf saw: none at all, so that what is promised to others is missing as well, or so many
    that can't be sold. Never below what is reserved: who is to go without is found out list by list."""
    if why == "damaged":
        left = max(item.on_hand - quantity, item.reserved)
        return StockAdjusted(item.sku, item.warehouse, left - item.on_hand, left, item.reserved, why)
    return StockCounted(item.sku, item.warehouse, item.reserved - item.on_hand, item.reserved, item.reserved, why)


async def take_instead(
    conn: Connection, order_id: UUID, missing: Mapping[str, int], strategy: AllocationStrategy, cause: Metadata,
    near: Sequence[str] = (),
) -> tuple[list[tuple[Allocation, UUID]], Positions]:  # fmt: skip
    """As many of these as are free anywhere, deducted for the order; the rows are locked. `near` as for `allocate`."""
    places = await store.find_items(conn, list(missing))
    free = {sku: sum(max(item.available, 0) for item in places if item.sku == sku) for sku in missing}
    wanted = {sku: min(quantity, free[sku]) for sku, quantity in missing.items() if free[sku] > 0}
    chosen = allocating.allocate(wanted, places, strategy, near)
    if not chosen:
        return [], {}
    taken = [(item_id, allocation.quantity) for allocation, item_id in chosen]
    reserved = await store.reserve(conn, order_id, taken, cause)
    assert not reserved.refusals, "free stock of locked rows"
    deducted = await store.deduct(conn, order_id, cause)
    return chosen, together(reserved.positions, deducted.positions)
