"""Search over a real Elasticsearch, against counts made in Python from the same products."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from elasticsearch import Elasticsearch

from read_side.app import create_app
from shared.documents.price_slots import ELSEWHERE, KEY, OWN, PriceSlots, Slot, Turn
from shared.documents.prices import LISTS, ShownPriceList, TermsStep
from shared.documents.products import SEARCH, SearchedProduct
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import Percentage, PromotionTerms
from shared.money import rounded_share
from shared.position import Position
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import BRANDS, LIST, Answer, Shop, ask, count_of, counts
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import EPOCH, SHARDS, VERSION, Shelves, eventually

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


async def test_a_hit_has_the_lowest_price_of_its_variants_by_the_clock_and_the_lists(
    shopping: httpx.AsyncClient, shelves: Shelves, shop: Shop
) -> None:
    product = next(product for product in shop.found if product.times)
    terms = PriceListTerms("Web", "EUR", ["web"], [], None, None, 1)
    await shelves.put(LISTS, LIST, ShownPriceList(LIST, [TermsStep(datetime(2026, 1, 1, tzinfo=UTC), terms)]))
    euros, yen = product.prices["EUR"], product.prices["JPY"]
    for asked, amount in (({}, euros - 10), ({"channel": "app"}, euros), ({"currency": "JPY"}, yen)):
        [item] = (await ask(shopping, q=product.skus[0], **asked))["items"][:1]
        assert item["id"] == str(product.product_id)
        assert item["price"]["amount_minor"] == amount


async def test_a_hit_shows_the_promotion_that_is_in_force(
    shopping: httpx.AsyncClient, shelves: Shelves, shop: Shop
) -> None:
    product = next(product for product in shop.found if product.times)
    now, sale = datetime.now(UTC), UUID(int=77)
    terms = PromotionTerms("Half", Percentage(5000), "", [], {}, None, None, False, 1, None, None)
    await shelves.put_promotion(ShownPromotion(sale, [PromotionStep(now, terms)]))
    half = product.prices["EUR"] - rounded_share(product.prices["EUR"], 5000)
    async with asyncio.timeout(60):
        while (item := (await ask(shopping, q=product.skus[0]))["items"][0])["price"]["amount_minor"] != half:
            await asyncio.sleep(0.05)
    assert item["price"]["promotion_ids"] == [str(sale)]


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


async def test_price_and_availability_narrow(shopping: httpx.AsyncClient, shop: Shop) -> None:
    answer = await ask(shopping, price_min=2000, price_max=5000, currency="EUR", available="true")
    expected = [p for p in shop.found if 2000 <= p.prices.get("EUR", 0) <= 5000 and p.availability != "out"]
    assert answer["total"]["value"] == len(expected) > 0
    assert counts(answer, "brand") == count_of([product.brand] for product in expected)


async def test_prices_are_counted_in_ranges_that_filters_take(shopping: httpx.AsyncClient, shop: Shop) -> None:
    told = (await ask(shopping, facets="price", currency="JPY", brand=BRANDS[0]))["price_ranges"]
    prices = [product.prices["JPY"] for product in shop.found if product.brand == BRANDS[0] and product.prices]
    assert sum(each["count"] for each in told) == len(prices) > 0
    for each in told:
        assert each["count"] == len([price for price in prices if each["price_min"] <= price <= each["price_max"]])
        narrowed = {"price_min": each["price_min"], "price_max": each["price_max"], "currency": "JPY"}
        assert (await ask(shopping, brand=BRANDS[0], **narrowed))["total"]["value"] == each["count"]


async def test_prices_and_what_can_be_had_are_counted_without_their_own_choice(
    shopping: httpx.AsyncClient, shop: Shop, shelves: Shelves
) -> None:
    plain = await ask(shopping, facets="price,available,brand")
    first, second = plain["price_ranges"][1:3]
    chosen = [f"{each['price_min']}..{each['price_max']}" for each in (first, second)]
    one = await ask(shopping, price_min=first["price_min"], price_max=first["price_max"], facets="price,brand")
    assert [(each["price_min"], each["count"]) for each in one["price_ranges"]] == [
        (each["price_min"], each["count"]) for each in plain["price_ranges"]
    ], "the others stay"
    assert [each["price_min"] for each in one["price_ranges"] if each.get("selected")] == [first["price_min"]]
    assert one["total"]["value"] == first["count"] == sum(counts(one, "brand").values())
    both = await ask(shopping, price=chosen, available=True, facets="price,available,brand")
    priced = [p for p in shop.found if first["price_min"] <= p.prices.get("EUR", 0) <= second["price_max"]]
    there = [product for product in priced if product.availability != "out"]
    assert both["total"]["value"] == len(there) == sum(counts(both, "brand").values()) > 0
    assert [bool(each.get("selected")) for each in both["price_ranges"]] == [False, True, True]
    assert sum(each["count"] for each in both["price_ranges"]) == len(
        [product for product in shop.found if product.availability != "out" and product.prices]
    )
    assert counts(both, "available") == {"true": len(there)}
    [told] = [facet for facet in both["facets"] if facet["parameter"] == "available"]
    assert (told["kind"], told["others"], told["values"][0]["selected"]) == ("boolean", len(priced) - len(there), True)
    await shelves.announce()  # half off everything: the ranges are of what is asked then
    halved = await ask(shopping, price=chosen[:1], facets="price")
    [own] = [each for each in halved["price_ranges"] if each.get("selected")]
    assert (own["price_min"], own["count"]) == (first["price_min"], halved["total"]["value"])
    assert len(halved["price_ranges"]) > 1, "the others stay"
    for wrong in ("..", "5", "a..b", "1..2..3", "9" * 13 + "..", "null"):
        refused = await shopping.get("/v1/search", params={"price": wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input"), wrong


async def test_a_filled_slot_decides_what_filters_and_sorts_go_by_and_an_unfilled_one_is_told(
    shopping: httpx.AsyncClient, shelves: Shelves
) -> None:
    """No product of this shop has anything in a slot: by a slot none is cheap, or dear."""
    for filled, found in ((True, False), (False, True)):
        told = PriceSlots("", {"b": Slot("sale", filled)}, [Turn(datetime(2026, 1, 1, tzinfo=UTC), "sale")])
        await shelves.redis.set(KEY, msgspec.json.encode(told))
        async with asyncio.timeout(60):
            while bool((answer := await ask(shopping, price_min=0))["total"]["value"]) != found:
                await asyncio.sleep(0.05)
        assert answer["prices_changing_since"] == (None if filled else "2026-01-01T00:00:00Z")
    assert (await ask(shopping, sort="price_asc"))["items"], "what has no price is last, and there"


async def test_a_channel_goes_by_its_own_slot_and_without_one_by_the_web_shop_which_is_said(
    shopping: httpx.AsyncClient, shelves: Shelves
) -> None:
    """No product of this shop has anything in a slot: by a slot none is cheap, or dear."""
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    in_force = {"app": "app's", "kiosk": "in no slot", ELSEWHERE: OWN}
    channels = {channel: [Turn(long_ago, regime)] for channel, regime in in_force.items()}
    told = PriceSlots("", {"b": Slot("app's", filled=True)}, [Turn(long_ago, OWN)], channels)
    await shelves.redis.set(KEY, msgspec.json.encode(told))
    async with asyncio.timeout(10):
        while (await ask(shopping, price_min=0, channel="app"))["total"]["value"]:
            await asyncio.sleep(0.05)
    listings = ("/v1/search", "/v1/categories/light/products")
    for path in listings:
        said = {}
        for channel in ("web", "app", "kiosk", "elsewhere"):
            answer = await ask(shopping, path, price_min=0, channel=channel, facets="price")
            found = bool(answer["total"]["value"]), bool(answer["price_ranges"])
            said[channel] = (*found, answer.get("prices_of_channel"))
        own = (True, True, None)
        assert said == {"web": own, "app": (False, False, None), "kiosk": (True, True, "web"), "elsewhere": own}


async def test_a_cursor_belongs_to_its_channel_where_prices_decide(shopping: httpx.AsyncClient) -> None:
    for bounds, code in (({}, 200), ({"price_min": 0}, 400), ({"sort": "price_asc"}, 400)):
        given = {"limit": "5", **{name: str(bound) for name, bound in bounds.items()}}
        cursor = (await ask(shopping, channel="app", **given))["next_cursor"]
        assert (await ask(shopping, channel="app", cursor=cursor, **given))["items"]
        moved = await shopping.get("/v1/search", params={**given, "cursor": cursor})
        assert moved.status_code == code


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


async def test_a_search_waits_for_what_it_can_see(shopping: httpx.AsyncClient, shelves: Shelves) -> None:
    async def stale(at: int, epoch: int = EPOCH) -> str | None:
        token = Position(epoch, dict.fromkeys(range(SHARDS), at)).token()
        answer = await shopping.get("/v1/search?q=lamp", headers={"Position": token})
        return str(answer.headers["stale"]) if "stale" in answer.headers else None

    assert await stale(500) is None
    assert await stale(501) == "behind"
    assert await stale(500, EPOCH + 1) == "behind"
    asked = asyncio.create_task(stale(501))
    await asyncio.sleep(0.1)
    await shelves.checkpoint(SEARCH, 501, prefix="")  # applied, but no search sees it yet
    await asyncio.sleep(0.1)
    assert not asked.done()
    await shelves.checkpoint(SEARCH, 501, prefix="seen:")
    assert await asked is None


async def test_an_index_that_is_being_filled(shopping: httpx.AsyncClient, shelves: Shelves) -> None:
    await shelves.unready(SEARCH, 0)
    await eventually(shopping, "/v1/search?q=lamp", lambda answer: answer.headers.get("stale") == "behind")
    nothing = await shopping.get("/v1/search?q=xyzzy")
    assert (nothing.status_code, nothing.json()["code"]) == (503, "not_ready")
    await shelves.ready(SEARCH, 0)
    await eventually(shopping, "/v1/search?q=xyzzy", lambda answer: answer.status_code == 200)


async def test_no_index_is_503(shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str) -> None:
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, "nobody-made-this-"))) as api:
        answer = await api.get("/v1/search")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


async def test_an_index_of_before_answers_the_same_until_the_next_one_is_built(
    shopping: httpx.AsyncClient, shop: Shop, valkey: PrivateServer, elasticsearch_url: str
) -> None:
    prefix = f"before-{uuid4().hex[:12]}-"
    # The SKU first: nobody has seen yet that hits have no cards, and it is found by nothing else.
    unsaid = {f"product-{number}" for number in range(90, 100)}
    alone = next(product for product in shop.found if product.slug in unsaid)
    asked: list[dict[str, Any]] = [{"q": alone.skus[0].lower()}]
    asked += [{"q": "product 7"}, {"sort": "price_asc", "facets": ""}]
    asked.append({"q": shop.found[10].skus[1].lower(), "facets": "Colour"})
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        shop.index(client, prefix, carded=False)
        try:
            async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, prefix))) as api:
                for each in asked:
                    answer, before = await ask(shopping, **each), await ask(api, **each)
                    assert before["items"] == answer["items"] != []
                    assert before["facets"] == answer["facets"]
        finally:
            client.indices.delete(index=f"{prefix}products-{VERSION}")


async def test_search_does_without_redis(shopping: httpx.AsyncClient, shop: Shop, valkey: PrivateServer) -> None:
    before = await ask(shopping, q="product", category="lamps")
    valkey.kill()
    try:
        assert await ask(shopping, q="product", category="lamps") == before  # by the tree as last seen
        token = Position(EPOCH, {0: 1}).token()
        answer = await shopping.get("/v1/search", headers={"Position": token})
        assert (answer.status_code, answer.headers["stale"]) == (200, "behind")
        tree = await shopping.get("/v1/categories")
        assert (tree.status_code, tree.headers["stale"], len(tree.json()["categories"])) == (200, "behind", 2)
    finally:
        valkey.start()


async def test_a_parked_product_marks_the_pages_it_is_on(
    shopping: httpx.AsyncClient, shop: Shop, shelves: Shelves
) -> None:
    product = shop.found[0]
    await shelves.park(SEARCH, f"product:{product.product_id}")
    path = f"/v1/search?q={product.skus[0]}"
    await eventually(shopping, path, lambda answer: answer.headers.get("stale") == "parked")
    assert "stale" not in (await shopping.get("/v1/search?sort=price_asc&price_min=8900")).headers
