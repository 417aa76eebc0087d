"""Doorbuster sales at the checkout: nobody buys what is sold by turns without one, and no turn is taken twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import msgspec
import pytest

from doorbuster import verify
from shared.events.sales import PassGiven
from shared.ids import uuid7
from shared.tickets import Ticket
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Basket, Shop
from write_side import catalog
from write_side.app import create_app
from write_side.catalog import ProductInput, UnknownSku, VariantInput
from write_side.catalog import handlers as catalog_handlers
from write_side.sales import PassRequired, Sale
from write_side.sales import handlers as sales
from write_side.sales import store as sales_store
from write_side.sales.domain import BadTicket, NotYourTurn, SaleInput, SalePass, SkuInSale, TurnTaken, UnknownSale

_sale, _pass = msgspec.json.Decoder(Sale), msgspec.json.Decoder(SalePass)


async def announced(shop: Shop, began_ago: float = 60, rate: int = 60, **said: object) -> Sale:
    """A sale of lamps: so many seconds ago it began, a turn a second unless told."""
    starts_at = datetime.now(UTC) - timedelta(seconds=began_ago)
    new = msgspec.structs.replace(SaleInput("Doors", ["lamp"], starts_at, rate), **said)
    return _sale.decode((await sales.announce_sale(shop.pool, new, CAUSE, new_call())).body)


def ticket(shop: Shop, sale_id: UUID, number: int, early: int | None = 0) -> str:
    return Ticket(sale_id, number, early).signed(shop.settings.link_secret)


async def take(shop: Shop, basket: Basket, token: str) -> SalePass:
    args = shop.pool, shop.settings.link_secret, basket.id, basket.secret, token
    return _pass.decode((await sales.take_turn(*args, CAUSE)).body)


async def test_only_a_cart_with_a_pass_holds_is_quoted_and_orders_what_is_sold_by_turns(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    await shop.stock("bulb", 5)
    before = await shop.basket(lamp=1)
    quoted_before = await shop.quote(before)
    sale = await announced(shop)
    mine = await shop.basket(bulb=1)
    refused = [shop.add(mine, "lamp", 1), shop.quote(before), shop.place(before, quoted_before.id)]
    for each in refused:
        with pytest.raises(PassRequired) as told:
            await each
        assert told.value.facts["waiting_room"] == f"/v1/sales/{sale.id}"
    given = await take(shop, mine, ticket(shop, sale.id, 0))
    assert (given.sale_id, given.position, given.cart_id) == (sale.id, 0, mine.id)
    await shop.add(mine, "lamp", 1)
    order = await shop.place(mine, (await shop.quote(mine)).id)
    assert order.state == "pending_payment"
    other = await shop.basket(bulb=1)
    with pytest.raises(PassRequired):
        await shop.add(other, "lamp", 1)
    await sales.end_sale(shop.pool, sale.id, CAUSE)
    await shop.add(other, "lamp", 1)
    assert (await shop.place(before, quoted_before.id)).state == "pending_payment"
    async with shop.pool.acquire() as conn:
        assert await verify.differences(conn) == []


async def test_a_sale_names_only_what_somebody_sells_and_keeps_what_it_named(shop: Shop) -> None:
    """One of a misspelt SKU was announced, and whoever came bought the right one without a pass."""
    await shop.stock("lamp", 5)
    with pytest.raises(UnknownSku) as told:
        await announced(shop, skus=["lamp", "lmap"])
    assert told.value.facts == {"sku": "lmap", "skus": ["lmap"], "pointer": "/skus/1"}
    assert (await sales.list_sales(shop.pool, None, 10)).sales == []
    sale = await announced(shop)
    said = SaleInput("Doors", ["lamp", "bulb"], sale.terms.starts_at, 60)
    with pytest.raises(UnknownSku):
        await sales.revise_sale(shop.pool, sale.id, said, sale.version, CAUSE)
    async with shop.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, "lamp")
    other = ProductInput("Lamp", [VariantInput("lamp-2")])
    await catalog_handlers.replace_product(shop.pool, product_id, other, None, CAUSE, None)
    said = msgspec.structs.replace(said, skus=["lamp", "lamp-2"])
    await sales.revise_sale(shop.pool, sale.id, said, sale.version, CAUSE)
    assert (await sales.show_sale(shop.pool, sale.id)).gated == ["lamp", "lamp-2"]


async def test_a_turn_is_taken_once_however_many_show_its_ticket_at_once(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    sale = await announced(shop)
    baskets = [await shop.basket() for _ in range(12)]
    shared = ticket(shop, sale.id, 7)
    outcomes = await asyncio.gather(*(take(shop, each, shared) for each in baskets * 2), return_exceptions=True)
    passes = [each for each in outcomes if isinstance(each, SalePass)]
    assert len(passes) == 2, "the one cart, and its repeat"
    assert passes[0] == passes[1]
    assert all(isinstance(each, TurnTaken) for each in outcomes if not isinstance(each, SalePass))
    assert await shop.pool.fetchval("SELECT count(*) FROM sale_pass") == 1
    winner = next(each for each in baskets if each.id == passes[0].cart_id)
    spare = ticket(shop, sale.id, 8)
    assert await take(shop, winner, spare) == passes[0], "who has a pass keeps it, and the other ticket its turn"
    loser = next(each for each in baskets if each.id != passes[0].cart_id)
    assert (await take(shop, loser, spare)).position == 8


async def test_tickets_that_are_forged_early_foreign_or_unknown_open_nothing(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    sale, basket = await announced(shop, began_ago=10), await shop.basket()
    good = ticket(shop, sale.id, 0)
    for token, refusal in (
        (good[:-2] + "AA", BadTicket),
        (good.replace(".0.0.", ".1.0."), BadTicket),
        (Ticket(sale.id, 0, 0).signed("another secret"), BadTicket),
        ("", BadTicket),
        (ticket(shop, sale.id, 3000), NotYourTurn),
        (ticket(shop, sale.id, 0, None), NotYourTurn),
        (ticket(shop, basket.id, 0), UnknownSale),
    ):
        with pytest.raises(refusal):
            await take(shop, basket, token)
    assert await shop.pool.fetchval("SELECT count(*) FROM sale_pass") == 0
    with pytest.raises(SkuInSale):
        await announced(shop)


async def test_a_pass_that_ran_out_holds_no_new_line_but_what_was_quoted_can_be_ordered(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    sale, basket = await announced(shop), await shop.basket()
    short = PassGiven(uuid7(), sale.id, 0, basket.id, datetime.now(UTC) + timedelta(seconds=3))
    async with shop.pool.acquire() as conn, conn.transaction():
        await sales_store.give_pass(conn, short, CAUSE)
    await shop.add(basket, "lamp", 1)
    quote = await shop.quote(basket)
    await asyncio.sleep((short.until - datetime.now(UTC)).total_seconds())  # no clock but the database's own will do
    for each in (shop.add(basket, "lamp", 1), shop.quote(basket)):
        with pytest.raises(PassRequired):
            await each
    assert (await shop.place(basket, quote.id)).state == "pending_payment"


async def test_staff_hold_a_sale_and_let_it_go_on_over_http(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    sale = await announced(shop, began_ago=60)
    args = shop.pool, sale.id, SaleInput("Doors", ["lamp"], sale.terms.starts_at, 0), 1, CAUSE
    held = _sale.decode((await sales.revise_sale(*args)).body)
    assert 60 <= held.gate.passed <= 61
    basket = await shop.basket()
    async with client_of(create_app(shop.settings)) as api:
        answer = await pass_over_http(api, basket, ticket(shop, sale.id, 62))
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (409, "not_your_turn", "1")
        answer = await pass_over_http(api, basket, ticket(shop, sale.id, 59))
        assert (answer.status_code, answer.json()["position"]) == (200, 59)
        for secret, code in (({}, "cart_secret_required"), ({"Cart-Secret": "x"}, "wrong_cart_secret")):
            body = {"ticket": ticket(shop, sale.id, 5)}
            assert (await api.post(f"/v1/carts/{basket.id}/passes", json=body, headers=secret)).json()["code"] == code


async def pass_over_http(api: httpx.AsyncClient, basket: Basket, token: str) -> httpx.Response:
    headers = {"Cart-Secret": basket.secret}
    return await api.post(f"/v1/carts/{basket.id}/passes", json={"ticket": token}, headers=headers)
