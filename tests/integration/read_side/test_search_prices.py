"""What searches say of prices, by which they filter and sort, in which channel: against counts made in Python."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import httpx
import msgspec

from read_side.app import create_app
from shared.documents.price_slots import ELSEWHERE, KEY, OWN, PriceSlots, Slot, Turn
from shared.documents.prices import LISTS, ShownPriceList, TermsStep
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import Percentage, PromotionTerms
from shared.money import rounded_share
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import BRANDS, LIST, Shop, ask, count_of, counts
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves


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


async def test_a_search_of_a_channel_is_the_same_ahead_of_litestar_and_in_it(
    shopping: httpx.AsyncClient, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, shop_prefix: str
) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    terms = PriceListTerms("App", "EUR", ["app"], [], None, None, 1)
    await shelves.put(LISTS, LIST, ShownPriceList(LIST, [TermsStep(long_ago, terms)]))
    in_force = {"app": [Turn(long_ago, "app's")], "kiosk": [Turn(long_ago, "in no slot")]}
    told = PriceSlots("", {"b": Slot("app's", filled=True)}, [Turn(long_ago, OWN)], in_force)
    await shelves.redis.set(KEY, msgspec.json.encode(told))
    settings = settings_of(valkey.url, elasticsearch_url, shop_prefix)
    async with client_of(create_app(settings, fronted=False)) as inside:
        for api in (shopping, inside):
            async with asyncio.timeout(10):
                while (await ask(api, price_min=0, channel="app"))["total"]["value"]:
                    await asyncio.sleep(0.05)
        for channel in ("app", "kiosk", "web", "nobody_s"):
            for query in ("", "&q=product&price_min=0&facets=price,brand", "&sort=price_asc&limit=3&currency=JPY"):
                path = f"/v1/search?channel={channel}{query}"
                ahead, there = await shopping.get(path), await inside.get(path)
                assert (ahead.status_code, ahead.content) == (200, there.content), path
                assert ahead.headers["etag"] == there.headers["etag"]
                assert ahead.headers["cache-control"] == there.headers["cache-control"]
    wrong = await shopping.get("/v1/search?channel=App")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "?channel")
