"""Whoever tries to pay at the same moment as others by the same mailbox, card or device is seen by the fraud checks."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import structs

from shared.settings import FraudChecks
from tests.integration.checkout.patience import meeting, patient, until_waiting
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_editing import send_to
from tests.integration.checkout.test_fraud import guarded, order_of
from tests.integration.checkout.test_fraud_without_a_bank import TOTAL, by_gift_card
from tests.integration.checkout.test_new_addresses import OFFICE, check_of
from write_side import fraud
from write_side.fraud import Card
from write_side.orders.handlers import OrderState
from write_side.payments import open_providers

__all__ = ["guarded"]

# Of this database: those of other tests are copies, whose relations have the same numbers.
HAVE_APPENDED = """SELECT count(*) FROM pg_locks WHERE relation = 'event_position'::regclass
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@asynccontextmanager
async def waiting_for(shop: Shop, order: OrderState, call: Coroutine[Any, Any, Any]) -> AsyncIterator[bool]:
    """Whether a call waits for whoever assesses a try by this order's mailbox and device."""
    found = await shop.now(order)
    async with patient(shop) as slow, slow.pool.acquire() as conn:
        holding = conn.transaction()
        await holding.start()
        await fraud.hold(conn, found.quote_id, found.customer, Card(), "enforce")
        under_way = asyncio.ensure_future(call)
        await until_waiting(conn, 1, [under_way])
        yield not under_way.done()
        await holding.rollback()
        await under_way


async def verdicts(shop: Shop, orders: list[OrderState]) -> list[str]:
    """What was thought of their tries."""
    return sorted([(await check_of(shop, order)).attempts[-1].verdict for order in orders])


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "at once"])
async def test_two_stolen_cards_on_one_device_are_held_however_they_come(guarded: Shop, at_once: bool) -> None:
    """Red without the lock: both have looked before either is there."""
    orders = [await order_of(guarded, f"mule-{n}@example.org", "phone") for n in range(2)]
    for order, card in zip(orders, ("amex", "visa"), strict=True):
        await guarded.pay(order, f"pm_card_{card}")
    if at_once:
        async with patient(guarded) as slow:
            assert await meeting(slow, "fraud_check", [slow.complete(order) for order in orders]) == [None, None]
    else:
        for order in orders:
            await guarded.complete(order)
    assert await verdicts(guarded, orders) == ["accept", "review"]
    await nothing_is_wrong(guarded)


async def test_tries_of_one_mailbox_wait_for_one_another_ahead_of_their_first_event(guarded: Shop) -> None:
    first = await by_gift_card(guarded, await guarded.gift_card(TOTAL), sku="lamp", odd=False)
    async with patient(guarded) as slow:
        paying = by_gift_card(slow, await guarded.gift_card(TOTAL), sku="lamp", odd=False)
        async with waiting_for(guarded, first, paying) as waits:
            assert waits
            assert await guarded.pool.fetchval(HAVE_APPENDED) == 0, "or the feed would wait with it"


@pytest.mark.parametrize(("mode", "waited"), [("enforce", True), ("watch", False), ("off", False)])
async def test_only_who_may_be_stopped_waits(guarded: Shop, mode: FraudChecks, waited: bool) -> None:
    order = await order_of(guarded, "ada@example.org", "phone")
    await guarded.pay(order)
    settings = structs.replace(guarded.settings, fraud_checks=mode)
    async with open_providers(settings) as providers, patient(guarded) as slow:
        asked = Shop(slow.pool, guarded.keyring, providers, settings)
        async with waiting_for(guarded, order, asked.complete(order)) as waits:
            assert waits == waited
    assert (await guarded.now(order)).state == "confirmed"


async def test_who_wants_it_elsewhere_is_seen_by_those_who_pay_meanwhile(guarded: Shop) -> None:
    order = await order_of(guarded, "ada@example.org", "phone")
    await guarded.pay(order)
    await guarded.complete(order)
    async with patient(guarded) as slow, waiting_for(guarded, order, send_to(slow, order, OFFICE)) as waits:
        assert waits
    assert (await check_of(guarded, order)).attempts[-1].moved


async def test_a_try_by_a_machine_whose_clock_is_ahead_was_before_ours(guarded: Shop) -> None:
    orders = [await order_of(guarded, f"mule-{n}@example.org", "phone") for n in range(2)]
    await guarded.pay(orders[0], "pm_card_amex")
    await guarded.complete(orders[0])
    await guarded.pool.execute("UPDATE fraud_attempt SET at = at + interval '1 minute'")
    await guarded.pay(orders[1])
    await guarded.complete(orders[1])
    assert await verdicts(guarded, orders) == ["accept", "review"]
    await guarded.pool.execute("UPDATE fraud_attempt SET at = at - interval '1 minute' WHERE at > now()")  # as told
