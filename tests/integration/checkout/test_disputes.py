"""Disputes: what a buyer's bank says of a payment is taken down, told to staff, and weighs when they order again."""

import asyncio
from datetime import UTC, datetime

from prometheus_client import REGISTRY

from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_fraud import guarded, order_of
from write_side.fraud import handlers
from write_side.fraud.handlers import CheckState
from write_side.orders.handlers import OrderState
from write_side.payments.domain import Payment

__all__ = ["guarded"]


async def dispute(shop: Shop, order: OrderState, reason: str = "fraudulent") -> str:
    """The bank wants the money back; answers the dispute's id. Nobody has told the shop yet."""
    payment: Payment = await shop.payment(order)
    async with shop.stripe() as client:
        answer = await client.post("/simulator/disputes", json={"payment_intent": payment.intent_id, "reason": reason})
    return str(answer.json()["id"])


async def close(shop: Shop, dispute_id: str, outcome: str) -> None:
    async with shop.stripe() as client:
        await client.post(f"/simulator/disputes/{dispute_id}/close", json={"outcome": outcome})


async def tell(shop: Shop, order: OrderState, dispute_id: str) -> list[tuple[bytes, str]]:
    """All webhooks about a dispute are brought; answers them."""
    webhooks = await shop.webhooks(order, about=dispute_id)
    for webhook in webhooks:
        await shop.receive(webhook)
    return webhooks


async def paid(shop: Shop, mail: str) -> OrderState:
    order = await order_of(shop, mail)
    assert await shop.pay(order) == "requires_capture"
    await shop.complete(order)
    await shop.work()
    return order


async def check(shop: Shop, order: OrderState) -> CheckState:
    return await handlers.find_check(shop.pool, order.id)


async def test_a_dispute_is_taken_down_once_however_often_it_is_told(guarded: Shop) -> None:
    order = await paid(guarded, "eve@example.org")
    webhooks = await tell(guarded, order, await dispute(guarded, order, "product_not_received"))
    assert len(webhooks) == 2, "opened, and the money is gone"
    await asyncio.gather(*(guarded.receive(webhook) for webhook in webhooks * 2))
    told = await check(guarded, order)
    assert (told.dispute_status, told.dispute_reason) == ("needs_response", "product_not_received")
    assert (await guarded.history(order)).count("payment_disputed") == 1


async def test_who_disputed_an_order_has_the_next_one_stopped_until_the_shop_has_won(guarded: Shop) -> None:
    order = await paid(guarded, "eve@example.org")
    dispute_id = await dispute(guarded, order)
    await tell(guarded, order, dispute_id)
    stopped = await check(guarded, await paid(guarded, "eve@example.org"))
    assert stopped.attempts[-1].verdict == "refuse", "a card from abroad again on one day comes on top"
    assert {reason.rule: reason.points for reason in stopped.attempts[-1].reasons}["disputes"] == 50
    await close(guarded, dispute_id, "won")
    await tell(guarded, order, dispute_id)
    again = await check(guarded, await paid(guarded, "eve@example.org"))
    assert "disputes" not in {reason.rule for reason in again.attempts[-1].reasons}


async def test_what_is_told_late_does_not_reopen_a_dispute(guarded: Shop) -> None:
    order = await paid(guarded, "eve@example.org")
    dispute_id = await dispute(guarded, order)
    late = await guarded.webhooks(order, about=dispute_id)
    await close(guarded, dispute_id, "lost")
    for webhook in [one for one in await guarded.webhooks(order, about=dispute_id) if one not in late] + late:
        await guarded.receive(webhook)
    assert (await check(guarded, order)).dispute_status == "lost"


async def test_a_shop_without_fraud_checks_takes_disputes_down_too(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    await tell(shop, order, await dispute(shop, order))
    told = await check(shop, order)
    assert (told.attempts, told.review, told.dispute_status) == ([], "none", "needs_response")


async def test_staff_see_how_many_disputes_wait_for_an_answer(guarded: Shop) -> None:
    order = await paid(guarded, "eve@example.org")
    dispute_id = await dispute(guarded, order)
    await tell(guarded, order, dispute_id)
    assert await waiting(guarded) == 1
    await close(guarded, dispute_id, "lost")
    await tell(guarded, order, dispute_id)
    assert await waiting(guarded) == 0


async def test_a_second_dispute_of_a_payment_hides_nothing_of_the_first(guarded: Shop) -> None:
    order = await paid(guarded, "eve@example.org")
    await tell(guarded, order, await dispute(guarded, order))
    await say(guarded, order, "du_2", "needs_response")
    assert await waiting(guarded) == 2
    await say(guarded, order, "du_2", "won")
    assert await waiting(guarded) == 1, "the first one still wants an answer"
    assert [each.status for each in (await check(guarded, order)).disputes] == ["needs_response", "won"]
    next_one = await check(guarded, await paid(guarded, "eve@example.org"))
    assert "disputes" in {reason.rule for reason in next_one.attempts[-1].reasons}


async def say(shop: Shop, order: OrderState, dispute_id: str, status: str) -> None:
    """A webhook about another dispute of this order's payment, which the simulator opens but one of."""
    payment = await shop.payment(order)
    said = {"object": "dispute", "id": dispute_id, "status": status, "reason": "general", "amount": 100,
            "currency": "eur", "payment_intent": payment.intent_id}  # fmt: skip
    event = {"id": f"evt_{dispute_id}_{status}", "type": "charge.dispute.updated", "data": {"object": said}}
    await shop.receive(shop.signed(event))


async def waiting(shop: Shop) -> float | None:
    await handlers.let_go_overdue(shop.pool, datetime.now(UTC))
    return REGISTRY.get_sample_value("doorbuster_waiting", {"what": "disputes"})


async def test_a_dispute_about_a_payment_that_is_not_ours_is_a_success_and_changes_nothing(shop: Shop) -> None:
    other = {"object": "dispute", "id": "du_9", "status": "needs_response", "reason": "general", "amount": 100,
             "currency": "eur", "payment_intent": "pi_of_somebody_else"}  # fmt: skip
    await shop.receive(shop.signed({"id": "evt_9", "type": "charge.dispute.created", "data": {"object": other}}))
    async with shop.pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM fraud_dispute WHERE id = 'du_9'") == 0
