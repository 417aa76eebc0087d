"""Recommendations over real servers: in order, without what is gone or out, and honest about what isn't known yet."""

from datetime import timedelta
from uuid import UUID

import httpx
import msgspec
import pytest
from msgspec import structs

from read_side.app import create_app
from shared.documents.prices import ALWAYS, LISTS, PriceTimes, ShownPriceList, Step, TermsStep, VariantTimes
from shared.documents.products import PAGE, ProductPage, Related, page_id, related_id, times_id
from shared.documents.recommendations import MADE, Made, Near, Neighbour, near_key, popular_key
from shared.documents.stock import Availability
from shared.events.pricing import PriceListTerms
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import Shop
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import NOW, Shelves, a_page, eventually


def page_of(id_: UUID, name: str, availability: Availability = "in") -> ProductPage:
    [variant, *_] = a_page().variants
    named = structs.replace(variant, id=uuid7(), sku=name, ean=None, availability=availability)
    return structs.replace(a_page(), id=id_, slug=name, name=name, variants=[named])


class Counted:
    """What the recommender has written."""

    def __init__(self, shelves: Shelves) -> None:
        self._redis = shelves.redis

    async def near(self, product: UUID, category: UUID | None, *others: tuple[UUID, float]) -> None:
        found = Near(category, [Neighbour(id_, closeness) for id_, closeness in others])
        await self._redis.set(near_key(product), msgspec.json.encode(found))

    async def popular(self, shelf: UUID | str, *products: UUID) -> None:
        await self._redis.set(popular_key(shelf), msgspec.json.encode(list(products)))

    async def made(self) -> None:
        await self._redis.set(MADE, msgspec.json.encode(Made(NOW, 1, "store")))


async def names(api: httpx.AsyncClient, path: str) -> list[str]:
    answer = await api.get(path)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def test_what_goes_together_comes_first_and_nothing_that_can_t_be_had(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    lamp, bulb, chair, sold_out, hidden, table, to_come, gone = (uuid7() for _ in range(8))
    garden, counted = uuid7(), Counted(shelves)
    for id_, name in ((lamp, "lamp"), (bulb, "bulb"), (chair, "chair"), (table, "table")):
        await shelves.put_product(page_of(id_, name))
    await shelves.put_product(page_of(sold_out, "sold out", "out"))
    await shelves.put_product(structs.replace(page_of(to_come, "to come"), publish_at=NOW.replace(year=2999)))
    await shelves.put_product(structs.replace(page_of(gone, "gone"), unpublish_at=NOW - timedelta(days=300)))
    assert (await api.get("/v1/recommendations")).status_code == 503, "nothing is known yet"
    never = [(hidden, 0.9), (sold_out, 0.8), (to_come, 0.7), (gone, 0.6)]
    await counted.near(lamp, garden, *never, (bulb, 0.5), (chair, 0.4))
    await counted.near(bulb, garden, (lamp, 0.5), (chair, 0.2))
    await counted.popular(garden, table, lamp)
    await counted.popular("all", chair, bulb)
    await counted.made()
    assert await names(api, f"/v1/products/{lamp}/bought-together") == ["bulb", "chair"]
    assert await names(api, f"/v1/products/{lamp}/bought-together?limit=1") == ["bulb"]
    assert await names(api, f"/v1/products/{uuid7()}/bought-together") == []
    assert await names(api, f"/v1/recommendations?product={lamp}&product={bulb}") == ["chair", "table"]
    assert await names(api, f"/v1/recommendations?category={garden}") == ["table", "lamp", "chair", "bulb"]
    assert await names(api, "/v1/recommendations") == ["chair", "bulb"]
    shown = (await api.get("/v1/recommendations?limit=1")).json()["items"][0]
    assert shown["availability"] == "in"
    assert shown["prices"][0].keys() == {"amount_minor", "currency"}


async def test_what_the_merchant_put_beside_a_product_is_shown_as_far_as_it_is_for_sale(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    lamp, bulb, shade, to_come, nobody = (uuid7() for _ in range(5))
    for id_, name in ((lamp, "lamp"), (bulb, "bulb")):
        await shelves.put_product(page_of(id_, name))
    await shelves.put_product(page_of(shade, "shade", "out"))
    await shelves.put_product(structs.replace(page_of(to_come, "to come"), publish_at=NOW.replace(year=2999)))
    related = Related({"accessories": [to_come, shade, bulb], "alternatives": [nobody]})
    await shelves.put(PAGE, related_id(lamp), related)
    answer = await api.get(f"/v1/products/{lamp}/related")
    [accessories] = answer.json()["kinds"]
    assert [(item["name"], item["availability"]) for item in accessories["items"]] == [("shade", "out"), ("bulb", "in")]
    assert (await api.get(f"/v1/products/{bulb}/related")).json() == {"kinds": []}


async def test_in_a_sale_and_in_a_channel_a_tile_says_what_the_page_says(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    lamp, bulb, counted = uuid7(), uuid7(), Counted(shelves)
    await shelves.put_product(page_of(lamp, "lamp"))
    await shelves.put_product(structs.replace(page_of(bulb, "bulb"), timed=True))
    begun, asked = NOW - timedelta(days=300), uuid7()
    terms = PriceListTerms("App", "EUR", ["app"], [], begun, None, 1)
    await shelves.put(LISTS, asked, ShownPriceList(asked, [TermsStep(begun, terms)]))
    times = VariantTimes("bulb", {"EUR": [Step(ALWAYS, 1999)]}, {str(asked): [Step(begun, 500)]})
    await shelves.put(PAGE, times_id(bulb), PriceTimes([times]))
    await shelves.put(PAGE, related_id(lamp), Related({"accessories": [bulb]}))
    await counted.near(lamp, None, (bulb, 0.5))
    await counted.popular("all", bulb, lamp)
    await counted.made()
    sale = await shelves.announce()
    for channel, amount in (("web", 999), ("app", 250)):
        [price] = (await api.get(f"/v1/products/{bulb}?channel={channel}")).json()["variants"][0]["prices"]
        assert (price["promotion_ids"], price["amount_minor"]) == ([str(sale)], pytest.approx(amount, abs=1))
        for path in (f"products/{lamp}/bought-together", f"recommendations?product={lamp}", f"products/{lamp}/related"):
            shown = (await api.get(f"/v1/{path}", params={"channel": channel})).json()
            [tile, *_] = shown["items"] if "items" in shown else shown["kinds"][0]["items"]
            assert (tile["name"], tile["prices"]) == ("bulb", [price]), (channel, path)
        offered = (await api.get("/v1/search", params={"q": "bulb", "channel": channel})).json()["instead"]
        assert offered[0]["prices"] == [price], channel


async def test_what_was_looked_at_lately_is_shown_in_the_order_asked_and_what_is_gone_is_named(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    lamp, bulb, to_come, nobody = (uuid7() for _ in range(4))
    await shelves.put_product(page_of(lamp, "lamp", "out"))
    await shelves.put_product(page_of(bulb, "bulb"))
    await shelves.put_product(structs.replace(page_of(to_come, "to come"), publish_at=NOW.replace(year=2999)))
    asked = {"id": [str(each) for each in (nobody, bulb, to_come, lamp, bulb)]}
    shown = (await api.get("/v1/products", params=asked)).json()
    assert [(item["name"], item["availability"]) for item in shown["items"]] == [("bulb", "in"), ("lamp", "out")]
    assert shown["missing"] == [str(nobody), str(to_come)]
    sale = await shelves.announce()

    def cheaper(answer: httpx.Response) -> bool:
        return all(item["prices"][0].get("promotion_ids") == [str(sale)] for item in answer.json()["items"])

    await eventually(api, f"/v1/products?id={lamp}&id={bulb}", cheaper)
    await shelves.unready(PAGE, 0)
    answer = await api.get(f"/v1/products?id={bulb}&id={nobody}")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready"), "it may only not be there yet"
    for wrong in ("", "?id=lamp", "?" + "&".join(f"id={uuid7()}" for _ in range(51))):
        assert (await api.get(f"/v1/products{wrong}")).status_code == 400, wrong


async def test_what_is_asked_wrongly_is_said(api: httpx.AsyncClient) -> None:
    too_many = "&".join(f"product={uuid7()}" for _ in range(51))
    for query in (f"?{too_many}", "?limit=0", "?limit=25", "?product=lamp"):
        answer = await api.get(f"/v1/recommendations{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), query
        assert answer.json()["errors"][0]["pointer"] == query[: query.index("=")], "what is wrong, and where"


async def test_similar_without_elasticsearch_is_a_503_of_its_own(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"/v1/products/{uuid7()}/similar")
    assert (answer.status_code, answer.json()["code"]) == (503, "elasticsearch_unavailable")


def names_in(answer: httpx.Response) -> list[str]:
    """The names of what is shown, of one kind or instead of what was searched for."""
    told = answer.json()
    items = told["instead"] if "instead" in told else told["kinds"][0]["items"] if "kinds" in told else told["items"]
    return [item["name"] for item in items]


async def named_in(api: httpx.AsyncClient, path: str, locale: str) -> list[str]:
    """The names that a path shows, the same whether the language is named or the browser's."""
    named = await api.get(f"{path}{'&' if '?' in path else '?'}locale={locale}")
    by_header = await api.get(path, headers={"Accept-Language": locale})
    assert names_in(named) == names_in(by_header)
    if named.status_code == 200:
        assert named.headers["etag"] == by_header.headers["etag"]
        assert by_header.headers["vary"].startswith("Accept-Language")
    return names_in(named)


async def test_recommended_products_are_called_as_their_pages_are_in_each_language(
    shelves: Shelves, valkey: PrivateServer
) -> None:
    lamp, bulb, chair, counted = uuid7(), uuid7(), uuid7(), Counted(shelves)
    called = {bulb: {"de": "Birne", "de-AT": "Birndl"}, chair: {"de": "Stuhl"}}
    for id_, own in ((lamp, "lamp"), (bulb, "bulb"), (chair, "chair")):
        await shelves.put_product(page := page_of(id_, own))
        for locale, name in called.get(id_, {}).items():
            await shelves.put(PAGE, page_id(id_, locale), structs.replace(page, name=name, locale=locale))
    await shelves.put(PAGE, page_id(gone := uuid7(), "de"), structs.replace(page_of(gone, "gone"), locale="de"))
    await shelves.put(PAGE, related_id(lamp), Related({"accessories": [gone, bulb, chair, lamp]}))
    await counted.near(lamp, None, (bulb, 0.5), (gone, 0.4), (chair, 0.3))
    await counted.popular("all", bulb, chair, lamp)
    await counted.made()
    paths = (
        f"/v1/products/{lamp}/bought-together", f"/v1/products/{lamp}/related", f"/v1/recommendations?product={lamp}",
        f"/v1/products?id={bulb}&id={chair}&id={lamp}&id={gone}", "/v1/search?q=bulb",
    )  # fmt: skip
    async with client_of(create_app(settings_of(valkey.url, locales="en,de,de-AT,fr"))) as api:
        for path in paths:
            for locale, told in (
                ("de", ["Birne", "Stuhl"]), ("de-AT", ["Birndl", "Stuhl"]), ("fr", ["bulb", "chair"]),
                ("en", ["bulb", "chair"]), ("it", ["bulb", "chair"]),
            ):  # fmt: skip
                assert (await named_in(api, path, locale))[:2] == told, (path, locale)
        assert "lamp" in await named_in(api, paths[3], "de-AT"), "which says nothing else"
        sale = await shelves.announce()

        def cheaper(answer: httpx.Response) -> bool:
            [item] = answer.json()["items"]
            return [item["name"], item["prices"][0].get("promotion_ids")] == ["Birne", [str(sale)]]

        await eventually(api, f"/v1/products?id={bulb}&locale=de", cheaper)
    async with client_of(create_app(settings_of(valkey.url))) as api:
        answer = await api.get(paths[0], params={"locale": "de"}, headers={"Accept-Language": "de"})
        assert [item["name"] for item in answer.json()["items"]] == ["bulb", "chair"]
        assert "Language" not in answer.headers["vary"], "a shop of one language"


async def test_similar_products_and_those_shown_where_nothing_was_found_are_called_so_in_each_language(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, shop_prefix: str, shop: Shop
) -> None:
    await shop.tell(shelves)
    for product in shop.products:
        page = page_of(product.product_id, product.slug)
        await shelves.put(PAGE, page.id, page)
        await shelves.put(PAGE, page_id(page.id, "de"), structs.replace(page, name=f"de {page.name}", locale="de"))
    settings = settings_of(valkey.url, elasticsearch_url, shop_prefix, "en,de")
    async with client_of(create_app(settings)) as api:
        path = f"/v1/products/{shop.found[0].product_id}/similar"
        own = await named_in(api, path, "en")
        assert own
        assert await named_in(api, path, "de") == [f"de {name}" for name in own]
        lamp = shop.products[11]
        for locale, name in (("en", lamp.name), ("de", "Eine Nachtleuchte")):
            asked = {"q": lamp.eans[0], "brand": "Nobody", "locale": locale}
            [item] = (await api.get("/v1/search", params=asked)).json()["rescue"]["items"]
            assert item["name"] == name
