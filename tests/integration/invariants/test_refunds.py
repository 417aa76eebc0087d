"""Refunds against the provider's own books: red for each way in which they can differ."""

from doorbuster.invariants import captures, refunds
from doorbuster.invariants.captures import Provider
from tests.integration.checkout.shop import Shop
from write_side.database import Connection


async def test_refunds_of_every_kind_agree_with_the_provider(
    shop: Shop, provider: Provider, auditor: Connection
) -> None:
    await shop.stock("lamp", 9)
    for card in ("pm_card_visa", "pm_card_pendingRefund", "pm_card_refundFail"):
        order = await shop.captured(card, lamp=2)
        await shop.refund(order, lines=[{"sku": "lamp", "quantity": 1}])
        await shop.refund_work()
    assert await refunds.differences(auditor, provider) == []
    [refund] = await shop.refunds(order)
    await shop.settle_refund(refund.provider_id, "fail")
    [found] = await refunds.differences(auditor, provider)
    assert "the provider None" in found
    for webhook in await shop.webhooks(order, refund.provider_id):
        await shop.receive(webhook)
    assert await refunds.differences(auditor, provider) == []
    await shop.refund(order, amount_minor=100)
    [waiting] = await captures.unsettled(auditor, 0)
    assert waiting.startswith("refund ")


async def test_money_that_went_back_past_the_shop_is_found(
    shop: Shop, provider: Provider, auditor: Connection
) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    intent_id = (await shop.payment(order)).intent_id
    async with shop.stripe() as client:
        form = {"payment_intent": intent_id, "amount": "5"}
        await client.post("/v1/refunds", data=form, auth=(provider.key, ""))
    [found] = await refunds.differences(auditor, provider)
    assert "for no refund of ours" in found


async def test_more_back_than_was_paid_is_found(shop: Shop, provider: Provider, auditor: Connection) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await shop.refund(order)
    await shop.refund_work()
    async with auditor.transaction():
        await auditor.execute("UPDATE refund SET amount_minor = amount_minor + 1")
        found = await refunds.differences(auditor, provider)
        assert len(found) == 2
        assert "went back" in found[1]
        await auditor.execute("UPDATE refund SET amount_minor = amount_minor - 1")
