"""Intents of many orders are recorded together, each as if it had been alone."""

import asyncio
from typing import Any

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import WAITING, patient
from tests.integration.checkout.shop import Shop
from write_side import payments
from write_side.orders import closing, recording
from write_side.orders.handlers import OrderState

CREATED = """SELECT e.xmin::text AS made_by, convert_from(e.metadata, 'UTF8')::jsonb ->> 'causation_id' AS cause,
                    (SELECT r.event_id::text FROM event_log r
                     WHERE r.aggregate_id = e.aggregate_id AND r.aggregate_version = 1) AS requested
             FROM event_log e WHERE e.type = 'payments.payment_intent_created.v1'"""


@pytest.fixture(autouse=True)
def gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe's answers to calls that began together are all waited for."""
    monkeypatch.setattr(recording, "GATHER", 1.0)


async def orders(shop: Shop, count: int) -> list[OrderState]:
    await shop.stock("lamp", count)
    return [await shop.order(lamp=1) for _ in range(count)]


async def states(shop: Shop, placed: list[OrderState]) -> list[str]:
    return [(await shop.payment(order)).state for order in placed]


async def test_many_are_recorded_in_one_transaction_each_by_its_own_cause(shop: Shop) -> None:
    placed = await orders(shop, 8)
    assert await shop.work() == 8
    assert await states(shop, placed) == ["pending"] * 8
    rows = await shop.pool.fetch(CREATED)
    assert len({row["made_by"] for row in rows}) == 1
    assert [row["cause"] for row in rows] == [row["requested"] for row in rows]
    for order in placed:
        assert (await shop.payment(order)).intent_id == (await shop.at_stripe(order))["id"]
    assert await shop.work() == 0


async def test_one_that_somebody_holds_is_not_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = await orders(shop, 3)
    really = payments.lock_new
    async with patient(shop) as slow, shop.pool.acquire() as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

        async def late(conn: Any, ids: Any) -> Any:  # what is held earlier no worker claims
            await holder.execute("SELECT FROM payment WHERE id = $1 FOR UPDATE", placed[0].payment.id)
            return await really(conn, ids)

        monkeypatch.setattr(payments, "lock_new", late)
        working = asyncio.create_task(slow.work())
        while await states(shop, placed[1:]) != ["pending"] * 2:
            await asyncio.sleep(0.01)
        assert await states(shop, placed[:1]) == ["requested"]
        assert not working.done()
        await transaction.rollback()
        assert await working == 3
    assert await states(shop, placed) == ["pending"] * 3


@pytest.fixture
def recording_waits(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Holds its rows until somebody waits for them; the event tells that it has them."""
    really, holding = payments.record_made, asyncio.Event()

    async def slowly(conn: Any, *args: Any) -> None:
        holding.set()
        async with asyncio.timeout(60):
            while not await shop.pool.fetchval(WAITING):
                await asyncio.sleep(0.01)
        await really(conn, *args)

    monkeypatch.setattr(payments, "record_made", slowly)
    return holding


async def test_whoever_cancels_waits_for_the_recording(shop: Shop, recording_waits: asyncio.Event) -> None:
    """Or what is to be done about the payment would be forgotten by it, and never be voided."""
    cancelled, other = await orders(shop, 2)
    async with patient(shop) as slow:
        working = asyncio.create_task(slow.work())
        await recording_waits.wait()
        await closing.close_order(slow.pool, cancelled.id, "cancelled", CAUSE)
        assert await states(shop, [cancelled, other]) == ["pending"] * 2
        assert await working == 2
    assert await shop.work() == 1
    assert (await shop.now(cancelled)).state == "cancelled"
    assert (await shop.at_stripe(cancelled))["status"] == "canceled"
    assert await states(shop, [other]) == ["pending"]


async def test_what_can_not_be_recorded_together_is_learnt_one_by_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await orders(shop, 3)

    async def broken(conn: Any, *_: Any) -> None:
        await conn.execute("SELECT 1 / 0")

    monkeypatch.setattr(payments, "record_made", broken)
    assert await shop.work() == 3
    assert await states(shop, placed) == ["pending"] * 3
