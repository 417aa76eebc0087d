"""Many at once for the same: through the handlers, on real Postgres and a real (simulated) Stripe."""

import asyncio
from collections import Counter

import pytest

from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.patience import meeting, until_waiting
from tests.integration.checkout.shop import Shop
from write_side.commands import KeyInFlight
from write_side.inventory import OutOfStock
from write_side.inventory.domain import MoveStock
from write_side.inventory.handlers import ReservationOfOrder, receive_stock, release_stock
from write_side.orders import AlreadyPaid, closing
from write_side.orders.handlers import OrderState
from write_side.payments import store as payments_store


async def outcomes(*calls: object) -> Counter[str]:
    done = await asyncio.gather(*calls, return_exceptions=True)  # type: ignore[call-overload]
    return Counter(type(each).__name__ for each in done)


async def test_baskets_of_several_lamps_never_deadlock_nor_oversell(shop: Shop) -> None:
    for sku in ("lamp", "bulb", "cord"):
        await shop.stock(sku, 20)
    baskets = [
        await shop.basket(**lines)
        for lines in ({"lamp": 1, "bulb": 1, "cord": 1}, {"cord": 2, "bulb": 1}, {"bulb": 2, "lamp": 2}) * 10
    ]
    quotes = [await shop.quote(basket) for basket in baskets]
    done = await outcomes(*(shop.place(b, q.id) for b, q in zip(baskets, quotes, strict=True)))
    assert set(done) <= {"OrderState", "OutOfStock"}
    for sku in ("lamp", "bulb", "cord"):
        on_hand, reserved = await shop.figures(sku)
        assert 0 < reserved <= on_hand == 20
    assert (await shop.figures("bulb"))[1] >= 19  # the scarcest: every basket wants it, none more than two


async def test_whoever_waits_for_a_locked_item_holds_up_nobody_who_wants_another(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    await shop.stock("bulb", 1)
    lamps, bulbs = await shop.basket(lamp=1), await shop.basket(bulb=1)
    wanted, other = await shop.quote(lamps), await shop.quote(bulbs)
    async with shop.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await conn.execute("SELECT FROM stock_item WHERE sku = 'lamp' FOR UPDATE")
        waiting = asyncio.ensure_future(shop.place(lamps, wanted.id))
        await until_waiting(shop.pool, 1, [waiting])
        assert (await shop.place(bulbs, other.id)).state == "pending_payment"
        assert not waiting.done()
        await transaction.rollback()
    assert (await waiting).state == "pending_payment"


async def test_one_key_twenty_times_at_once_is_one_order(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    key = str(uuid7())
    calls = (shop.place(basket, quote.id, new_call(key)) for _ in range(20))
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, OrderState | KeyInFlight) for each in done)
    assert len({each.id for each in done if isinstance(each, OrderState)}) == 1
    again = await shop.place(basket, quote.id, new_call(key))
    assert again in done
    assert await shop.pool.fetchval("SELECT count(*) FROM customer_order") == 1


async def test_a_repeat_of_a_call_that_is_under_way_is_told_so_at_once(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    delivery, call = MoveStock("lamp", "BER", 1, "delivery"), new_call()
    async with shop.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM stock_item FOR UPDATE")
        first = asyncio.create_task(receive_stock(shop.pool, delivery, CAUSE, call))
        await until_waiting(shop.pool, 1, [first])
        with pytest.raises(KeyInFlight):
            await receive_stock(shop.pool, delivery, CAUSE, call)
    assert not (await first).replayed
    assert (await receive_stock(shop.pool, delivery, CAUSE, call)).replayed
    assert await shop.figures("lamp") == (6, 0)


async def test_one_quote_under_twenty_keys_is_one_order(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    done = await asyncio.gather(*(shop.place(basket, quote.id) for _ in range(20)))
    assert len({each.id for each in done}) == 1
    assert await shop.figures("lamp") == (1, 1)


async def test_two_quotes_of_one_cart_are_one_order(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    basket = await shop.basket(lamp=1)
    quotes = [await shop.quote(basket) for _ in range(8)]
    # At as many processes: within one of them no two orders of a cart are placed at once, whatever its row says.
    placing = [process.place(basket, quote.id) for process, quote in zip(shop.as_processes(8), quotes, strict=False)]
    done = Counter(type(each).__name__ for each in await meeting(shop, "customer_order", placing))
    assert done == {"OrderState": 1, "CartOrderedAlready": 7}
    assert await shop.figures("lamp") == (10, 1)


async def test_lines_added_on_two_devices_add_up(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    basket = await shop.basket()
    await asyncio.gather(*(shop.add(basket, "lamp", 2) for _ in range(20)))
    [line] = (await shop.quote(basket)).lines
    assert line.quantity == 40


async def test_a_cancellation_and_a_capture_never_both_happen(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    for _ in range(8):
        order = await shop.order(lamp=1)
        await shop.pay(order)
        await shop.complete(order)  # confirmed; the capture is due
        cancel = closing.cancel_order(shop.pool, shop.providers, order.id, CAUSE)
        done = await asyncio.gather(cancel, shop.work(), return_exceptions=True)
        while await shop.work():
            pass
        state, intent = (await shop.now(order)).state, (await shop.at_stripe(order))["status"]
        refused = isinstance(done[0], AlreadyPaid)
        assert (state, intent) == (("confirmed", "succeeded") if refused else ("cancelled", "canceled"))
    on_hand, reserved = await shop.figures("lamp")
    assert reserved == 0
    confirmed = await shop.pool.fetchval("SELECT count(*) FROM customer_order WHERE state = 'confirmed'")
    assert on_hand == 100 - confirmed


async def test_once_the_capture_has_begun_a_cancellation_is_refused(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    async with shop.pool.acquire() as conn:
        claimed = await payments_store.claim_due(conn, shop.providers.rooms(10))
        assert len(claimed) == 1  # a worker has it, and may be talking to Stripe
    with pytest.raises(AlreadyPaid):
        await closing.cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    assert (await shop.now(order)).state == "confirmed"


async def test_an_expiry_and_a_late_payment_agree_on_one_end(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    for _ in range(8):
        order = await shop.order(lamp=1, ttl=0)
        await shop.work()
        await asyncio.gather(shop.pay(order), closing.close_expired(shop.pool), return_exceptions=True)
        webhooks = [shop.receive(webhook) for webhook in await shop.webhooks(order)]
        await asyncio.gather(*webhooks, shop.work(), shop.work())
        while await shop.work():
            pass
        state, intent = (await shop.now(order)).state, (await shop.at_stripe(order))["status"]
        assert (state, intent) in [("confirmed", "succeeded"), ("expired", "canceled")]
        for webhook in await shop.webhooks(order):  # late ones change nothing
            await shop.receive(webhook)
        assert (await shop.now(order)).state == state
    on_hand, reserved = await shop.figures("lamp")
    confirmed = await shop.pool.fetchval("SELECT count(*) FROM customer_order WHERE state = 'confirmed'")
    assert (on_hand, reserved) == (100 - confirmed, 0)


async def test_the_last_one_goes_to_one_of_two(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    first, second = await shop.basket(lamp=1), await shop.basket(lamp=1)
    quotes = [await shop.quote(first), await shop.quote(second)]
    done = await asyncio.gather(
        shop.place(first, quotes[0].id), shop.place(second, quotes[1].id), return_exceptions=True
    )
    [refusal] = [each for each in done if isinstance(each, OutOfStock)]
    assert refusal.facts["lines"] == [{"sku": "lamp", "wanted": 1, "available": 0}]


async def test_what_an_order_holds_is_not_let_go_by_a_release_of_stock(shop: Shop) -> None:
    """An order's reservation has the order's id: whoever may release stock must not sell its lamp twice."""
    await shop.stock("lamp", 1)
    order = await shop.order(lamp=1)
    with pytest.raises(ReservationOfOrder):
        await release_stock(shop.pool, order.id, "by mistake", CAUSE, new_call())
    assert await shop.figures("lamp") == (1, 1)
    await shop.pay(order)
    await shop.complete(order)
    assert await shop.figures("lamp") == (0, 0)
