"""The ways in which an order doesn't go through."""

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from write_side.orders.closing import cancel_order, close_order
from write_side.orders.handlers import OrderState

WAYS = ("cancelled before it was paid", "cancelled after it was paid", "expired")


async def fall_through(shop: Shop, order: OrderState, how: str) -> None:
    """An order that waits for its payment ends in one of these ways."""
    if how == "cancelled after it was paid":
        await shop.pay(order)
        await shop.complete(order)
    if how == "expired":
        await close_order(shop.pool, order.id, "expired", CAUSE, now=order.expires_at)
        await shop.work()
    else:
        await cancel_order(shop.pool, shop.providers, order.id, CAUSE)
