"""What a search that finds nothing says of it and shows instead."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from read_side.app import create_app
from read_side.search.wire import Reply, Unanswered, Wire
from shared.documents.recommendations import EVERYWHERE
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import Shop, ask
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves
from tests.integration.read_side.test_recommendations import Counted

Rescue = dict[str, Any]


async def rescue(api: httpx.AsyncClient, path: str = "/v1/search", **params: Any) -> Rescue:
    page = await ask(api, path, **params)
    assert (page["items"], page["total"]["value"]) == ([], 0)
    told: Rescue = page["rescue"]
    return told


async def follows(api: httpx.AsyncClient, told: Rescue) -> list[dict[str, Any]]:
    """Each way out leads to what it says."""
    pages = [(await api.get(way["link"])).json() for way in told["without"]]
    assert [page["total"] for page in pages] == [way["total"] for way in told["without"]]
    return pages


async def test_what_finds_something_needs_no_rescue(shopping: httpx.AsyncClient) -> None:
    page = await ask(shopping, q="product", limit=3)
    assert page["rescue"] is None
    behind = await ask(shopping, q="product", limit=100, sort="name")
    while behind["next_cursor"]:
        behind = await ask(shopping, q="product", limit=100, sort="name", cursor=behind["next_cursor"])
    assert behind["rescue"] is None


async def test_words_that_no_product_says_are_told_and_what_can_be_had_is_shown(
    shopping: httpx.AsyncClient, shop: Shop
) -> None:
    told = await rescue(shopping, q="unicorn")
    assert (told["reason"], told["without"], told["showing"]) == ("words_find_nothing", [], "popular_in_shop")
    assert len(told["items"]) == 8
    assert all(item["availability"] != "out" for item in told["items"])


async def test_what_is_bought_most_is_shown_first_of_the_category_that_was_asked_for(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, shop_prefix: str, shop: Shop
) -> None:
    await shop.tell(shelves)
    lamps = [p for p in shop.found if p.category_id == shop.id_of["candles"] and p.availability != "out"]
    others = [p for p in shop.found if p.category_id == shop.id_of["speakers"] and p.availability != "out"]
    await Counted(shelves).popular(EVERYWHERE, others[3].product_id, lamps[5].product_id)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, shop_prefix))) as api:
        told = await rescue(api, "/v1/categories/candles/products", q="unicorn", brand="Nobody")
        assert (told["reason"], told["showing"]) == ("words_find_nothing", "popular_in_category")
        assert told["items"][0]["id"] == str(lamps[5].product_id)
        told = await rescue(api, q="unicorn")
        assert {item["id"] for item in told["items"][:2]} == {str(p.product_id) for p in (others[3], lamps[5])}


async def test_the_filter_that_lets_nothing_through_is_named_with_what_is_found_without_it(
    shopping: httpx.AsyncClient, shop: Shop
) -> None:
    told = await rescue(shopping, q="product", brand="Nobody", price_min=2000, filter__Colour="red", facets="brand")
    assert (told["reason"], told["showing"]) == ("one_filter", "without")
    [way] = told["without"]
    assert way["parameters"] == ["brand"]
    assert way["link"] == "/v1/search?q=product&filter.Colour=red&price_min=2000&facets=brand"
    pages = await follows(shopping, told)
    assert told["items"] == pages[0]["items"][:8]


async def test_ranges_of_prices_are_one_filter_and_stay_in_links(shopping: httpx.AsyncClient) -> None:
    told = await rescue(shopping, q="product", price=["999999999..", "..1"], facets=["Material, main", "price"])
    assert [way["parameters"] for way in told["without"]] == [["price"]]
    found = await shopping.get(told["without"][0]["link"])
    assert found.json()["total"] == told["without"][0]["total"]
    assert [facet["name"] for facet in found.json()["facets"]] == ["Material, main"]
    told = await rescue(shopping, q="product", price=["1000..5000"], brand="Nobody", facets="")
    assert "price=1000..5000" in told["without"][0]["link"]


async def test_prices_are_one_filter(shopping: httpx.AsyncClient) -> None:
    told = await rescue(shopping, q="product", price_min=10**9, price_max=10**9 + 1, available="true")
    assert [way["parameters"] for way in told["without"]] == [["price_min", "price_max"]]
    await follows(shopping, told)


async def test_where_no_single_filter_is_to_blame_all_of_them_are(shopping: httpx.AsyncClient) -> None:
    told = await rescue(shopping, q="product", brand="Nobody", filter__Colour="ultraviolet", limit=2)
    assert (told["reason"], told["showing"], len(told["items"])) == ("all_filters", "without", 2)
    [way] = told["without"]
    assert way["parameters"] == ["filter.Colour", "brand"]
    assert way["link"] == "/v1/search?q=product&limit=2"
    await follows(shopping, told)


async def test_what_a_listing_has_not_the_shop_may_have(shopping: httpx.AsyncClient, shop: Shop) -> None:
    path = "/v1/categories/candles/products"
    speaker = next(p for p in shop.found if p.category_id == shop.id_of["speakers"])
    told = await rescue(shopping, path, q=speaker.eans[0])
    assert (told["reason"], told["showing"]) == ("outside_of_listing", "without")
    assert told["items"][0]["id"] == str(speaker.product_id)
    assert [(way["parameters"], way["leaves_listing"]) for way in told["without"]] == [([], True), (["q"], False)]
    assert told["without"][1]["link"] == path
    await follows(shopping, told)
    told = await rescue(shopping, "/v1/brands/lumen/products", q="product", brand="Nox")
    assert (told["reason"], told["without"][0]["parameters"]) == ("one_filter", ["brand"])
    await follows(shopping, told)


async def test_a_listing_that_has_nothing_shows_what_the_shop_has(
    shopping: httpx.AsyncClient, shelves: Shelves
) -> None:
    told = await rescue(shopping, "/v1/search", category="sound", filter__Colour="ultraviolet", brand="Nobody")
    assert told["reason"] == "all_filters"
    told = await rescue(shopping, q="product", limit=0, brand="Nobody")
    assert (told["reason"], told["items"], told["showing"]) == ("one_filter", [], "nothing")


async def test_a_corrected_text_is_rescued_by_what_it_was_taken_for(shopping: httpx.AsyncClient) -> None:
    told = await rescue(shopping, q="producct", brand="Nobody")
    assert told["reason"] == "one_filter"
    assert told["without"][0]["link"] == "/v1/search?q=producct"
    await follows(shopping, told)


async def test_the_names_of_filters_go_into_links_as_they_are(shopping: httpx.AsyncClient, shop: Shop) -> None:
    told = await rescue(shopping, filter__Colour="red", brand="Böhm & Söhne", **{"filter.weight (g)": "9000.."})
    assert told["without"][0]["parameters"] == ["filter.weight (g)"]
    await follows(shopping, told)


@pytest.fixture
async def asked(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    paths: list[str] = []
    post = Wire.post

    async def counted(self: Wire, path: str, body: bytes) -> Reply:
        paths.append(path.partition("?")[0].rpartition("/")[2])
        return await post(self, path, body)

    monkeypatch.setattr(Wire, "post", counted)
    return paths  # type: ignore[return-value]


async def test_a_rescue_is_one_question_more_and_of_a_herd_as_well(
    asked: list[str], shop: Shop, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, shop_prefix: str
) -> None:
    await shop.tell(shelves)
    settings = settings_of(valkey.url, elasticsearch_url, shop_prefix, kept_search_seconds=5.0)
    async with client_of(create_app(settings)) as api:
        answers = await asyncio.gather(
            *(api.get("/v1/search?q=product&brand=Nobody&price_min=5&facets=") for _ in range(50))
        )
        assert {answer.json()["rescue"]["reason"] for answer in answers} == {"one_filter"}
        assert asked.count("_msearch") == 1
        await api.get("/v1/search?q=product&facets=")
        assert asked.count("_msearch") == 1, "only where nothing was found"


async def test_without_redis_there_is_a_rescue_all_the_same(shopping: httpx.AsyncClient, valkey: PrivateServer) -> None:
    await rescue(shopping, q="unicorn")
    valkey.kill()
    try:
        told = await rescue(shopping, q="unicorn", limit=3)
        assert (told["reason"], len(told["items"])) == ("words_find_nothing", 3)
    finally:
        valkey.start()


async def test_nothing_found_is_answered_though_nobody_can_tell_why(
    shopping: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Wire.post

    async def failing(self: Wire, path: str, body: bytes) -> Reply:
        if "_msearch" in path:
            raise Unanswered
        return await post(self, path, body)

    monkeypatch.setattr(Wire, "post", failing)
    answer = await shopping.get("/v1/search?q=unicorn")
    assert answer.status_code == 200
    assert answer.json()["rescue"] == {"reason": "not_known", "without": [], "showing": "nothing", "items": []}
    assert answer.headers["cache-control"] == "no-store"
