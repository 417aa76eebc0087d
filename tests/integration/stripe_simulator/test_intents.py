"""The life of a PaymentIntent through Stripe's own SDK."""

from typing import Any

import pytest
import stripe

from .conftest import Client, Create, error_of


async def test_an_authorized_intent_is_captured_in_part_and_the_rest_is_released(
    client: Client, create: Create
) -> None:
    intent = await create(metadata={"payment_id": "p1"}, description="An order", receipt_email="a@example.com")
    assert (intent.status, intent.capture_method, intent.livemode) == ("requires_payment_method", "manual", False)
    assert intent.client_secret.startswith(f"{intent.id}_secret_")

    held = await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 2000, 0)
    done = await client.v1.payment_intents.capture_async(
        intent.id, {"amount_to_capture": 1500, "expand": ["latest_charge"]}
    )
    assert (done.status, done.amount_capturable, done.amount_received) == ("succeeded", 0, 1500)
    charge: Any = done.latest_charge
    assert (charge.captured, charge.amount, charge.amount_captured, charge.amount_refunded) == (True, 2000, 1500, 500)
    card = charge.payment_method_details.card
    assert (card.brand, card.last4, len(card.fingerprint)) == ("visa", "4242", 16)
    assert (done.metadata.to_dict(), done.description) == ({"payment_id": "p1"}, "An order")


async def test_automatic_capture_takes_the_money_on_confirmation(create: Create) -> None:
    done = await create(capture_method=None, payment_method="pm_card_mastercard", confirm=True)
    assert (done.status, done.amount_received, done.capture_method) == ("succeeded", 2000, "automatic_async")


async def test_an_intent_with_a_method_waits_for_confirmation_and_can_be_updated(
    client: Client, create: Create
) -> None:
    intent = await create(metadata={"a": "1", "b": "2"})
    update = client.v1.payment_intents.update_async
    changed = await update(
        intent.id, {"payment_method": "pm_card_visa", "amount": 3000, "metadata": {"a": "", "c": "3"}}
    )
    assert (changed.status, changed.amount) == ("requires_confirmation", 3000)
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert (await client.v1.payment_intents.confirm_async(intent.id)).amount_capturable == 3000
    with pytest.raises(stripe.InvalidRequestError, match="requires_capture") as refusal:
        await update(intent.id, {"amount": 1})
    assert refusal.value.code == "payment_intent_unexpected_state"
    assert (await update(intent.id, {"metadata": {"late": "yes"}})).metadata["late"] == "yes"


async def test_cancelling_releases_an_authorization(client: Client, create: Create) -> None:
    intent = await create(payment_method="pm_card_visa", confirm=True)
    reason: Any = {"cancellation_reason": "abandoned", "expand": ["latest_charge.refunds"]}
    gone: Any = await client.v1.payment_intents.cancel_async(intent.id, reason)
    assert (gone.status, gone.amount_capturable, gone.cancellation_reason) == ("canceled", 0, "abandoned")
    assert gone.latest_charge.refunded
    assert gone.latest_charge.refunds.data[0].amount == 2000


@pytest.mark.parametrize(
    ("action", "params"), [("capture", {}), ("cancel", {}), ("confirm", {"payment_method": "pm_card_visa"})]
)
@pytest.mark.parametrize("ended", ["canceled", "succeeded"])
async def test_what_has_ended_refuses_everything(
    client: Client, create: Create, action: str, params: dict[str, str], ended: str
) -> None:
    intent = await create(payment_method="pm_card_visa", confirm=True)
    end = client.v1.payment_intents.capture_async if ended == "succeeded" else client.v1.payment_intents.cancel_async
    await end(intent.id)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await getattr(client.v1.payment_intents, f"{action}_async")(intent.id, params)
    assert (refusal.value.http_status, refusal.value.code) == (400, "payment_intent_unexpected_state")
    assert error_of(refusal)["payment_intent"]["status"] == ended


async def test_confirming_without_a_method_or_return_url_is_refused(client: Client, create: Create) -> None:
    intent = await create()
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        await client.v1.payment_intents.confirm_async(intent.id)
    open_to_redirects = await create(automatic_payment_methods=None)
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        await client.v1.payment_intents.confirm_async(open_to_redirects.id, {"payment_method": "pm_card_visa"})


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amount": None}, "parameter_missing", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 10**9}, "amount_too_large", "amount"),
        ({"amount": "1.5"}, "parameter_invalid_integer", "amount"),
        ({"amount": -5}, "parameter_invalid_integer", "amount"),
        ({"amount": ""}, "parameter_invalid_empty", "amount"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"currency": "zzz"}, None, "currency"),
        ({"capture_method": "later"}, None, "capture_method"),
        ({"payment_method_data": {"type": "card", "iban": "x"}}, "parameter_unknown", "payment_method_data[iban]"),
        ({"payment_method": "pm_nothing"}, "resource_missing", "payment_method"),
        ({"metadata": {"k" * 41: "v"}}, None, f"metadata[{'k' * 40}]"),
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", "payment_method_types"),
        ({"allowed_payment_method_types": ["card"]}, None, "allowed_payment_method_types"),
    ],
)
async def test_bad_parameters_are_named(create: Create, change: dict[str, Any], code: str | None, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await create(**change)
    assert (refusal.value.http_status, refusal.value.code, refusal.value.param) == (400, code, param)


async def test_what_does_not_exist_is_missing(client: Client) -> None:
    for retrieve in (client.v1.payment_intents, client.v1.charges, client.v1.refunds, client.v1.events):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            await retrieve.retrieve_async("pi_nothing")
        assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


async def test_lists_page_newest_first(client: Client, create: Create) -> None:
    made = [(await create()).id for _ in range(3)]
    page = await client.v1.payment_intents.list_async({"limit": 2})
    assert ([each.id for each in page.data], page.has_more) == ([made[2], made[1]], True)
    after = await client.v1.payment_intents.list_async({"limit": 1, "starting_after": made[1]})
    assert after.data[0].id == made[0]
    before = await client.v1.payment_intents.list_async({"limit": 2, "ending_before": made[0]})
    assert [each.id for each in before.data] == [made[2], made[1]]
    late = await client.v1.payment_intents.list_async({"created": {"gt": page.data[0].created}})
    assert late.data == []


async def test_a_key_is_asked_for(simulator: Any, connect: Any) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided") as refusal:
        await connect(simulator, "sk_test_another_key_of_somebody").v1.payment_intents.list_async()
    assert "another" not in str(refusal.value)
    with pytest.raises(stripe.PermissionError) as forbidden:
        await connect(simulator, "pk_test_of_the_tests").v1.payment_intents.list_async()
    assert error_of(forbidden)["code"] == "secret_key_required"
