"""Listings by brand and by sale, and a walk through one while the index changes under it."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from functools import partialmethod

import httpx
import msgspec
import pytest
from elasticsearch import Elasticsearch
from msgspec import structs

from read_side import waiting
from read_side.app import create_app
from read_side.brands.queries import known_brands
from shared.documents.layout import alias_name
from shared.documents.price_slots import KEY, OWN, PriceSlots, Slot, Turn
from shared.documents.prices import LISTS, ShownPriceList, TermsStep
from shared.documents.products import SEARCH, TREE, CategoryTree, with_card
from shared.events.pricing import PriceListTerms
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import GIFT_CARDS, LIST, Answer, Shop, ask, counts
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves, everywhere
from tests.integration.read_side.test_waiting_room import put as put_sale


async def test_a_brand_lists_its_products(shopping: httpx.AsyncClient, shop: Shop) -> None:
    expected = Counter(product.brand for product in shop.found)
    told = (await shopping.get("/v1/brands")).json()["brands"]
    assert [(brand["name"], brand["products"]) for brand in told] == sorted(expected.items())
    assert [brand["slug"] for brand in told] == ["aurora", "bohm-and-sohne", "lumen", "nox"]
    listed = await ask(shopping, "/v1/brands/bohm-and-sohne/products", q="product", limit=5)
    assert listed["total"]["value"] == expected["Böhm & Söhne"]
    assert counts(listed, "brand") == {"Böhm & Söhne": expected["Böhm & Söhne"]}
    other = await shopping.get("/v1/brands/nox/products", params={"q": "product", "cursor": listed["next_cursor"]})
    assert other.json()["code"] == "broken_cursor"
    unknown = await shopping.get("/v1/brands/nobody/products")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_brand")


def test_a_brand_spelt_in_two_ways_is_one() -> None:
    known = known_brands({"hp": 2, "HP": 5, "Acer": 1, "": 9})
    assert [(brand.slug, brand.name, brand.products) for brand in known.brands] == [
        ("acer", "Acer", 1),
        ("hp", "HP", 7),
    ]
    assert known.names["hp"] == ["HP", "hp"]


async def test_what_a_position_stands_for_may_be_a_new_brand_or_a_new_category(
    shop: Shop, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, index_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    alias, [known, *_] = alias_name(index_prefix, SEARCH), [each for each in shop.found if each.brand == "Nox"]
    lamps = next(category for category in shop.categories if category.slug == "lamps")
    added = structs.replace(lamps, id=uuid7(), slug="lanterns")
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        shop.index(client, index_prefix)
        client.search(index=alias)  # a JVM's first one is slow
        await shop.tell(shelves)
        async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, index_prefix))) as api:
            listings = ["/v1/brands/newcomer/products", "/v1/search?category=lanterns"]
            for path, code in zip(listings, ("unknown_brand", "unknown_category"), strict=True):
                assert (await api.get(path)).json()["code"] == code
                told = await api.get(path, headers=everywhere(600))
                assert (told.status_code, told.json()["code"]) == (503, "not_ready"), path
            new = structs.replace(known, product_id=uuid7(), brand="Newcomer", category_id=added.id)
            client.index(index=alias, document=msgspec.to_builtins(with_card(new)), refresh=True)
            patient = partialmethod(waiting.Waiting.reached, bound=20.0)  # on a machine that is busy
            monkeypatch.setattr(waiting.Waiting, "reached", patient)
            asked = [asyncio.create_task(api.get(path, headers=everywhere(600))) for path in listings]
            await asyncio.sleep(0.1)
            await shelves.checkpoint(SEARCH, 600, prefix="seen:")
            await asyncio.sleep(0.1)
            await shelves.put(TREE, "tree", CategoryTree([*shop.categories, added]))
            await shelves.checkpoint(TREE, 600)
            assert [(await each).json()["total"]["value"] for each in asked] == [1, 1]
            other = structs.replace(known, product_id=uuid7(), brand="Latecomer")
            client.index(index=alias, document=msgspec.to_builtins(with_card(other)), refresh=True)
            await shelves.checkpoint(SEARCH, 601, prefix="seen:")
            asked_at: list[dict[str, str]] = [{}, everywhere(601), {}]
            late = [(await api.get("/v1/search?brand=LATECOMER", headers=each)).json() for each in asked_at]
            assert [each["total"]["value"] for each in late[1:]] == [1, 1]  # the first by what is kept, or a new minute


async def test_whether_a_category_is_to_come_is_told_by_the_tree_and_a_brand_by_the_index(
    shopping: httpx.AsyncClient, shelves: Shelves
) -> None:
    async def told(path: str, position: int) -> tuple[int, str | None, str | None]:
        answer = await shopping.get(path, headers=everywhere(position))
        return answer.status_code, answer.json().get("code"), answer.headers.get("stale")

    known, gone = "/v1/categories/lamps/products", ["/v1/categories/gone/products", "/v1/search?category=gone"]
    await shelves.checkpoint(SEARCH, 600, prefix="seen:")
    assert [await told(path, 600) for path in gone] == [(503, "not_ready", None)] * 2
    assert await told(known, 600) == (200, None, "behind"), "what is below it may be to come"
    assert [await told(path, 650) for path in gone] == [(503, "not_ready", None)] * 2, "both are behind"
    assert await told("/v1/brands/gone/products", 600) == (404, "unknown_brand", None)
    await shelves.checkpoint(TREE, 700)
    assert await told(known, 600) == (200, None, None)
    assert [await told(path, 700) for path in gone] == [(404, "unknown_category", None)] * 2
    assert await told("/v1/brands/gone/products", 700) == (503, "not_ready", None)
    assert await told(known, 700) == (200, None, "behind")


async def test_a_sale_lists_its_products(shopping: httpx.AsyncClient, shop: Shop, shelves: Shelves) -> None:
    some = shop.found[:3]
    sale = await put_sale(shelves, starts_in=60, skus=[product.skus[1] for product in some])
    answer = await ask(shopping, f"/v1/sales/{sale.id}/products", sort="newest")
    assert [item["id"] for item in answer["items"]] == sorted((str(p.product_id) for p in some), reverse=True)
    assert (await shopping.get(f"/v1/sales/{uuid7()}/products")).status_code == 404


async def test_a_sale_lists_its_products_at_the_prices_of_the_channel_that_asks(
    shopping: httpx.AsyncClient, shop: Shop, shelves: Shelves
) -> None:
    product = next(product for product in shop.found if product.times)
    sale = await put_sale(shelves, starts_in=60, skus=[product.skus[1]])
    path, long_ago = f"/v1/sales/{sale.id}/products", datetime(2026, 1, 1, tzinfo=UTC)
    terms = PriceListTerms("App", "EUR", ["app"], [], None, None, 1)
    await shelves.put(LISTS, LIST, ShownPriceList(LIST, [TermsStep(long_ago, terms)]))
    in_force = {"app": [Turn(long_ago, "app's")], "kiosk": [Turn(long_ago, "in no slot")]}
    told = PriceSlots("", {"b": Slot("app's", filled=True)}, [Turn(long_ago, OWN)], in_force)  # with no price in it
    await shelves.redis.set(KEY, msgspec.json.encode(told))
    async with asyncio.timeout(10):
        while (await ask(shopping, path, price_min=0, channel="app"))["total"]["value"]:
            await asyncio.sleep(0.05)
    dear = product.prices["EUR"]
    expected = {"web": (dear, 1, None), "app": (dear - 10, 0, None), "kiosk": (dear, 1, "web")}
    for channel, (amount, found, of_channel) in expected.items():
        [item] = (await ask(shopping, path, channel=channel))["items"]
        assert (item["id"], item["price"]["amount_minor"]) == (str(product.product_id), amount)
        bounded = await ask(shopping, path, channel=channel, price_min=0)
        assert (bounded["total"]["value"], bounded.get("prices_of_channel")) == (found, of_channel)
    refused = await shopping.get(path, params={"channel": "App"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "?channel")


async def test_a_campaign_lists_what_it_is_for_as_long_as_it_runs(
    shopping: httpx.AsyncClient, shop: Shop, shelves: Shelves
) -> None:
    some, (card, mixed) = shop.found[:3], (shop.products[number] for number in GIFT_CARDS)
    of_cards = await shelves.announce([card.skus[0], mixed.skus[0]], "Of cards")
    sale = await shelves.announce([product.skus[1] for product in some], "Black Week")
    everywhere, to_come = await shelves.announce(), await shelves.announce(starts_in=60)
    async with asyncio.timeout(10):
        while len((await shopping.get("/v1/promotions")).json()["promotions"]) < 3:
            await asyncio.sleep(0.05)
    listed = (await ask(shopping, f"/v1/promotions/{sale}/products", sort="newest"))["items"]
    assert [item["id"] for item in listed] == sorted((str(p.product_id) for p in some), reverse=True)
    everything = await ask(shopping, f"/v1/promotions/{everywhere}/products")
    all_but_cards = (await ask(shopping))["total"]["value"] - 1
    assert everything["total"]["value"] == all_but_cards, "nothing is taken off these"
    cards = (await ask(shopping, f"/v1/promotions/{of_cards}/products"))["items"]
    assert [item["id"] for item in cards] == [str(mixed.product_id)], "another of its variants is none"
    told = (await shopping.get("/v1/promotions")).json()["promotions"]
    assert {each["id"]: (each["name"], each["everything"]) for each in told} == {
        str(of_cards): ("Of cards", False), str(sale): ("Black Week", False), str(everywhere): ("Sale", True),
    }  # fmt: skip
    for unknown in (to_come, uuid7()):
        refused = await shopping.get(f"/v1/promotions/{unknown}/products")
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_promotion")


async def test_a_walk_finds_what_stays_once_while_the_index_changes(
    shop: Shop, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, index_prefix: str
) -> None:
    alias, walked = alias_name(index_prefix, SEARCH), list[Answer]()
    cursor: dict[str, str] = {}
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        shop.index(client, index_prefix)
        client.search(index=alias)  # a JVM's first one is slow
        await shop.tell(shelves)
        async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, index_prefix))) as api:
            for gone in shop.found:
                page = await ask(api, sort="price_asc", limit=25, facets="", **cursor)
                walked += page["items"]
                if page["next_cursor"] is None:
                    break
                cursor = {"cursor": page["next_cursor"]}
                document = msgspec.to_builtins(gone)
                added = str(uuid7())
                client.index(index=alias, id=added, document={**document, "product_id": added, "prices": {"EUR": 1}})
                client.index(
                    index=alias, id=document["product_id"], document={**document, "listed": False}, refresh=True
                )
    seen = [item["id"] for item in walked]
    assert len(seen) == len(set(seen))
    pages = len(shop.found) // 25
    stayed = {str(product.product_id) for product in shop.found[pages + 1 :]}
    assert stayed <= set(seen), "none that stayed was left out"
