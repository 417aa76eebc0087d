"""One key, one execution: replays, contradictions, requests in flight, lost answers."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
import stripe

from .conftest import Client, Connect, Create, Process

INTENT: Any = {"amount": 2000, "currency": "eur", "capture_method": "manual", "allowed_payment_method_types": ["card"]}


def key() -> Any:
    return {"idempotency_key": str(uuid4())}


async def test_a_repeat_gets_the_first_answer_even_after_changes(client: Client) -> None:
    options = key()
    first = await client.v1.payment_intents.create_async(INTENT, options)
    await client.v1.payment_intents.confirm_async(first.id, {"payment_method": "pm_card_visa"})
    again = await client.v1.payment_intents.create_async(INTENT, options)
    assert (again.id, again.status) == (first.id, "requires_payment_method")
    assert first.last_response
    assert again.last_response
    assert again.last_response.body == first.last_response.body
    headers = again.last_response.headers
    assert headers
    assert headers["idempotent-replayed"] == "true"
    assert headers["original-request"] == first.last_response.request_id


async def test_other_parameters_or_another_route_contradict_the_key(client: Client) -> None:
    options = key()
    intent = await client.v1.payment_intents.create_async(INTENT, options)
    with pytest.raises(stripe.IdempotencyError, match="same endpoint and parameters"):
        await client.v1.payment_intents.create_async({**INTENT, "amount": 2001}, options)
    with pytest.raises(stripe.IdempotencyError):
        await client.v1.payment_intents.cancel_async(intent.id, {}, options)


async def test_refusals_are_replayed_but_failed_validation_is_not(client: Client, create: Create) -> None:
    intent, options = await create(), key()
    confirm = client.v1.payment_intents.confirm_async
    declined: Any = {"payment_method": "pm_card_chargeDeclined"}
    bodies = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refusal:
            await confirm(intent.id, declined, options)
        bodies.append(refusal.value.http_body)
    assert bodies[0] == bodies[1]
    assert refusal.value.headers
    assert refusal.value.headers["idempotent-replayed"] == "true"
    assert len((await client.v1.charges.list_async({"payment_intent": intent.id})).data) == 1
    options = key()
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.payment_intents.create_async({**INTENT, "amount": "none"}, options)
    await client.v1.payment_intents.create_async(INTENT, options)


async def test_a_key_counts_per_api_key(simulator: Process, client: Client, connect: Connect, create: Create) -> None:
    intent, options = await create(), key()
    await client.v1.payment_intents.create_async(INTENT, options)
    browser = connect(simulator, "pk_test_of_the_tests")
    params: Any = {"client_secret": intent.client_secret, "payment_method": "pm_card_visa"}
    assert (await browser.v1.payment_intents.confirm_async(intent.id, params, options)).status == "requires_capture"


async def test_thirty_creations_with_one_key_make_one_intent(client: Client) -> None:
    options = key()
    made = await asyncio.gather(*(client.v1.payment_intents.create_async(INTENT, options) for _ in range(30)))
    assert len({intent.id for intent in made}) == 1


async def test_a_key_in_flight_is_a_conflict_and_the_sdk_retries_it(
    simulator: Process, client: Client, connect: Connect
) -> None:
    simulator.control("outage", {"latency_ms": 300})
    options = key()

    async def attempt() -> Any:
        try:
            return (await client.v1.payment_intents.create_async(INTENT, options)).id
        except stripe.APIError as error:
            return f"{error.http_status} {error.error and error.error.code}"

    outcomes = Counter(each[:3] for each in await asyncio.gather(*(attempt() for _ in range(5))))
    assert outcomes == {"pi_": 1, "409": 4}
    patient = connect(simulator, retries=3)
    options = key()
    made = await asyncio.gather(*(patient.v1.payment_intents.create_async(INTENT, options) for _ in range(3)))
    assert len({intent.id for intent in made}) == 1


async def test_a_lost_answer_is_found_again_by_its_key(simulator: Process, client: Client) -> None:
    options = key()
    simulator.control("outage", {"mode": "lose_answer"})
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.payment_intents.create_async({**INTENT, "metadata": {"payment_id": "lost"}}, options)
    simulator.control("outage", {"mode": "off"})
    found = await client.v1.payment_intents.create_async({**INTENT, "metadata": {"payment_id": "lost"}}, options)
    assert found.last_response
    assert found.last_response.headers
    assert found.last_response.headers["idempotent-replayed"] == "true"
    listed = await client.v1.payment_intents.list_async({"limit": 5})
    assert [each.id for each in listed.data if each.metadata.to_dict() == {"payment_id": "lost"}] == [found.id]


async def test_a_failure_in_the_middle_of_a_request_is_kept_under_its_key(simulator: Process, client: Client) -> None:
    options, asked = key(), {**INTENT, "metadata": {"payment_id": "failed"}}
    simulator.control("outage", {"mode": "error500_kept"})
    with pytest.raises(stripe.APIError):
        await client.v1.payment_intents.create_async(asked, options)
    simulator.control("outage", {"mode": "off"})
    with pytest.raises(stripe.APIError) as again:
        await client.v1.payment_intents.create_async(asked, options)
    assert again.value.http_status == 500
    assert again.value.headers
    assert again.value.headers["idempotent-replayed"] == "true"
    other = await client.v1.payment_intents.create_async(asked, key())
    listed = await client.v1.payment_intents.list_async({"limit": 5})
    made = [each.id for each in listed.data if each.metadata.to_dict() == {"payment_id": "failed"}]
    assert len(made) == 2, "the first was carried out"
    assert made[0] == other.id
