"""How others fail, and that this shop doesn't: a test for each failure that users of other shops reported.

docs/failures.md lists them by the same numbers, with whatever else stands against each. Through the handlers, on real
Postgres and a simulated Stripe that real requests go to.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import asyncpg
import msgspec
import pytest

from doorbuster import verify
from shared.events.orders import Shipping
from shared.settings import Settings
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import ADDRESS, MAIL, Shop
from write_side import customers, database
from write_side.carts import CartOrderedAlready
from write_side.carts import handlers as carts
from write_side.inventory import OutOfStock
from write_side.orders import quoting
from write_side.orders.refusals import QuoteStale
from write_side.payments import handlers as payments
from write_side.promotions.domain import PercentageInput
from write_side.shipping.domain import Parcel
from write_side.taxes import Taxes
from write_side.verifying.repair import repair_rows

PAID_ONCE = ["order_placed", "payment_requested", "payment_intent_created", "payment_authorized", "order_confirmed",
             "payment_captured"]  # fmt: skip


async def outcomes(*calls: object) -> Counter[str]:
    done = await asyncio.gather(*calls, return_exceptions=True)  # type: ignore[call-overload]
    return Counter(type(each).__name__ for each in done)


async def open_transactions(database_url: str) -> int:
    """Of everybody else in the database, those that stay open; asked by its owner, for to the application all of them
    look closed."""
    query = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND backend_type = 'client backend' AND xact_start IS NOT NULL"""
    conn = await asyncpg.connect(database_url)
    try:
        for _ in range(25):
            if not (there := int(await conn.fetchval(query))):
                break
            await asyncio.sleep(0.02)
        return there
    finally:
        await conn.close()


async def crowd(shop: Shop, buyers: int, quantity: int = 1) -> list[object]:
    """So many who have a quote for the lamp, about to press the button."""
    seats = asyncio.Semaphore(16)  # only what comes then is to be a rush

    async def buyer(n: int) -> object:
        async with seats:
            basket = await shop.basket(lamp=quantity)
            return shop.place(basket, (await shop.quote(basket, f"buyer{n}@example.org")).id)

    return await asyncio.gather(*(buyer(n) for n in range(buyers)))


@pytest.mark.slow
async def test_01_checking_and_taking_are_one_step_so_two_hundred_buyers_share_fifty_lamps(shop: Shop) -> None:
    """vendurehq/vendure#3508, saleor/saleor#543, Sylius/Sylius#2776: checked in one transaction, taken in another."""
    await shop.stock("lamp", 50)
    assert await outcomes(*await crowd(shop, 200)) == {"OrderState": 50, "OutOfStock": 150}
    assert await shop.figures("lamp") == (50, 50)
    assert await shop.pool.fetchval("SELECT count(*) FROM customer_order") == 50
    assert await shop.pool.fetchval("SELECT count(*) FROM payment") == 50
    assert await shop.pool.fetchval("SELECT count(*) FROM event_log WHERE type = 'orders.order_placed.v1'") == 50


async def test_02_two_lines_of_one_item_are_summed_before_anything_is_checked(shop: Shop) -> None:
    """medusajs/medusa#16502: each line fits the stock, both together don't."""
    await shop.stock("lamp", 5)
    greedy, modest = await shop.basket(lamp=3), await shop.basket(lamp=3)
    await asyncio.gather(shop.add(greedy, "lamp", 1), shop.add(greedy, "lamp", 2))
    with pytest.raises(OutOfStock) as refused:
        await shop.place(greedy, (await shop.quote(greedy)).id)
    assert refused.value.facts["lines"] == [{"sku": "lamp", "wanted": 6, "available": 5}]
    assert await shop.figures("lamp") == (5, 0)
    await shop.place(modest, (await shop.quote(modest)).id)
    assert await shop.figures("lamp") == (5, 3)


async def test_03_no_lock_of_a_caller_is_needed_the_row_itself_refuses(shop: Shop, shop_settings: Settings) -> None:
    """medusajs/medusa#16569: the lock was the workflow's, and who called the module directly sold what was gone."""
    await shop.stock("lamp", 3)
    calls = "SELECT (inventory_reserve_now($1, ARRAY(SELECT id FROM stock_item), ARRAY[1], false, '{}')).refusals"
    async with database.open_pool(shop_settings.database_url, 4, "another process") as other:
        pools = [shop.pool, other] * 5
        answers = await asyncio.gather(*(each.fetchval(calls, UUID(int=n)) for n, each in enumerate(pools, 1)))
    assert Counter(answer == "[]" for answer in answers) == {True: 3, False: 7}
    with pytest.raises(Exception, match="never_oversold"):
        await shop.pool.execute("UPDATE stock_item SET reserved = on_hand + 1")
    assert await shop.figures("lamp") == (3, 3)


async def test_04_availability_is_a_row_that_every_event_of_it_counts_on_not_a_sum_over_events(shop: Shop) -> None:
    """shopperlabs/shopper!581: a SUM over a ledger, reserved by a listener that came later."""
    await shop.stock("lamp", 10)
    assert (await outcomes(*await crowd(shop, 20)))["OrderState"] == 10  # nobody has projected anything
    rows = await shop.pool.fetch(
        """SELECT aggregate_version AS version, convert_from(payload, 'UTF8')::jsonb AS event FROM event_log
           WHERE aggregate_type = 'stock_item' ORDER BY position"""
    )
    assert all(later["version"] == before["version"] + 1 for before, later in pairwise(rows))
    said = [msgspec.json.decode(row["event"])["reserved"] for row in rows[1:]]
    assert said == list(range(1, 11))  # each event knows what the one before it left


async def test_05_a_counter_that_drifted_is_found_named_and_put_right_from_the_log(
    shop: Shop, database_url: str
) -> None:
    """medusajs/medusa#12401: a reserved quantity below zero "and no way to fix it"; saleor/saleor#5334."""
    await shop.stock("lamp", 5)
    await shop.order(lamp=2)
    await shop.pool.execute("UPDATE stock_item SET reserved = 0")
    async with database.open_pool(database_url, 1, "owner") as pool, pool.acquire() as conn:
        await conn.execute("RESET ROLE")
        found = await verify.differences(conn)
        assert [difference.kind for difference in found if difference.aggregate] != []
        repaired = await repair_rows(conn, found, "a test", CAUSE)
    assert (repaired.failed, [event.fields for event in repaired.done]) == ({}, [["reserved"]])
    assert await shop.figures("lamp") == (5, 2)
    last = await shop.pool.fetchval("SELECT type FROM event_log ORDER BY position DESC LIMIT 1")
    assert last == "repairs.row_repaired.v1"


async def test_06_who_loses_the_race_is_told_why_and_was_never_asked_for_money(shop: Shop) -> None:
    """openfoodfoundation/openfoodnetwork#3925: three charges, one order, not a word."""
    await shop.stock("lamp", 1)
    done = await asyncio.gather(*await crowd(shop, 3), return_exceptions=True)  # type: ignore[call-overload]
    refusals = [each for each in done if isinstance(each, OutOfStock)]
    assert [refusal.code for refusal in refusals] == ["out_of_stock"] * 2
    assert [refusal.facts["lines"][0]["available"] for refusal in refusals] == [0, 0]
    assert await shop.pool.fetchval("SELECT count(*) FROM payment") == 1
    assert await shop.work() == 1  # of one intent in all: a payment begins only where stock is held
    assert await shop.work() == 0


async def test_07_webhook_client_and_worker_at_once_make_one_order_one_capture_and_no_refund(shop: Shop) -> None:
    """medusajs/medusa#13301, #12674: both complete the cart, and the loser's compensation refunds a good order."""
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=2)
    assert await shop.pay(order) == "requires_capture"  # the session made the intent, ahead of the worker
    webhooks = await shop.webhooks(order)
    news = [shop.receive(webhook) for webhook in webhooks * 3] + [shop.complete(order) for _ in range(4)]
    await asyncio.gather(*news, shop.work(), shop.work())
    await asyncio.gather(shop.work(), shop.work())
    await asyncio.gather(*(shop.receive(webhook) for webhook in reversed(await shop.webhooks(order))))
    assert await shop.history(order) == PAID_ONCE
    assert await shop.figures("lamp") == (8, 0)
    intent = await shop.at_stripe(order)
    assert (intent["status"], intent["amount_received"]) == ("succeeded", order.totals.total.amount_minor)


async def test_08_one_event_of_the_provider_brought_three_times_is_taken_once_and_never_an_error(shop: Shop) -> None:
    """Pinelab-studio/pinelab-vendure-plugins#620, vendurehq/vendure!3749: "Settled to Settled" for who had paid."""
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    while await shop.work():
        pass
    webhooks = await shop.webhooks(order)
    assert await outcomes(*(shop.receive(webhook) for webhook in webhooks * 3)) == {"NoneType": 3 * len(webhooks)}
    assert await shop.pool.fetchval("SELECT count(*) FROM payment_inbox") == len(webhooks)
    assert await shop.history(order) == PAID_ONCE


async def test_09_the_providers_key_is_the_payments_own_with_parameters_that_never_change(shop: Shop) -> None:
    """vendurehq/vendure#2364: a key of order code and amount, other metadata with it, and a hard error."""
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=1)
    first = await shop.gateway.create(await shop.payment(order))  # and then we are killed
    await shop.price("lamp", 2000)  # nothing of today's may get into a call that is made once more
    payment = await shop.payment(order)
    again = await asyncio.gather(*(shop.gateway.create(payment) for _ in range(3)))
    sessions = [payments.start_session(shop.pool, shop.providers, payment, "pk", CAUSE) for _ in range(3)]
    opened, _ = await asyncio.gather(asyncio.gather(*sessions), shop.work())
    assert {seen.intent_id for seen in again} == {first.intent_id}
    assert {session.intent_id for session in opened} == {first.intent_id}
    assert (await shop.at_stripe(order))["amount"] == order.totals.total.amount_minor


async def test_10_completing_again_answers_the_same_order_and_the_cart_stays(shop: Shop) -> None:
    """saleor/saleor#12652, #12229: the checkout was deleted under its caller, who had paid."""
    await shop.stock("lamp", 10)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    placed = await asyncio.gather(*(shop.place(basket, quote.id) for _ in range(10)))
    assert len({order.id for order in placed}) == 1
    await shop.pay(placed[0])
    await shop.complete(placed[0])
    assert (await shop.place(basket, quote.id)).state == "confirmed"
    kept = await carts.show_cart(shop.pool, basket.id, basket.secret)
    assert (kept.order_id, [line.sku for line in kept.lines]) == (placed[0].id, ["lamp"])


async def test_11_a_declined_card_is_no_dead_end_and_nobody_pays_twice(shop: Shop) -> None:
    """vendurehq/vendure#2620, medusajs/medusa#12481: stuck in ArrangingPayment, or charged by two tabs."""
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=1)
    assert await shop.pay(order, "pm_card_visa_chargeDeclined") == "card_declined"
    await asyncio.gather(*(shop.receive(webhook) for webhook in await shop.webhooks(order)))
    assert (await shop.now(order)).state == "pending_payment"
    tabs = await asyncio.gather(shop.pay(order), shop.pay(order), return_exceptions=True)
    assert "requires_capture" in tabs
    await asyncio.gather(shop.complete(order), shop.complete(order))
    while await shop.work():
        pass
    intent = await shop.at_stripe(order)
    assert (intent["status"], intent["amount_received"]) == ("succeeded", order.totals.total.amount_minor)
    assert (await shop.history(order)).count("payment_captured") == 1


async def test_12_the_last_use_of_a_code_goes_to_one_of_all_who_want_it_at_once(shop: Shop) -> None:
    """saleor/saleor#544, vendurehq/vendure!4660: the limit is checked by one call and counted by another."""
    await shop.stock("lamp", 100)
    code = await shop.promote(PercentageInput(1000), code="FIRST-SEVEN", most=7)
    shops = shop.as_processes()
    buying = [next(shops).bought_by("FIRST-SEVEN", f"guest-{n}@shop.example") for n in range(40)]
    told = Counter("order" if isinstance(each, shop.order_type) else each for each in await asyncio.gather(*buying))
    assert told["order"] == await shop.used(code) == 7
    assert told["stale"] + told["used_up"] == 33
    async with shop.pool.acquire() as conn:
        assert await verify.differences(conn) == []


async def test_13_while_a_provider_does_not_answer_no_transaction_is_open_and_others_buy(
    shop: Shop, database_url: str
) -> None:
    """saleor/saleor!16337: a call to an outside service inside a transaction stopped everybody."""
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=1)
    await shop.outage("hang")
    waiting = [asyncio.create_task(shop.pay(order)), asyncio.create_task(shop.work())]
    async with asyncio.timeout(60):
        while await shop.pool.fetchval("SELECT count(*) FROM payment WHERE next_attempt_at > clock_timestamp()") == 0:
            await asyncio.sleep(0.01)
    opened = await open_transactions(database_url)
    await asyncio.gather(*(shop.order(lamp=1) for _ in range(3)))
    asked = [task.done() for task in waiting]
    await shop.outage("off")
    await asyncio.gather(*waiting, return_exceptions=True)
    assert opened == 0
    assert not all(asked)  # the others had their orders while the provider was silent
    assert await shop.figures("lamp") == (10, 4)


class Silent:
    """A service for shipping and taxes that never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def options(self, parcel: Parcel) -> Sequence[Shipping]:
        await self.taxes(parcel)
        return []

    async def taxes(self, question: object) -> Taxes:
        self.asked.set()
        await asyncio.Event().wait()
        return Taxes([], [])


@pytest.mark.parametrize("asked", ["shipping", "taxes"])
async def test_13_nor_while_one_for_shipping_or_taxes_does_not(shop: Shop, database_url: str, asked: str) -> None:
    """The very service of saleor/saleor!16337: asked for each quote, it may be away for each."""
    await shop.stock("lamp", 10)
    silent, basket = Silent(), await shop.basket(lamp=1)
    outside = shop.outside._replace(rates_seconds=30.0, taxes_seconds=30.0)
    outside = outside._replace(rates=silent) if asked == "shipping" else outside._replace(taxes=silent)
    contact = customers.contact(MAIL, ADDRESS)
    quote = quoting.issue_quote(shop.pool, shop.keyring, basket.id, basket.secret, contact, 900, outside, CAUSE)
    waiting = asyncio.create_task(quote)
    async with asyncio.timeout(60):
        await silent.asked.wait()
    opened = await open_transactions(database_url)
    await asyncio.gather(*(shop.order(lamp=1) for _ in range(3)))
    silenced = not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (opened, silenced) == (0, True)
    assert await shop.figures("lamp") == (10, 3)


async def test_14_no_order_is_made_of_totals_that_were_reckoned_for_another_cart(shop: Shop) -> None:
    """saleor/saleor#19801: an edit at the same time dropped the tax, and the order was completed untaxed."""
    await shop.stock("lamp", 100)
    for _ in range(6):
        basket = await shop.basket(lamp=1)
        quote = await shop.quote(basket)
        placed, edited = await asyncio.gather(
            shop.place(basket, quote.id), shop.add(basket, "lamp", 1), return_exceptions=True
        )
        assert isinstance(placed, QuoteStale) or isinstance(edited, CartOrderedAlready)
        order = await shop.place(basket, (await shop.quote(basket)).id) if isinstance(placed, QuoteStale) else placed
        assert not isinstance(order, BaseException)
        rows = await shop.now(order)
        assert sum(line.quantity for line in rows.lines) == (2 if edited is None else 1)
        assert sum(line.tax_minor for line in rows.lines) > 0
        assert sum(line.total_minor for line in rows.lines) == order.totals.lines.amount_minor


async def test_15_what_is_charged_is_the_sum_of_the_lines_to_the_cent(shop: Shop) -> None:
    """medusajs/medusa#14818, #13972: totals of fractions of a cent that never equal what Stripe took."""
    await shop.stock("lamp", 100, price=333)
    await shop.stock("bulb", 100, price=1)
    await shop.stock("cord", 100, price=1999)
    order = await shop.order(lamp=3, bulb=7, cord=1)
    totals = order.totals
    lines = (await shop.now(order)).lines
    assert sum(line.quantity * line.unit_price_minor for line in lines) == totals.lines.amount_minor == 3005
    parts = totals.lines.amount_minor + totals.shipping.amount_minor + totals.tax.amount_minor
    assert parts == totals.total.amount_minor
    await shop.pay(order)
    await shop.complete(order)
    while await shop.work():
        pass
    intent = await shop.at_stripe(order)
    assert intent["amount"] == intent["amount_received"] == totals.total.amount_minor
