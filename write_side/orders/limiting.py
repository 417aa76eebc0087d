"""Purchase limits where they are asked for one customer: at a quote, and of exchanges. Placing asks for many at once
(placing.py, and `orders_admit_limits`)."""

from collections.abc import Mapping
from uuid import UUID

from write_side import inventory
from write_side.database import Connection
from write_side.orders.calls import store as calls


async def check_limits(
    conn: Connection, customer: UUID, wanted: Mapping[str, int], spared: Mapping[str, int], *, held: bool = False,
    ordered: Mapping[str, int] | None = None,
) -> None:  # fmt: skip
    """Whether a customer (the person whom limits count) may have so many beside what they have (SKU → how many). Of
    which no more is wanted than is `spared` is no purchase: as many of it come back, or they have been counted before.

    `ordered`: what stands in the order that it adds to. `held`: until the transaction ends nobody else decides about
    them, neither who places an order. Refuses `purchase_limit`.
    """
    more = {sku: quantity for sku, quantity in wanted.items() if quantity > spared.get(sku, 0)}
    limits = await inventory.find_limits(conn, list(more)) if more else []
    if not limits:
        return
    if held:
        await calls.hold_limits(conn, customer)
    bought = await calls.bought_by(conn, customer, limits)  # a statement of its own: it sees who held them before
    inventory.check_limits(more, limits, {sku: n - spared.get(sku, 0) for sku, n in bought.items()}, ordered)
