"""Money on its way back."""

from typing import Any

import pytest
import stripe

from .conftest import Client, Create, Process


async def captured(client: Client, create: Create, **params: Any) -> Any:
    intent = await create(payment_method="pm_card_visa", confirm=True, **params)
    return await client.v1.payment_intents.capture_async(intent.id)


async def test_a_payment_is_refunded_in_parts_and_never_beyond(client: Client, create: Create) -> None:
    intent = await captured(client, create)
    refund = client.v1.refunds.create_async
    part = await refund({"payment_intent": intent.id, "amount": 500, "reason": "requested_by_customer"})
    assert (part.status, part.amount, part.currency) == ("succeeded", 500, "eur")
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        await refund({"payment_intent": intent.id, "amount": 1501})
    charge_id = str(intent.latest_charge)
    assert (await refund({"charge": charge_id})).amount == 1500
    charge: Any = await client.v1.charges.retrieve_async(charge_id, {"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded, len(charge.refunds.data)) == (True, 2000, 2)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await refund({"payment_intent": intent.id})
    assert refusal.value.code == "charge_already_refunded"
    assert (await client.v1.refunds.retrieve_async(part.id)).id == part.id
    assert len((await client.v1.refunds.list_async({"payment_intent": intent.id})).data) == 2


async def test_nothing_to_refund(client: Client, create: Create) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge"):
        await client.v1.refunds.create_async({})
    held = await create(payment_method="pm_card_visa", confirm=True)
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        await client.v1.refunds.create_async({"payment_intent": held.id})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await client.v1.refunds.create_async({"payment_intent": "pi_nothing"})
    assert refusal.value.code == "resource_missing"


async def test_a_chargeback_blocks_refunds_until_it_is_decided(
    client: Client, create: Create, simulator: Process
) -> None:
    intent = await captured(client, create)
    opened = simulator.control("disputes", {"payment_intent": intent.id, "reason": "product_not_received"})
    assert (opened["status"], opened["amount"]) == ("needs_response", 2000)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await client.v1.refunds.create_async({"payment_intent": intent.id})
    assert refusal.value.code == "charge_disputed"
    assert simulator.control(f"disputes/{opened['id']}/close", {"outcome": "lost"})["status"] == "lost"
    dispute = await client.v1.disputes.retrieve_async(opened["id"])
    assert (dispute.status, dispute.payment_intent) == ("lost", intent.id)


async def test_the_dispute_card_is_disputed_as_soon_as_it_is_captured(client: Client, create: Create) -> None:
    intent = await create(payment_method="pm_card_createDispute", confirm=True)
    assert not (await client.v1.disputes.list_async({"payment_intent": intent.id})).data
    await client.v1.payment_intents.capture_async(intent.id)
    assert len((await client.v1.disputes.list_async({"payment_intent": intent.id})).data) == 1


async def test_an_authorization_expires_by_itself(create: Create, simulator: Process) -> None:
    intent = await create(payment_method="pm_card_visa", confirm=True)
    gone = simulator.control(f"payment_intents/{intent.id}/expire", {})
    assert (gone["status"], gone["cancellation_reason"]) == ("canceled", "automatic")


async def test_a_slow_refund_waits_for_the_bank_and_any_may_come_back(
    client: Client, create: Create, simulator: Process
) -> None:
    intent = await create(payment_method="pm_card_pendingRefund", confirm=True)
    await client.v1.payment_intents.capture_async(intent.id)
    refund = await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 500})
    assert refund.status == "pending"
    assert simulator.control(f"refunds/{refund.id}", {"outcome": "succeed"})["status"] == "succeeded"
    failed = simulator.control(f"refunds/{refund.id}", {"outcome": "fail"})
    assert (failed["status"], failed["failure_reason"]) == ("failed", "lost_or_stolen_card")
    assert (await client.v1.refunds.create_async({"payment_intent": intent.id})).amount == 2000
    types = [event.type for event in (await client.v1.events.list_async({"limit": 8})).data]
    assert types[::-1][-8:].count("refund.failed") == 1
