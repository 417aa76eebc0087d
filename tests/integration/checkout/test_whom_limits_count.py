"""Limits per customer hold for a mailbox, however often its address is spelled anew, and nothing else is shared."""

import asyncio
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.falling_through import WAYS, fall_through
from tests.integration.checkout.patience import all_while_the_stock_is_held, patient, until_waiting
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import tried
from tests.integration.checkout.test_exchanges import replacement, swap
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_purchase_limits import bought, left, limit
from tests.integration.checkout.test_returns import receive
from write_side import erasure
from write_side.erasure import Ledger
from write_side.fulfilment.editing import adding
from write_side.fulfilment.editing.domain import AddLines
from write_side.inventory import Demand, PurchaseLimitReached
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import PercentageInput as Percentage
from write_side.returns import handlers
from write_side.returns.domain import ApproveReturn
from write_side.schema.migrate import migrate

ADA = "ada@shop.example"
SPELLINGS = ["ada+1@shop.example", " ADA+two@shop.example", "Ada@Shop.Example", "ada+3+4@shop.example"]
AT_GMAIL = ["a.da@gmail.com", "Ada@googlemail.com", "ad.a+shop@gmail.com", "a.d.a+2@googlemail.com"]


def is_order(outcome: object) -> bool:
    return isinstance(outcome, OrderState)


@pytest.mark.parametrize("spellings", [SPELLINGS, AT_GMAIL], ids=["plus", "gmail"])
async def test_a_code_is_used_so_often_by_one_mailbox_however_many_come_at_once(
    shop: Shop, spellings: list[str]
) -> None:
    await shop.stock("lamp", 100)
    coupon = await shop.promote(Percentage(1000), code="TWICE", most_per_customer=2)
    shops = shop.as_processes()
    done = await asyncio.gather(*(next(shops).bought_by("TWICE", mail) for mail in spellings * 4))
    assert Counter(map(is_order, done)) == {True: 2, False: 14}
    assert await shop.used(coupon) == 2
    assert is_order(await shop.bought_by("TWICE", "ada.lovelace@shop.example"))
    assert await shop.bought_by("TWICE", spellings[0]) == "used_up_by_you", "the quote says so"


async def test_quotes_that_were_all_made_before_give_one_mailbox_so_many_and_no_more(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    await limit(shop, most_per_customer=3)
    baskets = [await shop.basket(lamp=1) for _ in range(4)]
    quotes = [await shop.quote(basket, mail) for basket, mail in zip(baskets, SPELLINGS, strict=True)]
    async with patient(shop) as slow:
        processes = slow.as_processes(8)
        placing = [next(processes).place(basket, quote.id) for basket, quote in zip(baskets[:3], quotes, strict=False)]
        done = await asyncio.gather(*placing, shop.place(baskets[3], quotes[3].id), return_exceptions=True)
    assert Counter(type(each) for each in done) == {OrderState: 3, PurchaseLimitReached: 1}
    assert await shop.figures("lamp") == (100, 3)
    basket = await shop.basket(lamp=1)
    with pytest.raises(PurchaseLimitReached) as refused:
        await shop.quote(basket, "ada+5@shop.example")
    assert left(refused.value) == [("lamp", 0)], "asked for a quote, not for an order"


async def test_spellings_wait_for_one_another_where_something_is_limited(shop: Shop) -> None:
    """Red without the customer's lock, or with one of the spelling's: both have counted before either is there."""
    await shop.stock("lamp", 100)
    await limit(shop, most_per_customer=1)
    baskets = [await shop.basket(lamp=1) for _ in range(4)]
    quotes = [await shop.quote(basket, mail) for basket, mail in zip(baskets, AT_GMAIL, strict=True)]

    async def placed(slow: Shop, n: int) -> object:
        try:
            return await slow.place(baskets[n], quotes[n].id)
        except PurchaseLimitReached as refused:
            return refused

    async with patient(shop) as slow:
        processes = slow.as_processes()
        done = await all_while_the_stock_is_held(slow, [placed(next(processes), n) for n in range(4)])
    assert Counter(map(is_order, done)) == {True: 1, False: 3}


@pytest.mark.parametrize("how", WAYS)
async def test_what_falls_through_is_had_again_by_any_spelling(shop: Shop, how: str) -> None:
    await shop.stock("lamp", 9)
    await limit(shop, most_per_customer=1)
    coupon = await shop.promote(Percentage(1000), code="ONCE", most_per_customer=1)
    order = await shop.bought_by("ONCE", SPELLINGS[0])
    assert isinstance(order, OrderState)
    assert isinstance(await bought(shop, SPELLINGS[1], lamp=1), PurchaseLimitReached)
    await fall_through(shop, order, how)
    assert await shop.used(coupon) == 0
    assert is_order(await shop.bought_by("ONCE", SPELLINGS[1]))


async def bought_and_paid(shop: Shop, mail: str, **lines: int) -> OrderState:
    order = await bought(shop, mail, **lines)
    assert isinstance(order, OrderState)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    return order


async def test_what_is_added_counts_for_the_mailbox_from_the_first_look_on(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50)
    await limit(shop, most_per_customer=2)
    await shop.promote(Percentage(1000), skus=["lamp"], most_per_customer=1)  # by itself
    assert is_order(await bought(shop, SPELLINGS[0], lamp=1))
    order = await bought_and_paid(shop, SPELLINGS[1], bulb=1)
    wanted = AddLines([Demand("lamp", 2)])
    offered = await adding.offer(shop.pool, shop.keyring, order.id, wanted, shop.settings, shop.outside)
    assert left(offered) == [("lamp", 1)]
    added = await tried(shop, order, lamp=1)
    assert isinstance(added, OrderState)
    now = await shop.now(added)
    assert (now.customer, now.discounts) == ((await shop.now(order)).customer, [])
    assert now.customer != now.person_id
    assert left(await bought(shop, ADA, lamp=1)) == [("lamp", 0)]


async def test_additions_to_orders_of_two_spellings_at_once_are_those_of_one_customer(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50)
    await limit(shop, most_per_customer=1)
    orders = [await bought_and_paid(shop, mail, bulb=1) for mail in SPELLINGS[:3]]
    async with patient(shop) as slow:
        done = await all_while_the_stock_is_held(slow, [tried(slow, order, lamp=1) for order in orders])
    assert Counter(type(each) for each in done) == {OrderState: 1, PurchaseLimitReached: 2}


async def test_what_is_sent_instead_counts_for_the_mailbox_when_it_is_wished_and_when_it_is_held(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50, price=500)
    await limit(shop, most_per_customer=2)
    assert is_order(await bought(shop, SPELLINGS[0], lamp=1))
    by_hand = {"return_approval": "by_hand"}
    orders = [await bought_and_paid(shop, mail, bulb=1) for mail in SPELLINGS[1:3]]
    for order in orders:
        await ship(shop, order, order.number)
    with pytest.raises(PurchaseLimitReached):
        await swap(shop, orders[0], 1, of="bulb", said=by_hand, lamp=2)
    asked = [await swap(shop, order, 1, of="bulb", said=by_hand, lamp=1) for order in orders]
    await handlers.approve_return(shop.pool, asked[0].id, ApproveReturn(), shop.settings, CAUSE, new_call())
    with pytest.raises(PurchaseLimitReached):
        await handlers.approve_return(shop.pool, asked[1].id, ApproveReturn(), shop.settings, CAUSE, new_call())
    each = await receive(shop, asked[0], {"sku": "bulb", "quantity": 1})
    new = await shop.now(await replacement(shop, each))
    assert new.counted_as == (await shop.now(orders[0])).counted_as is not None
    assert left(await bought(shop, ADA, lamp=1)) == [("lamp", 0)]


async def test_where_less_comes_back_than_was_announced_the_whole_mailbox_is_asked(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await limit(shop, most_per_customer=4)
    assert is_order(await bought(shop, SPELLINGS[0], lamp=1))
    order = await bought_and_paid(shop, SPELLINGS[1], lamp=2)
    await ship(shop, order, order.number)
    each = await receive(shop, await swap(shop, order, 2, lamp=3), {"sku": "lamp", "quantity": 1})
    assert (each.exchange_state, each.failure) == ("failed", "purchase_limit")


async def test_nothing_but_what_counts_knows_that_they_are_one(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    orders = [await bought(shop, mail, lamp=1) for mail in (*SPELLINGS, "bob@shop.example")]
    found = [await shop.now(each) for each in orders if isinstance(each, OrderState)]
    assert len({order.person_id for order in found}) == 5
    assert [order.counted_as for order in found] == [None, *[found[0].person_id] * 3, None]
    for order in found:
        held = await erasure.export(shop.pool, shop.keyring, order.person_id)
        assert [one.id for one in held.orders] == [order.id]
        [quote] = held.quotes
        told_of = {held.counted_as, held.orders[0].counted_as, quote.counted_as}
        assert told_of == {order.counted_as}, "whoever asks for all that is held is told this, too"
    placed = "SELECT convert_from(payload, 'UTF8') FROM event_log WHERE type = $1 ORDER BY position"
    for kind in ("orders.order_placed.v1", "orders.quote_issued.v1"):
        told = ["counted_as" in row[0] for row in await shop.pool.fetch(placed, kind)]
        assert told == [False, True, True, True, False], "whoever counts as themselves has the events of before"


async def test_two_spellings_that_come_at_once_are_one_customer(shop: Shop) -> None:
    first, second = (f"ada+{n}@shop.example" for n in (1, 2))
    conn = await asyncpg.connect(shop.settings.keyring_url)
    async with conn.transaction():
        spelled, canonical = shop.keyring.blinded(first), shop.keyring.blinded(ADA)
        made = "SELECT person_id FROM person_counted($1, $2, gen_random_uuid(), $3)"
        person_id = await conn.fetchval(made, spelled, canonical, b"somebody's")
        other = asyncio.ensure_future(shop.keyring.person_for(second))
        await until_waiting(conn, 1, [other])
    await conn.close()
    assert (await other).counted_as == person_id


async def test_somebody_from_before_is_told_whom_they_count_as_when_they_come_again(shop: Shop) -> None:
    mailbox = await shop.keyring.person_for(ADA)
    before = await shop.keyring.person_for(SPELLINGS[0])
    conn = await asyncpg.connect(shop.settings.keyring_url)
    await conn.execute("DROP FUNCTION person_counted")
    await conn.execute("ALTER TABLE person_key DROP COLUMN canonical_fingerprint, DROP COLUMN counted_as")
    await conn.close()
    await migrate(shop.settings.database_url, shop.settings.keyring_url)
    again = await shop.keyring.person_for(SPELLINGS[0])
    assert (again.id, again.key, again.counted_as) == (before.id, before.key, mailbox.id)
    assert await shop.keyring.counted_as("nobody+1@shop.example") is None
    assert await shop.keyring.find("nobody@shop.example") is None, "nobody is made for counting"


async def test_whoever_is_erased_takes_along_what_was_kept_for_counting(shop: Shop, tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "erasures.jsonl"))
    first, second = [await shop.keyring.person_for(mail) for mail in SPELLINGS[:2]]
    await erasure.erase(shop.pool, shop.keyring, ledger, first.id, CAUSE)
    third = await shop.keyring.person_for(ADA)
    assert {second.counted_as, third.counted_as} == {first.id}, "who is left still counts as one"
    for person in (second, third):
        await erasure.erase(shop.pool, shop.keyring, ledger, person.id, CAUSE)
    conn = await asyncpg.connect(shop.settings.keyring_url)
    assert await conn.fetchval("SELECT count(*) FROM person_key") == 0
    await conn.close()
    newcomer = await shop.keyring.person_for(SPELLINGS[1])
    assert newcomer.counted_as == newcomer.id
