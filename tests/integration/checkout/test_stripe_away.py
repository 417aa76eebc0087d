"""Stripe hangs, is killed and comes back: orders are placed all the while, each is paid afterwards, exactly once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from shared.http.health import Check, readiness
from shared.settings import Settings
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.opening import open_shop
from tests.integration.checkout.shop import Shop
from tests.integration.stripe_simulator.conftest import Process, free_port
from write_side.database import Pool
from write_side.orders.handlers import OrderState
from write_side.payments import gateway as gateway_module
from write_side.payments import handlers, steps
from write_side.payments.asking import CircuitOpen, ProviderDown
from write_side.steps import keep_doing


@pytest.fixture
def own_stripe(tmp_path: Path) -> Iterator[Process]:
    """A simulator that the test may kill."""
    process = Process(tmp_path, free_port())
    process.start()
    yield process
    process.kill()


@pytest.fixture
async def away(
    shop_settings: Settings, pool: Pool, own_stripe: Process, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shop]:
    """A shop whose Stripe has little time to answer."""
    monkeypatch.setattr(gateway_module, "TIMEOUT", 0.5)
    settings = msgspec.structs.replace(shop_settings, stripe_api_base=own_stripe.url)
    async with open_shop(pool, settings) as shop:
        yield shop


async def asked_by(shop: Shop, orders: list[OrderState]) -> list[ProviderDown]:
    """What clients are told who want to pay."""

    async def ask(order: OrderState) -> ProviderDown:
        with pytest.raises(ProviderDown) as down:
            await handlers.start_session(shop.pool, shop.providers, await shop.payment(order), "pk", CAUSE)
        return down.value

    return await asyncio.gather(*(ask(order) for order in orders))


async def until_captured(shop: Shop, count: int) -> None:
    async with asyncio.timeout(60):
        while await shop.pool.fetchval("SELECT count(*) FROM payment WHERE state = 'captured'") < count:
            await asyncio.sleep(0.02)


async def test_orders_placed_while_stripe_hangs_or_is_gone_are_paid_afterwards_exactly_once(
    away: Shop, own_stripe: Process
) -> None:
    await away.stock("lamp", 100)
    stopping = asyncio.Event()
    working = [asyncio.create_task(keep_doing(step, stopping)) for step in steps.steps(away.pool, away.providers)[:1]]
    await away.outage("hang")
    placed = [await away.order(lamp=1) for _ in range(8)]
    await asked_by(away, placed)
    sent_away = await asked_by(away, placed * 2)
    assert sum(isinstance(each, CircuitOpen) for each in sent_away) >= 8, "all but probes, without having waited"
    assert {(each.status, each.code, each.facts["retry_after"] >= 1) for each in sent_away} == {
        (503, "payment_provider_unavailable", True)
    }
    own_stripe.kill()
    placed += [await away.order(lamp=1) for _ in range(8)]
    await asked_by(away, placed)
    health = await readiness({"stripe": Check(away.gateway.ping, essential=False)})
    assert health.checks["stripe"].status == "down"
    assert {(await away.now(order)).state for order in placed} == {"pending_payment"}
    untried = await away.pool.fetchval("SELECT count(*) FROM payment WHERE attempts = 0 AND todo = 'create'")
    assert untried, "the worker leaves what is due in its row, but for a probe now and then"

    own_stripe.start()
    async with asyncio.timeout(60):
        while await away.pool.fetchval("SELECT count(*) FROM payment WHERE intent_id IS NULL"):
            await asyncio.sleep(0.02)
    for order in placed:
        assert await away.pay(order) == "requires_capture"
        await away.complete(order)
    await until_captured(away, len(placed))
    stopping.set()
    await asyncio.gather(*working)

    for order in placed:
        history = await away.history(order)
        assert history.count("payment_captured") == history.count("order_confirmed") == 1
    seen, _ = await away.gateway.page(datetime(2026, 1, 1, tzinfo=UTC), None)
    assert sorted(each.payment_id for each in seen if each.payment_id) == sorted(order.payment.id for order in placed)
    assert {(each.status, each.authorized_minor) for each in seen} == {
        ("succeeded", placed[0].totals.total.amount_minor)
    }
    assert await away.figures("lamp") == (100 - len(placed), 0)


async def test_what_a_gift_card_pays_in_full_waits_for_no_stripe(away: Shop, own_stripe: Process) -> None:
    await away.stock("lamp", 20)
    own_stripe.kill()
    waiting = [await away.order(lamp=1) for _ in range(8)]
    card = await away.gift_card(50_000)
    basket = await away.basket(lamp=1)
    quote = await away.quote(basket, gifts=[card.code])
    order = await away.place(basket, quote.id)
    await asked_by(away, waiting)  # so often that nobody asks any more
    for _ in range(2):  # created, captured
        await away.work()
    assert (await away.payment(order)).state == "captured"
    await away.refund(order)
    await away.refund_work()
    assert [refund.state for refund in await away.refunds(order)] == ["succeeded"]
    assert {(await away.payment(each)).state for each in waiting} == {"requested"}
