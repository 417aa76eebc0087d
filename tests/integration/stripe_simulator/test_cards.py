"""Test cards: who declines how, 3-D Secure, and methods that take days."""

from typing import Any

import aiohttp
import pytest
import stripe

from .conftest import Client, Create, Process, error_of

DECLINES = [
    ("pm_card_chargeDeclined", "4000000000000002", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclined", "4000000000000002", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "4000000000009995", "card_declined", "insufficient_funds"),
    ("pm_card_visa_chargeDeclinedLostCard", "4000000000009987", "card_declined", "lost_card"),
    ("pm_card_visa_chargeDeclinedStolenCard", "4000000000009979", "card_declined", "stolen_card"),
    ("pm_card_chargeDeclinedExpiredCard", "4000000000000069", "expired_card", None),
    ("pm_card_chargeDeclinedIncorrectCvc", "4000000000000127", "incorrect_cvc", None),
    ("pm_card_chargeDeclinedProcessingError", "4000000000000119", "processing_error", None),
]


def by_number(number: str) -> dict[str, Any]:
    card = {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    return {"payment_method_data": {"type": "card", "card": card}}


@pytest.mark.parametrize(("token", "number", "code", "decline_code"), DECLINES)
async def test_a_declined_card_leaves_a_failed_charge_and_a_second_try(
    client: Client, create: Create, token: str, number: str, code: str, decline_code: str | None
) -> None:
    intent = await create()
    for params in ({"payment_method": token}, by_number(number)):
        with pytest.raises(stripe.CardError) as refusal:
            await client.v1.payment_intents.confirm_async(intent.id, params)
        assert (refusal.value.http_status, refusal.value.code) == (402, code)
        assert error_of(refusal).get("decline_code") == decline_code
        assert error_of(refusal)["payment_intent"]["status"] == "requires_payment_method"
    failed: Any = await client.v1.payment_intents.retrieve_async(intent.id, {"expand": ["latest_charge"]})
    assert (failed.last_payment_error.code, failed.payment_method) == (code, None)
    assert (failed.latest_charge.status, failed.latest_charge.failure_code) == ("failed", code)
    charges = await client.v1.charges.list_async({"payment_intent": intent.id})
    assert len(charges.data) == 2
    retried = await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
    assert (retried.status, retried.last_payment_error) == ("requires_capture", None)


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4012888888881881"}, "card_declined"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"exp_year": 2020}, "invalid_expiry_year"),
        ({"cvc": "12"}, "invalid_cvc"),
    ],
)
async def test_what_is_no_card_is_refused(client: Client, create: Create, card: dict[str, Any], code: str) -> None:
    intent = await create()
    params = by_number("4242424242424242")
    params["payment_method_data"]["card"] |= card
    with pytest.raises(stripe.CardError) as refusal:
        await client.v1.payment_intents.confirm_async(intent.id, params)
    assert refusal.value.code == code


async def test_one_card_has_one_fingerprint(client: Client, create: Create) -> None:
    prints = []
    for params in (
        {"payment_method": "pm_card_visa"},
        by_number("4242424242424242"),
        {"payment_method": "pm_card_amex"},
    ):
        held: Any = await create(**params, confirm=True, expand=["latest_charge", "payment_method"])
        assert held.payment_method.card.fingerprint == held.latest_charge.payment_method_details.card.fingerprint
        prints.append(held.payment_method.card.fingerprint)
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("token", ["pm_card_threeDSecure2Required", "pm_card_authenticationRequired"])
async def test_3d_secure_waits_for_the_shopper(client: Client, create: Create, simulator: Process, token: str) -> None:
    intent = await create(payment_method=token, confirm=True, return_url="https://shop.example/back")
    assert intent.status == "requires_action"
    assert intent.next_action
    assert intent.next_action.redirect_to_url
    assert intent.next_action.redirect_to_url.url == f"{simulator.url}/simulator/3ds/{intent.id}"
    assert simulator.control(f"3ds/{intent.id}", {"outcome": "fail"})["status"] == "requires_payment_method"
    failed: Any = await client.v1.payment_intents.retrieve_async(intent.id)
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": token})
    assert simulator.control(f"3ds/{intent.id}", {"outcome": "authorize"})["status"] == "requires_capture"


async def test_the_bank_page_sends_the_shopper_back(create: Create, http: aiohttp.ClientSession) -> None:
    token = "pm_card_threeDSecure2Required"
    intent = await create(payment_method=token, confirm=True, return_url="https://shop.example/back?x=1")
    page = f"/simulator/3ds/{intent.id}"
    async with http.get(page) as answer:
        assert "Complete" in await answer.text()
    async with http.post(page, data={"outcome": "authorize"}, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"].startswith(f"https://shop.example/back?x=1&payment_intent={intent.id}&")


async def test_authentication_nobody_can_give_is_a_decline(create: Create) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        await create(payment_method="pm_card_authenticationRequired", confirm=True, off_session=True)
    assert refusal.value.code == "authentication_required"


async def test_authenticated_cards_may_still_be_declined(create: Create, simulator: Process) -> None:
    token = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"
    intent = await create(payment_method=token, confirm=True)
    after = simulator.control(f"3ds/{intent.id}", {"outcome": "authorize"})
    assert (after["status"], after["last_payment_error"]["decline_code"]) == (
        "requires_payment_method",
        "insufficient_funds",
    )


@pytest.mark.parametrize(("outcome", "status"), [("succeed", "succeeded"), ("fail", "requires_payment_method")])
async def test_a_bank_debit_is_processing_until_it_settles(
    client: Client, create: Create, simulator: Process, outcome: str, status: str
) -> None:
    bank: Any = {
        "automatic_payment_methods": None,
        "allowed_payment_method_types": ["us_bank_account"],
        "currency": "usd",
    }
    intent = await create(**bank, capture_method="automatic", payment_method="pm_usBankAccount_success", confirm=True)
    assert intent.status == "processing"
    assert simulator.control(f"processing/{intent.id}", {"outcome": outcome})["status"] == status
    assert len((await client.v1.charges.list_async({"payment_intent": intent.id})).data) == 1
