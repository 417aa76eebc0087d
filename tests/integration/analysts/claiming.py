"""Gift cards that are spent, given back, blocked and over, and a bank that wants money back."""

from datetime import UTC, datetime, timedelta

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.falling_through import fall_through
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_disputes import close, dispute, tell
from write_side.fraud import disputed
from write_side.fraud.domain import Dispute
from write_side.gift_cards import handlers as gift_cards
from write_side.orders.handlers import OrderState


async def refused_by_the_bank(shop: Shop, order: OrderState) -> None:
    """All of it is refunded, and what did not go to gift cards comes back."""
    await shop.refund(order)
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    await shop.refund_settled(order, refund.provider_id, "fail")


async def claimed(shop: Shop) -> None:
    """Five gift cards, two of them spent, and three disputes, one of them lost, one in another currency."""
    await shop.stock("mug", 9, price=500)
    spent, back, blocked = [await shop.gift_card(amount) for amount in (5000, 300, 700)]
    await shop.gift_card(10_000, expires_at=datetime.now(UTC) + timedelta(days=900))
    await shop.gift_card(1900, expires_at=datetime.now(UTC) + timedelta(seconds=1))  # over before anybody asks
    for card in (spent, back):
        basket = await shop.basket(mug=1)
        order = await shop.place(basket, (await shop.quote(basket, gifts=[card.code])).id)
        if card is back:
            await fall_through(shop, order, "expired")
    await shop.work()
    await gift_cards.block_gift_card(shop.pool, blocked.gift_card.id, CAUSE)
    for outcome in ("lost", None):
        order = await shop.captured(mug=1)
        wanted = await dispute(shop, order)
        await tell(shop, order, wanted)
        if outcome:
            await close(shop, wanted, outcome)
            await tell(shop, order, wanted)
    abroad = Dispute("du_abroad", "needs_response", "fraudulent", 2950, "CHF")
    async with shop.pool.acquire() as conn, conn.transaction():
        await disputed(conn, (await shop.payment(order)).id, order.id, abroad, CAUSE)
