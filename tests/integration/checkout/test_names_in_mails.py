"""Mails name goods in the language that the buyer read, as they were called when they bought them."""

from typing import Any

import msgspec
import pytest
from msgspec import structs

from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import add
from tests.integration.checkout.test_exchanges import swap
from tests.integration.checkout.test_mails import react, send
from tests.integration.checkout.test_over_http import BUYER, Guest
from tests.integration.checkout.test_parcels import ship
from write_side import catalog
from write_side.app import create_app
from write_side.catalog import ProductInput, TranslationInput, VariantInput
from write_side.catalog import handlers as catalog_handlers
from write_side.notifications.gateway import MailServer

GERMAN = {"de": TranslationInput("Leuchte"), "de-AT": TranslationInput("Lamperl"), "fr": TranslationInput("", "Luit.")}


async def name(shop: Shop, sku: str, version: int, **names: str) -> None:
    """A product of one SKU is called so from now on; `de_AT` is `de-AT`."""
    told = {locale.replace("_", "-"): TranslationInput(said) for locale, said in names.items()}
    given = ProductInput(sku.title(), [VariantInput(sku, name="red")], translations=told)
    async with shop.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, sku)
    await catalog_handlers.replace_product(shop.pool, product_id, given, version, CAUSE, None)


async def test_what_was_bought_is_called_as_its_buyer_read_it_whatever_it_is_called_since(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    for sku in ("lamp", "bulb", "cord"):
        await shop.stock(sku, 10, price=1999)
    await name(shop, "lamp", 1, de="Leuchte", de_AT="Lamperl")
    await name(shop, "bulb", 1, de="Birne")
    basket = await shop.basket(lamp=2, bulb=1, cord=1)
    quote = await shop.quote(basket, locale="de-AT")
    assert [line.name for line in quote.lines] == ["Lamp red", "Bulb red", "Cord"], "as staff and figures have it"
    await name(shop, "lamp", 2, de="Licht")
    order = await shop.place(basket, quote.id)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    placed = await shop.now(order)
    assert (placed.locale, placed.names) == ("de-AT", {"lamp": "Lamperl red", "bulb": "Birne red"})
    await ship(shop, order, "P1", [{"sku": "lamp", "quantity": 2}])
    await react(shop)
    await send(shop, server)
    told = {str(mail["Subject"]).partition(order.number)[2]: mail for mail in received.mails}
    for about in (" ist bestätigt", " ist unterwegs"):
        plain, html = (told[about].get_body((kind,)) for kind in ("plain", "html"))
        assert plain is not None
        assert html is not None
        for part in (plain.get_content(), html.get_content()):
            assert "Lamperl red" in part
            assert "Lamp red" not in part
    confirmation = told[" ist bestätigt"].as_string()
    assert "Birne red" in confirmation
    assert "Cord" in confirmation
    assert (await shop.now(order)).lines[0].name == "Lamp red"


async def test_what_is_added_and_what_is_sent_instead_is_called_in_the_language_of_the_order(shop: Shop) -> None:
    for sku in ("lamp", "bulb"):
        await shop.stock(sku, 10)
    await name(shop, "bulb", 1, de="Birne")
    orders = []
    for _ in range(2):
        basket = await shop.basket(lamp=1)
        orders.append(await shop.place(basket, (await shop.quote(basket, locale="de")).id))
        await shop.pay(orders[-1])
        await shop.complete(orders[-1])
        await shop.work()
    added = await shop.now(await add(shop, orders[0], bulb=1))
    assert (added.locale, added.names) == ("de", {"bulb": "Birne red"})
    await ship(shop, orders[1], "P1")
    await swap(shop, orders[1], 1, bulb=1)
    last = "SELECT locale || names::text FROM quote ORDER BY id DESC LIMIT 1"
    assert await shop.pool.fetchval(last) == 'de{"bulb": "Birne red"}'


@pytest.mark.parametrize(
    ("locale", "kept", "names"),
    [
        (None, "", {}), ("en", "", {}), ("it", "", {}), ("de-CH", "de", {"lamp": "Leuchte"}), ("fr", "fr", {}),
        ("de-AT", "de-AT", {"lamp": "Lamperl"}),
    ],
)  # fmt: skip
async def test_a_quote_is_asked_for_in_a_language_and_its_order_keeps_the_best_that_is_offered(
    shop: Shop, locale: str | None, kept: str, names: dict[str, str]
) -> None:
    product = ProductInput("Lamp", [VariantInput("lamp")], translations=GERMAN)
    await shop.stock("lamp", 10)
    async with shop.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, "lamp")
    await catalog_handlers.replace_product(shop.pool, product_id, product, 1, CAUSE, None)
    async with client_of(create_app(structs.replace(shop.settings, locales="en,de,de-AT,fr"))) as api:
        guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
        await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1})
        said: dict[str, Any] = {} if locale is None else {"locale": locale}
        quoted = await guest.post(f"/v1/carts/{guest.id}/quotes", BUYER | said)
        assert quoted.status_code == 201, quoted.text
        key = {"Idempotency-Key": str(uuid7())}
        placed = (await guest.post("/v1/orders", {"quote_id": quoted.json()["id"]}, **key)).json()
        broken = await guest.post(f"/v1/carts/{guest.id}/quotes", BUYER | {"locale": "German"})
        assert (broken.status_code, broken.json()["errors"][0]["pointer"]) == (400, "/locale")
    payload = await shop.pool.fetchval(
        "SELECT convert_from(payload, 'UTF8') FROM event_log WHERE type = 'orders.order_placed.v1'"
    )
    assert ('"locale"' in payload, '"names"' in payload) == (bool(kept), bool(names)), "else written as it was"
    row = await shop.pool.fetchrow("SELECT locale, names FROM customer_order WHERE number = $1", placed["number"])
    assert row is not None
    assert (row["locale"], msgspec.json.decode(row["names"])) == (kept, names)
