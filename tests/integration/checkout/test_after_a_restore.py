"""The log is back at an earlier point: what the provider knows comes in again, and what reacts gets across the hole."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
from msgspec import structs

from doorbuster.disaster.reopening import POSITIONS_PER_EPOCH
from tests.fixtures.write_side import CAUSE, TEXTS
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import react
from write_side.notifications.gateway import MailServer
from write_side.notifications.handlers import send_due
from write_side.payments import Owed
from write_side.payments.reconciling import LostOrder, Reconciled, reconcile
from write_side.refunds.reconciling import reconcile_refunds


async def _reconcile(shop: Shop) -> Reconciled:
    return await reconcile(shop.pool, shop.providers, datetime.now(UTC) - timedelta(hours=1), CAUSE)


async def test_what_was_paid_after_the_restored_point_is_learnt_from_the_provider(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    paid, unpaid = await shop.order(lamp=1), await shop.order(lamp=1)
    assert await shop.pay(paid) == "requires_capture"  # and nobody tells us: no webhook, no client
    await _reconcile(shop)
    assert (await shop.now(paid)).state == "confirmed"
    assert (await shop.now(unpaid)).state == "pending_payment"
    await shop.work()
    assert (await shop.payment(paid)).state == "captured"
    assert (await _reconcile(shop)).learnt == 0, "what is known is no news"


async def test_money_of_an_order_that_is_lost_is_told(shop: Shop) -> None:
    payment_id, order_id = uuid4(), uuid4()
    async with shop.stripe() as client:
        made = await client.post(
            "/v1/payment_intents",
            headers={"Authorization": f"Bearer {shop.settings.stripe_api_key}"},
            data={
                "amount": "1999", "currency": "eur", "capture_method": "manual", "confirm": "true",
                "payment_method": "pm_card_visa", "return_url": "https://shop.example/back",
                "metadata[payment_id]": str(payment_id), "metadata[order_id]": str(order_id),
            },
        )  # fmt: skip
    intent = made.raise_for_status().json()
    lost = (await _reconcile(shop)).lost
    assert LostOrder(order_id, intent["id"], "requires_capture", 1999, "EUR") in lost


async def test_a_refund_that_is_lost_here_is_told_and_what_became_of_others_is_learnt(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    since = datetime.now(UTC) - timedelta(hours=1)
    await shop.refund(order, reason="goodwill", amount_minor=200)
    [kept] = await shop.refunds(order)
    lost = Owed(uuid4(), order.id, kept.intent_id, 100, "EUR")
    await shop.gateway.refunds.create(lost)
    await shop.gateway.refunds.create(structs.replace(lost, refund_id=kept.id, amount_minor=200))  # and no answer came
    found = await reconcile_refunds(shop.pool, shop.providers, since, CAUSE)
    assert [each.amount_minor for each in found.lost if each.order_id == order.id] == [100]
    assert [refund.state for refund in await shop.refunds(order)] == ["succeeded"]
    assert (await reconcile_refunds(shop.pool, shop.providers, since, CAUSE)).learnt == 0, "what is known is no news"


async def test_all_pages_of_the_provider_are_read(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {shop.settings.stripe_api_key}"}
    since = datetime.now(UTC)
    async with shop.stripe() as client:
        for n in range(101):
            ids = {"metadata[payment_id]": str(uuid4()), "metadata[order_id]": str(uuid4())}
            form = {"amount": f"{1000 + n}", "currency": "eur"} | ids
            (await client.post("/v1/payment_intents", headers=headers, data=form)).raise_for_status()
    found = await reconcile(shop.pool, shop.providers, since, CAUSE)
    assert found.looked_at >= 101


async def test_a_reaction_gets_across_the_hole_that_a_restore_leaves(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 5)
    conn = await asyncpg.connect(shop.settings.database_url)
    await conn.execute("SELECT setval('event_position', $1)", 2 * POSITIONS_PER_EPOCH)
    await conn.close()
    order = await shop.order(lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    for _ in range(3):
        await react(shop)
    assert await send_due(shop.pool, shop.keyring, server, TEXTS, shop.settings) == 1
    assert len(received.mails) == 1
