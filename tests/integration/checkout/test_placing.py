"""What placing an order refuses, and what becomes of several commands in one call."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import MAIL, Basket, Shop
from write_side import catalog
from write_side.carts import CartOrderedAlready
from write_side.carts import domain as cart_domain
from write_side.carts import handlers as cart_handlers
from write_side.carts import store as cart_store
from write_side.catalog import handlers as catalog_handlers
from write_side.commands import KeyReused
from write_side.database import Pool
from write_side.orders import placing
from write_side.orders.calls import Known, Outcome, Placing, store
from write_side.orders.handlers import OrderState
from write_side.orders.placing import PlaceOrder
from write_side.orders.refusals import CartEmpty, NotSellable, QuoteExpired, QuoteStale
from write_side.pricing import handlers as price_handlers


async def test_an_empty_cart_is_not_quoted(shop: Shop) -> None:
    with pytest.raises(CartEmpty):
        await shop.quote(await shop.basket())


async def test_what_is_no_longer_sold_is_not_quoted(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket(lamp=1)
    await price_handlers.remove_price(shop.pool, "lamp", "EUR", CAUSE, new_call())
    with pytest.raises(NotSellable) as refused:
        await shop.quote(basket)
    assert refused.value.facts["skus"] == ["lamp"]


async def test_a_cart_takes_only_what_is_sold_in_its_currency(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket()
    with pytest.raises(catalog.UnknownSku):
        await shop.add(basket, "unicorn", 1)
    opened = await cart_handlers.open_cart(shop.pool, cart_domain.NewCart("USD"), CAUSE)
    dollars = shop.basket_of(opened)
    with pytest.raises(cart_domain.NotSold):
        await shop.add(dollars, "lamp", 1)


async def test_what_has_not_come_yet_or_has_gone_is_sold_to_nobody(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    async with shop.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, "lamp")
    minute, day = datetime.now(UTC).replace(second=0, microsecond=0), timedelta(days=1)
    times: list[dict[str, Any]] = [{"publish_at": minute + day}, {"unpublish_at": minute - day}]
    for version, moments in enumerate(times, start=1):
        given = catalog.ProductInput("Lamp", [catalog.VariantInput("lamp")], **moments)
        await catalog_handlers.replace_product(shop.pool, product_id, given, version, CAUSE, None)
        with pytest.raises(cart_domain.NotSold):
            await shop.add(await shop.basket(), "lamp", 1)
        with pytest.raises(NotSellable):
            await shop.quote(basket)
        with pytest.raises(NotSellable):
            await shop.place(basket, quote.id)
    assert await shop.figures("lamp") == (5, 0)


async def test_an_expired_quote_is_refused(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket, ttl=0)
    with pytest.raises(QuoteExpired):
        await shop.place(basket, quote.id)
    assert await shop.figures("lamp") == (5, 0)


async def test_a_changed_price_makes_a_quote_stale_and_a_new_quote_is_the_way_back(shop: Shop) -> None:
    await shop.stock("lamp", 5, price=1000)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    await shop.price("lamp", 1200)
    with pytest.raises(QuoteStale) as refused:
        await shop.place(basket, quote.id)
    assert refused.value.facts["changes"] == [{"what": "price", "sku": "lamp", "was_minor": 1000, "now_minor": 1200}]
    fresh = await shop.quote(basket)
    assert (await shop.place(basket, fresh.id)).totals.lines.amount_minor == 1200


async def test_a_changed_cart_makes_a_quote_stale(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    await shop.add(basket, "lamp", 1)
    with pytest.raises(QuoteStale):
        await shop.place(basket, quote.id)


async def test_an_ordered_cart_takes_no_more_lines_but_can_be_read(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket(lamp=1)
    order = await shop.place(basket, (await shop.quote(basket)).id)
    with pytest.raises(CartOrderedAlready):
        await shop.add(basket, "lamp", 1)
    with pytest.raises(CartOrderedAlready):
        await shop.quote(basket)
    cart = await cart_handlers.show_cart(shop.pool, basket.id, basket.secret)
    assert (cart.order_id, len(cart.lines)) == (order.id, 1)


async def test_a_repeat_is_answered_though_the_quote_holds_no_longer(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    call = shop.new_key()
    order = await shop.place(basket, quote.id, call)
    await shop.price("lamp", 9999)
    assert await shop.place(basket, quote.id, call) == order
    assert await shop.place(basket, quote.id) == order


async def test_a_repeat_that_reads_while_its_first_call_commits_is_not_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.stock("lamp", 1)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    call, look = shop.new_key(), store.look
    elsewhere = next(shop.as_processes())  # in one process the two would be apart
    first: list[OrderState] = []

    async def commit_in_between(pool: Pool, quote_ids: Sequence[UUID]) -> Known:
        before = await look(pool, quote_ids)
        if not first:
            monkeypatch.setattr(store, "look", look)
            first.append(await elsewhere.place(basket, quote.id, call))  # takes the last lamp
        return before

    monkeypatch.setattr(store, "look", commit_in_between)
    assert [await shop.place(basket, quote.id, call)] == first


async def test_one_key_for_two_bodies_is_refused(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    key = str(uuid7())
    await shop.place(basket, quote.id, new_call(key, body=b"one"))
    with pytest.raises(KeyReused):
        await shop.place(basket, quote.id, new_call(key, body=b"another"))


async def test_nothing_is_placed_with_another_carts_secret(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket, other = await shop.basket(lamp=1), await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    with pytest.raises(cart_domain.WrongSecret):
        await shop.place(Basket(basket.id, other.secret), quote.id)
    with pytest.raises(cart_domain.WrongSecret):
        await shop.place(basket, uuid7())  # no such quote
    with pytest.raises(cart_domain.WrongSecret):
        await shop.place(basket, basket.id)


async def test_an_order_is_put_together_from_two_warehouses(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    await shop.stock("lamp", 4, warehouse="MUC")
    order = await shop.order(lamp=5)
    taken = [(a.warehouse, a.quantity) for a in (await shop.now(order)).allocations]
    assert taken == [("BER", 3), ("MUC", 2)]
    assert (await shop.figures("lamp"), await shop.figures("lamp", "MUC")) == ((3, 3), (4, 2))


async def test_one_warehouse_that_sold_out_meanwhile_is_replaced_by_another(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("lamp", 10, warehouse="MUC")
    baskets = [await shop.basket(lamp=5) for _ in range(4)]
    quotes = [await shop.quote(basket) for basket in baskets]
    for basket, quote in zip(baskets, quotes, strict=True):
        await shop.place(basket, quote.id)
    assert (await shop.figures("lamp"), await shop.figures("lamp", "MUC")) == ((10, 10), (10, 10))


async def test_several_orders_in_one_call_are_answered_each_on_its_own(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    await shop.stock("bulb", 3)
    baskets = [await shop.basket(lamp=2), await shop.basket(lamp=2, bulb=1), await shop.basket(bulb=2, lamp=1)]
    commands = [await command(shop, basket) for basket in baskets]
    done = await store.place(shop.pool, commands)
    assert [each.outcome for each in done] == ["done", "out_of_stock", "done"]
    assert [line["sku"] for line in done[1].facts] == ["lamp"]
    assert (await shop.figures("lamp"), await shop.figures("bulb")) == ((3, 3), (3, 2))
    again = await store.place(shop.pool, commands[:1])
    assert (again[0].outcome, again[0].answer) == ("replayed", done[0].answer)


@pytest.mark.parametrize("count", [1, 3])
async def test_when_the_last_one_goes_between_reading_and_placing_everybody_is_told_so(shop: Shop, count: int) -> None:
    await shop.stock("lamp", 1)
    winner, *losers = [await command(shop, await shop.basket(lamp=1)) for _ in range(1 + count)]
    await store.place(shop.pool, [winner])
    lost = await store.place(shop.pool, losers)
    assert [each.outcome for each in lost] == ["out_of_stock"] * count
    assert [line["available"] for each in lost for line in each.facts] == [0] * count
    assert await shop.figures("lamp") == (1, 1)


async def test_an_order_that_fails_in_a_batch_leaves_its_neighbours_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.stock("lamp", 9)
    baskets = [await shop.basket(lamp=n) for n in (1, 2, 3)]
    wanted = [PlaceOrder((await shop.quote(b)).id, b.secret, 1800, CAUSE, shop.new_key()) for b in baskets]
    place, calls = store.place, list[int]()

    async def one_number_is_taken(pool: Pool, commands: Sequence[Placing]) -> list[Outcome]:
        calls.append(len(commands))
        broken = [structs.replace(c, order_id=None) if c.quote_id == wanted[1].quote_id else c for c in commands]
        return await place(pool, broken)

    monkeypatch.setattr(store, "place", one_number_is_taken)
    done = await placing.place_all(shop.pool, wanted)
    assert calls == [3, 1, 1, 1]
    assert [getattr(each, "outcome", type(each).__name__) for each in done] == ["done", "NotNullViolationError", "done"]
    assert await shop.figures("lamp") == (9, 4)


async def test_a_batch_writes_a_contended_item_once_and_every_order_makes_its_own_event(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    commands = [await command(shop, await shop.basket(lamp=n)) for n in range(1, 11)]
    assert {each.outcome for each in await store.place(shop.pool, commands)} == {"done"}
    rows = await shop.pool.fetch(
        """SELECT aggregate_version AS version, convert_from(payload, 'UTF8')::jsonb ->> 'reserved' AS reserved
           FROM event_log WHERE type = 'inventory.stock_reserved.v1' ORDER BY aggregate_version"""
    )
    assert [(row["version"], row["reserved"]) for row in rows] == [
        (2 + n, str(sum(range(1, n + 2)))) for n in range(10)
    ]
    assert await shop.figures("lamp") == (100, 55)


async def command(shop: Shop, basket: Basket, mail: str = MAIL) -> Placing:
    wanted = PlaceOrder((await shop.quote(basket, mail)).id, basket.secret, 1800, CAUSE, shop.new_key())
    return placing.decide(await store.look(shop.pool, [wanted.quote_id]), wanted, datetime.now(UTC))


@pytest.mark.slow
async def test_an_order_of_more_than_a_thousand_lines_goes_through(shop: Shop) -> None:
    wanted = {f"part-{n}": 1 + n % 3 for n in range(1114)}
    await shop.stock_many(list(wanted))
    basket = await shop.basket()
    await shop.fill(basket, wanted)
    quote = await shop.quote(basket)
    assert len(quote.lines) == 1114
    began = datetime.now(UTC)
    order = await shop.place(basket, quote.id)
    assert datetime.now(UTC) - began < timedelta(seconds=2)
    placed = await shop.now(order)
    assert sum(line.quantity for line in placed.lines) == sum(wanted.values())
    assert placed.totals.lines_minor == sum(line.total_minor for line in placed.lines)


async def test_a_cart_holds_two_thousand_lines_and_not_one_more(shop: Shop) -> None:
    basket = await shop.basket()

    async def change(sku: str, quantity: int = 1) -> str:
        async with shop.pool.acquire() as conn:
            return (await cart_store.change_line(conn, basket.id, sku, to=quantity, cause=CAUSE)).outcome

    for n in range(0, 2000, 10):
        done = await asyncio.gather(*(change(f"sku-{k}") for k in range(n, n + 10)))
        assert done == ["done"] * 10
    assert await change("one-more") == "too_many_lines"
    assert await change("sku-7", 9) == "done"
    assert await change("sku-7", 9) == "unchanged"
    assert await change("sku-7", 0) == "done"
    assert await change("one-more") == "done"
    assert await change("sku-8", 10_000) == "too_many"
