"""Prices that begin by themselves: asked from their time on, written down once, late or not, by whichever worker."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from projector.read_models import product
from projector.read_models.price_times import times_of
from shared.codec import decode_events
from shared.events.pricing import PriceScheduled
from shared.shown_prices import shown_prices
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from write_side import event_log, pricing
from write_side.orders.refusals import QuoteStale
from write_side.pricing import domain, store
from write_side.pricing import handlers as prices
from write_side.pricing.domain import NewPrice, PriceTakenBack, SetPrice
from write_side.pricing.steps import begin_due

AGO = timedelta(minutes=5)


async def scheduled_long_ago(shop: Shop, sku: str, amount: int, starts_at: datetime) -> None:
    """What a command said before its time came."""
    async with shop.pool.acquire() as conn, conn.transaction():
        priced = (await pricing.find_priced(conn, [sku]))[sku]
        event = PriceScheduled(priced.product_id, sku, "EUR", amount, starts_at)
        changed = domain.repriced(priced, priced.id, starts_at - timedelta(days=1), lambda _: event)
        assert changed is not None
        await event_log.append(conn, await pricing.save_prices(conn, [changed]), CAUSE)


async def told(shop: Shop, sku: str) -> list[str]:
    """What the log says of its prices."""
    async with shop.pool.acquire() as conn:
        priced = (await pricing.find_priced(conn, [sku]))[sku]
        events = await event_log.read_aggregate(conn, "price", priced.id, 0, 99)
    return [event.type.split(".")[1] for event in events]


async def test_whoever_buys_pays_what_has_begun_though_no_worker_has_said_so(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=1000)
    basket = await shop.basket(lamp=1)
    before = await shop.quote(basket)
    await scheduled_long_ago(shop, "lamp", 800, datetime.now(UTC) - AGO)
    with pytest.raises(QuoteStale) as stale:
        await shop.place(basket, before.id)
    assert stale.value.facts["changes"] == [{"what": "price", "sku": "lamp", "was_minor": 1000, "now_minor": 800}]
    order = await shop.place(basket, (await shop.quote(basket)).id)
    assert (await shop.now(order)).lines[0].unit_price_minor == 800


async def test_of_several_workers_exactly_one_writes_down_that_a_price_has_begun(shop: Shop) -> None:
    skus = ["lamp", "bulb", "sofa"]
    for sku in skus:
        await shop.stock(sku, 10, price=1000)
        await scheduled_long_ago(shop, sku, 900, datetime.now(UTC) - 2 * AGO)
        await scheduled_long_ago(shop, sku, 800, datetime.now(UTC) - AGO)
    async with shop.pool.acquire() as conn, conn.transaction():
        await store.hold_begun(conn, 10)
        assert await begin_due(shop.pool) == 0, "another worker has them in hand"
    await asyncio.gather(*(begin_due(shop.pool) for _ in range(8)))
    assert await begin_due(shop.pool) == 0
    async with shop.pool.acquire() as conn:
        priced = await pricing.find_priced(conn, skus)
    for sku in skus:
        assert (priced[sku].prices, priced[sku].scheduled) == ({"EUR": 800}, [])
        assert await told(shop, sku) == ["price_set", "price_scheduled", "price_scheduled", "price_set", "price_set"]


async def test_what_is_to_come_waits_and_can_be_taken_back(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=1000)
    starts_at = datetime.now(UTC) + timedelta(hours=1)
    await prices.set_price(shop.pool, "lamp", "EUR", NewPrice(800, starts_at), CAUSE, new_call())
    assert await begin_due(shop.pool) == 0
    assert (await shop.quote(await shop.basket(lamp=1))).lines[0].unit_price_minor == 1000
    assert len((await prices.show_prices(shop.pool, "lamp")).scheduled) == 1
    for _ in range(2):
        await prices.take_back_price(shop.pool, "lamp", "EUR", PriceTakenBack(starts_at), CAUSE, new_call())
    assert await told(shop, "lamp") == ["price_set", "price_scheduled", "price_unscheduled"]


async def test_who_sets_a_price_by_hand_does_so_behind_what_has_begun(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=1000)
    await scheduled_long_ago(shop, "lamp", 800, datetime.now(UTC) - AGO)
    await shop.price("lamp", 950)
    assert await begin_due(shop.pool) == 0
    assert await told(shop, "lamp") == ["price_set", "price_scheduled", "price_set", "price_set"]
    assert (await shop.quote(await shop.basket(lamp=1))).lines[0].unit_price_minor == 950


async def charged_and_shown(shop: Shop, sku: str) -> tuple[int, int]:
    """What a quote asks, and what a page shows that is projected from the log."""
    quote = await shop.quote(await shop.basket(**{sku: 1}))
    state: product.Product | None = None
    async with shop.pool.acquire() as conn:
        for recorded in await event_log.read_after(conn, 0, 999):
            for event in decode_events(recorded.type, recorded.payload):
                if product.touches(recorded, event):
                    state = product.evolve(state, recorded, event)  # type: ignore[arg-type]  # of the product's key
    known = None if state is None else product.known_of(state)
    assert known is not None
    [price] = shown_prices(times_of(known).variants[0], {}, "web", datetime.now(UTC))
    return quote.lines[0].unit_price_minor, price.amount_minor


async def test_what_was_planned_before_a_price_began_and_written_after_shows_as_it_is_charged(shop: Shop) -> None:
    """So does an import that runs through midnight: what had begun is asked when its lines are planned."""
    await shop.stock("lamp", 10, price=1000)
    starts_at = datetime.now(UTC) + timedelta(seconds=1)
    await prices.set_price(shop.pool, "lamp", "EUR", NewPrice(800, starts_at), CAUSE, new_call())
    async with shop.pool.acquire() as conn:
        known = await pricing.find_priced(conn, ["lamp"])
        wanted = SetPrice(known["lamp"].id, known["lamp"].product_id, "lamp", "EUR", 1200)
        planned = pricing.set_prices(known, [wanted], starts_at - timedelta(milliseconds=1))
        await asyncio.sleep(max(0.0, (starts_at - datetime.now(UTC)).total_seconds()) + 0.01)
        async with conn.transaction():
            await event_log.append(conn, await pricing.save_prices(conn, planned), CAUSE)
    assert await charged_and_shown(shop, "lamp") == (800, 800), "before the worker has written it down"
    assert await begin_due(shop.pool) == 1
    assert await told(shop, "lamp") == ["price_set", "price_scheduled", "price_set", "price_set"]
    assert await charged_and_shown(shop, "lamp") == (800, 800)
