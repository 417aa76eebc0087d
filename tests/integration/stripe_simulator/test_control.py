"""Bad days, the summary that our invariants are checked by, and what a kill leaves behind."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import stripe

from .conftest import Client, Connect, Create, Process, Receiver, free_port, until


async def test_outages_hit_the_api_only(simulator: Process, create: Create) -> None:
    simulator.control("outage", {"mode": "error500"})
    with pytest.raises(stripe.APIError) as failure:
        await create()
    assert failure.value.http_status == 500
    simulator.control("outage", {"mode": "rate_limit"})
    with pytest.raises(stripe.RateLimitError):
        await create()
    simulator.control("outage", {"mode": "refuse"})
    with pytest.raises(stripe.APIConnectionError):
        await create()
    assert simulator.control("outage") == {"mode": "refuse", "latency_ms": 0}
    simulator.control("outage", {"mode": "off"})
    await create()


async def test_a_hanging_api_answers_nobody_until_it_is_over(simulator: Process, create: Create) -> None:
    simulator.control("outage", {"mode": "hang"})
    waiting = asyncio.create_task(create())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    simulator.control("outage", {"mode": "off"})
    with pytest.raises(stripe.APIConnectionError):
        await waiting


@pytest.mark.parametrize(("path", "body"), [("outage", {"mode": "sulk"}), ("webhooks", {"repeats": 2})])
def test_controls_refuse_what_they_do_not_know(simulator: Process, path: str, body: dict[str, object]) -> None:
    answer = httpx.post(f"{simulator.url}/simulator/{path}", json=body, trust_env=False)
    assert answer.status_code == 400


async def test_the_state_counts_captures_by_our_ids(simulator: Process, client: Client, create: Create) -> None:
    before = simulator.control("state")["captured_minor"].get("sek", 0)
    for order in ("once", "twice", "twice"):
        ids = {"order_id": order, "payment_id": f"of-{order}"}
        await create(
            currency="sek", capture_method="automatic", payment_method="pm_card_visa", confirm=True, metadata=ids
        )
    await create(metadata={"order_id": "never"})
    state = simulator.control("state")
    assert (state["captures"]["order_id"]["once"], state["captures"]["order_id"]["twice"]) == (1, 2)
    assert "never" not in state["captures"]["order_id"]
    assert state["captured_more_than_once"]["order_id"] == {"twice": 2}
    assert state["captured_minor"]["sek"] - before == 6000


@pytest.fixture
def mortal(tmp_path: Path, receiver: Receiver) -> Iterator[Process]:
    """A simulator of this test alone, to be killed."""
    running = Process(tmp_path, free_port(), receiver.url)
    running.start()
    yield running
    running.kill()


async def test_a_killed_simulator_remembers_money_keys_and_unsent_events(
    mortal: Process, connect: Connect, receiver: Receiver
) -> None:
    client = connect(mortal)
    options = {"idempotency_key": "survives"}
    intent = await client.v1.payment_intents.create_async(
        {"amount": 700, "currency": "eur", "allowed_payment_method_types": ["card"], "capture_method": "manual"},
        options,
    )
    await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
    await until(lambda: len(receiver.types(intent.id)) == 3)
    mortal.control("webhooks", {"pause": True})
    await client.v1.payment_intents.capture_async(intent.id, {}, {"idempotency_key": "capture"})
    mortal.kill()
    with (mortal.folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"objects":[{"object":"pay')  # the line that the kill tore
    receiver.events.clear()
    mortal.start()

    client = connect(mortal)
    kept = await client.v1.payment_intents.retrieve_async(intent.id)
    assert (kept.status, kept.amount_received) == ("succeeded", 700)
    again = await client.v1.payment_intents.capture_async(intent.id, {}, {"idempotency_key": "capture"})
    assert again.amount_received == 700
    first = await client.v1.payment_intents.create_async(
        {"amount": 700, "currency": "eur", "allowed_payment_method_types": ["card"], "capture_method": "manual"},
        options,
    )
    assert (first.id, first.status) == (intent.id, "requires_payment_method")  # as it was, not as it is
    await until(lambda: set(receiver.types(intent.id)) == {"charge.captured", "payment_intent.succeeded"})
    text = (mortal.folder / "journal.jsonl").read_text()
    assert not [secret for secret in ("sk_test", "4242424242424242") if secret in text]
