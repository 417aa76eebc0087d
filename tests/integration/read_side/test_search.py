"""Search over a real Elasticsearch, against counts made in Python from the same products."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from read_side.app import create_app
from shared.documents.products import SearchedProduct
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import BRANDS, UPC, Answer, Shop, ask, count_of, counts
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves

Test = Callable[[SearchedProduct], bool]


async def test_an_item_has_what_a_list_shows(shopping: httpx.AsyncClient, shop: Shop) -> None:
    product = shop.found[10]
    answer = await ask(shopping, q=product.skus[1].lower(), currency="JPY")
    [item] = answer["items"][:1]
    category = next(category for category in shop.categories if category.id == product.category_id)
    assert item == {
        "id": str(product.product_id),
        "slug": product.slug,
        "sku": product.skus[0],
        "name": product.name,
        "brand": product.brand,
        "product_type": product.product_type,
        "image": None,
        "price": {"amount_minor": product.prices["JPY"], "currency": "JPY"},
        "availability": product.availability,
        "category": {"id": str(category.id), "name": category.name},
    }
    assert (await ask(shopping, q=product.eans[0]))["items"][0]["id"] == item["id"]


async def test_an_ean_is_found_however_many_zeros_it_is_typed_with(shopping: httpx.AsyncClient, shop: Shop) -> None:
    for typed in ("036000291452", "0036000291452", "00036000291452"):
        found = await ask(shopping, q=typed)
        assert [item["id"] for item in found["items"]] == [str(shop.products[UPC].product_id)], typed


async def test_a_hit_is_named_in_the_language_asked_for_and_found_by_words_of_any(
    shelves: Shelves, shop: Shop, valkey: PrivateServer, elasticsearch_url: str, shop_prefix: str
) -> None:
    await shop.tell(shelves)
    product = next(product for product in shop.found if product.names)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, shop_prefix, "en,de"))) as api:
        for asked, name in (({"locale": "de-CH"}, "Eine Nachtleuchte"), ({}, product.name)):
            [item] = (await ask(api, q="Nachtleuchte", **asked))["items"]
            assert (item["id"], item["name"]) == (str(product.product_id), name)


async def test_only_listed_products_are_found_and_counted(shopping: httpx.AsyncClient, shop: Shop) -> None:
    answer = await ask(shopping)
    assert answer["total"] == {"value": len(shop.found), "relation": "exact"}
    assert counts(answer, "brand") == count_of([product.brand] for product in shop.found)
    assert len(answer["items"]) == 20
    assert [item["id"] for item in answer["items"]] == [str(product.product_id) for product in shop.newest[:20]]


async def test_nothing_is_suggested_before_it_comes(shopping: httpx.AsyncClient, shop: Shop) -> None:
    for number, there in ((105, False), (106, True)):
        suggested = await ask(shopping, "/v1/suggestions", q=f"product {number}")
        assert (f"product-{number}" in [product["slug"] for product in suggested["products"]]) == there, number
    assert shop.products[105].publish_at and shop.products[106].publish_at


async def test_facets_are_chosen_by_the_result(shopping: httpx.AsyncClient) -> None:
    names = [facet["parameter"] for facet in (await ask(shopping))["facets"]]
    assert names[:2] == ["brand", "category"]
    assert set(names[2:]) == {
        *("filter.Colour", "filter.Watt [max]", "filter.Material, main", "filter.weight (g)", "filter.dimmable"),
        "filter.memory",
    }
    assert (await ask(shopping, facets=""))["facets"] == []
    assert [facet["name"] for facet in (await ask(shopping, facets="Colour,brand"))["facets"]] == ["Colour", "brand"]


async def test_facets_count_without_their_own_choice(shopping: httpx.AsyncClient, shop: Shop) -> None:
    chosen: dict[str, Any] = {
        "brand": BRANDS[2:],
        "filter__Colour": ["red", "white"],
        "filter__Material, main": "leather",
    }
    answer = await ask(shopping, category="light", **chosen)
    light = {shop.id_of[slug] for slug in ("light", "lamps", "desk-lamps", "candles")}
    tests: dict[str, Test] = {
        "brand": lambda product: product.brand in BRANDS[2:],
        "category": lambda product: product.category_id in light,
        "filter.Colour": lambda product: bool({"red", "white"} & set(product.facets["Colour"])),
        "filter.Material, main": lambda product: "leather" in product.facets.get("Material, main", []),
    }

    def under(all_but: str | None) -> list[SearchedProduct]:
        held = [test for name, test in tests.items() if name != all_but]
        return [product for product in shop.found if all(test(product) for test in held)]

    assert answer["total"]["value"] == len(under(None)) > 0
    slug_of = {category.id: category.slug for category in shop.categories}
    assert counts(answer, "brand") == count_of([product.brand] for product in under("brand"))
    categories = count_of(
        [slug_of[id_] for id_ in shop.above(product.category_id)] for product in under("category")
    )
    assert counts(answer, "category") == categories
    for attribute in ("Colour", "Material, main", "Watt [max]"):
        expected = count_of(product.facets.get(attribute, []) for product in under(f"filter.{attribute}"))
        assert counts(answer, f"filter.{attribute}") == expected, attribute
    [brand] = [facet for facet in answer["facets"] if facet["parameter"] == "brand"]
    assert {value["value"] for value in brand["values"] if value["selected"]} == set(BRANDS[2:])


async def test_a_category_lists_what_is_below_it(shopping: httpx.AsyncClient, shop: Shop) -> None:
    lamps = {shop.id_of["lamps"], shop.id_of["desk-lamps"]}
    answer = await ask(shopping, "/v1/categories/lamps/products")
    assert answer["total"]["value"] == len([p for p in shop.found if p.category_id in lamps])
    assert set(counts(answer, "category")) == {"lamps", "desk-lamps"}
    for path in ("/v1/categories/nothing/products", "/v1/search?category=nothing"):
        refused = await shopping.get(path)
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_category")


async def test_the_tree(shopping: httpx.AsyncClient) -> None:
    answer = await shopping.get("/v1/categories")
    told = answer.json()["categories"]
    assert [(top["slug"], [child["slug"] for child in top["children"]]) for top in told] == [
        ("light", ["candles", "lamps"]), ("sound", ["speakers"]),
    ]  # fmt: skip
    assert told[0]["children"][1]["children"][0]["name"] == "Desk-Lamps"
    known = await shopping.get("/v1/categories", headers={"If-None-Match": answer.headers["etag"]})
    assert known.status_code == 304


@pytest.mark.parametrize("sort", ["relevance", "price_asc", "price_desc", "newest", "name"])
@pytest.mark.parametrize("text", ["", "product reading"])
async def test_cursors_walk_without_gaps_or_repeats(
    shopping: httpx.AsyncClient, shop: Shop, sort: str, text: str
) -> None:
    walked: list[Answer] = []
    cursor: dict[str, str] = {}
    while True:
        page = await ask(shopping, q=text, sort=sort, limit=37, facets="", **cursor)
        walked += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(walked) == len({item["id"] for item in walked}) == page["total"]["value"] == len(shop.found)
    prices = [item["price"]["amount_minor"] for item in walked if item["price"]]
    if sort.startswith("price"):
        assert prices == sorted(prices, reverse=sort == "price_desc")
        assert all(item["price"] is None for item in walked[len(prices) :])
    if sort == "newest":
        assert [item["id"] for item in walked] == [str(product.product_id) for product in shop.newest]
    if sort == "name":
        names = [item["name"].lower() for item in walked]
        assert names == sorted(names)


async def test_a_cursor_belongs_to_its_query(shopping: httpx.AsyncClient) -> None:
    cursor = (await ask(shopping, q="product", limit=5))["next_cursor"]
    assert (await ask(shopping, q="product", limit=9, cursor=cursor, facets="brand"))["items"]
    broken = ["x", "", "A" * 60, cursor[:-1], cursor + "A", "%00", f"{cursor[:-2]}zz"]
    for params in [{"q": "product", "cursor": text} for text in broken] + [
        {"q": "other", "cursor": cursor},
        {"q": "product", "cursor": cursor, "sort": "name"},
        {"q": "product", "cursor": cursor, "brand": "Nox"},
    ]:
        answer = await shopping.get("/v1/search", params=params)
        assert (answer.status_code, answer.json()["code"]) == (400, "broken_cursor"), params
    listing = await shopping.get("/v1/categories/light/products", params={"q": "product", "cursor": cursor})
    assert listing.json()["code"] == "broken_cursor"


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("sort=cheapest", "invalid_input", "?sort"),
        ("limit=101", "invalid_input", "?limit"),
        ("limit=x", "invalid_input", "?limit"),
        ("price_min=-1", "invalid_input", "?price_min"),
        ("price_min=1.5", "invalid_input", "?price_min"),
        ("currency=EURO", "unknown_currency", "?currency"),
        ("filter.=x", "invalid_input", "?filter."),
        ("colour=red", "unknown_parameter", "?colour"),
        ("q=" + "x" * 201, "invalid_input", "?q"),
        ("&".join(f"filter.a{n}=1" for n in range(21)), "invalid_input", "?filter"),
    ],
)
async def test_bad_parameters(shopping: httpx.AsyncClient, query: str, code: str, pointer: str) -> None:
    for path in ("/v1/search", "/v1/categories/light/products"):
        answer = await shopping.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "params",
    [
        {"q": '"*:* OR +-(){}[]^~?\\/'},
        {"q": "\u0000 \ud7ff 💡"},
        {"filter.": "x"} | {"filter..": "x"},
        {"filter.*": "*"},
        {"filter.a.b.c": "x"},
        {"filter.[>]": "x", "facets": "[>],*,a.b,.."},
        {"brand": ""},
        {"limit": 0},
    ],
)
async def test_odd_input_breaks_nothing(shopping: httpx.AsyncClient, params: dict[str, Any]) -> None:
    answer = await shopping.get("/v1/search", params=params)
    assert answer.status_code in (200, 400), answer.text


async def test_words_are_stemmed_and_folded(shopping: httpx.AsyncClient, shop: Shop) -> None:
    dancing = [product for product in shop.found if "dancing" in product.description]
    assert (await ask(shopping, q="dances"))["total"]["value"] == len(dancing)
    elegant = [product for product in shop.found if "Élégant" in product.name]
    assert (await ask(shopping, q="ELEGANT"))["total"]["value"] == len(elegant)
