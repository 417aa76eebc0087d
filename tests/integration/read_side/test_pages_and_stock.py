"""Product pages and stock: the bytes that were stored, however asked for, and honest about what is not known."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec import structs

from read_side.app import create_app
from read_side.prices.pages import KEPT, changes_at
from shared.documents import products, stock
from shared.documents.images import ShownImage
from shared.documents.prices import LISTS, PriceTimes, ShownPriceList, Step, TermsStep, VariantTimes
from shared.documents.promotions import PROMOTIONS, PromotionStep, ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import Percentage, PromotionTerms
from shared.ids import uuid7
from shared.money import rounded_share
from shared.publishing import minute_of
from shared.shards import product_key, shard_of
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import SHARDS, Shelves, a_page, eventually, position


async def test_a_page_is_the_stored_bytes_by_every_name(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    body = await shelves.put_product(page)
    paths = (
        f"/{page.id}",
        f"/{str(page.id).upper()}",
        f"/by-slug/{page.slug}",
        "/by-sku/lamp-red",
        "/by-ean/4006381333931",
    )
    for path in paths:
        answer = await api.get("/v1/products" + path)
        assert (answer.status_code, answer.content) == (200, body), path
        assert answer.headers["content-type"] == "application/json"
        assert re.fullmatch('"[0-9a-f]{16}"', answer.headers["etag"])
        assert answer.headers["cache-control"] == "public, max-age=5"
        assert "Position" in answer.headers["vary"]
        assert "stale" not in answer.headers


async def test_a_page_shows_what_the_clock_and_the_lists_say_now(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page, now, sale = structs.replace(a_page(), timed=True), datetime.now(UTC), uuid7()
    own = {"EUR": [Step(now - timedelta(days=90), 1999), Step(now + timedelta(seconds=2), 1499)]}
    times = VariantTimes("lamp-red", own, {str(sale): [Step(now - timedelta(days=2), 1777)]})
    terms = PriceListTerms("App", "EUR", ["app"], [], None, now + timedelta(days=1), 1)
    await shelves.put_product(page)
    await shelves.put(products.PAGE, products.times_id(page.id), PriceTimes([times]))
    await shelves.put(LISTS, sale, ShownPriceList(sale, [TermsStep(now - timedelta(days=1), terms)]))

    async def price(**params: str) -> dict[str, Any]:
        answer = await api.get(f"/v1/products/{page.id}", params=params)
        assert (answer.status_code, "stale" in answer.headers) == (200, False)
        [shown] = answer.json()["variants"][0]["prices"]
        return dict(shown)

    assert (await price(channel="app"))["lowest_30_days_minor"] == 1999
    assert (await price(channel="app"))["price_list_id"] == str(sale)
    changed = {"amount_minor": 1499, "currency": "EUR", "lowest_30_days_minor": 1999}
    path = f"/v1/products/{page.id}"
    await eventually(api, path, lambda answer: answer.json()["variants"][0]["prices"] == [changed])  # no event came
    assert (await api.get(f"/v1/products/{page.id}", params={"channel": "no channel"})).status_code == 400


async def test_a_page_shows_a_promotion_from_the_moment_it_begins_and_says_what_it_is(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    page, now, summer = a_page(), datetime.now(UTC), uuid7()
    plain = await shelves.put_product(page)
    off, later = Percentage(1500), now + timedelta(hours=1)
    terms = PromotionTerms("Summer", off, "", ["lamp-red"], {}, later, None, False, 1, None, None)
    await shelves.put_promotion(ShownPromotion(summer, [PromotionStep(now, terms)]))
    path = f"/v1/products/{page.id}"
    assert (await api.get(path)).content == plain, "announced, not begun: the bytes that lie there"
    begun = structs.replace(terms, starts_at=now - timedelta(minutes=1))
    await shelves.put_promotion(ShownPromotion(summer, [PromotionStep(now - timedelta(minutes=2), begun)]))
    was = page.variants[0].prices[0]
    told = {
        "amount_minor": was.amount_minor - rounded_share(was.amount_minor, 1500), "currency": was.currency,
        "promotion_ids": [str(summer)], "before_promotions_minor": was.amount_minor,
        "lowest_30_days_minor": was.amount_minor,
    }  # fmt: skip
    await eventually(api, path, lambda answer: told in answer.json()["variants"][0]["prices"])
    await shelves.unready(PROMOTIONS, 0)
    await eventually(api, path, lambda answer: answer.headers.get("stale") == "behind")


async def test_a_page_comes_and_goes_by_the_clock_and_no_event(shelves: Shelves, valkey: PrivateServer) -> None:
    hour, minute = timedelta(hours=1), minute_of(datetime.now(UTC))
    app = create_app(settings_of(valkey.url))
    async with client_of(app) as api:
        for times, status in (
            ({"publish_at": minute - hour, "unpublish_at": minute + hour}, 200),
            ({"publish_at": minute + hour}, 404),
            ({"unpublish_at": minute - hour}, 404),
        ):
            page = structs.replace(a_page(), timed=True, **times)
            await shelves.put_product(page)
            await shelves.put(products.PAGE, products.times_id(page.id), PriceTimes([]))
            for path in (f"/{page.id}", f"/by-slug/{page.slug}", "/by-sku/lamp-red", "/by-ean/4006381333931"):
                answer = await api.get("/v1/products" + path)
                assert answer.status_code == status, (times, path)
                again = await api.get("/v1/products" + path)  # made up before
                assert (again.status_code, again.content) == (status, answer.content) or status == 404


def test_a_page_is_kept_until_it_comes_or_goes_at_most() -> None:
    now = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)
    end = now + timedelta(seconds=30)
    for times in ({"publish_at": end}, {"unpublish_at": end}):
        page = structs.replace(a_page(), timed=True, **times)
        assert changes_at(page, PriceTimes([]), {}, [], now) == end
    assert changes_at(a_page(), PriceTimes([]), {}, [], now) == now + KEPT


@pytest.mark.parametrize("by_sku", [False, True])
async def test_by_id_and_by_another_name_a_page_waits_for_price_lists_too(
    api: httpx.AsyncClient, shelves: Shelves, by_sku: bool
) -> None:
    page, now, sale = structs.replace(a_page(), timed=True), datetime.now(UTC), uuid7()
    times = VariantTimes("lamp-red", {"EUR": [Step(now, 1999)]}, {str(sale): [Step(now, 1777)]})
    terms = PriceListTerms("App", "EUR", ["web"], [], None, None, 1)
    await shelves.put_product(page)
    await shelves.put(products.PAGE, products.times_id(page.id), PriceTimes([times]))
    await shelves.checkpoint(products.PAGE, 100)
    path = "by-sku/lamp-red" if by_sku else page.id
    headers = position(product_key(page.id), 100)
    behind = await api.get(f"/v1/products/{path}", headers=headers)
    assert (behind.status_code, behind.headers.get("stale")) == (200, "behind")
    await shelves.put(LISTS, sale, ShownPriceList(sale, [TermsStep(now, terms)]))
    await shelves.checkpoint(LISTS, 100)
    there = await api.get(f"/v1/products/{path}", headers=headers)
    assert "stale" not in there.headers
    assert there.json()["variants"][0]["prices"][0]["amount_minor"] == 1777


@pytest.mark.parametrize("fronted", [True, False])
async def test_a_page_is_told_in_the_language_that_is_asked_for(
    shelves: Shelves, valkey: PrivateServer, fronted: bool
) -> None:
    page = a_page()
    own = await shelves.put_product(page)
    german = structs.replace(page, name="Lampe", locale="de")
    told = await shelves.put(products.PAGE, products.page_id(page.id, "de"), german)
    app = create_app(settings_of(valkey.url, locales="en, de, fr"), fronted=fronted)
    async with client_of(app) as api:
        for path in (f"/v1/products/{page.id}", "/v1/products/by-sku/lamp-red"):
            for accept, body in (("de-AT, en;q=0.5", told), ("fr", own), ("en", own), ("it", own)):
                answer = await api.get(path, headers={"Accept-Language": accept})
                assert (answer.status_code, answer.content) == (200, body), accept
                assert answer.headers["vary"].startswith("Accept-Language, Position")
            answer = await api.get(path, params={"locale": "de"}, headers={"Accept-Language": "en"})
            assert answer.content == told
        gone = await api.get(f"/v1/products/{uuid7()}", headers={"Accept-Language": "de"})
        assert gone.status_code == 404


@pytest.mark.parametrize("fronted", [True, False])
async def test_images_go_out_with_the_addresses_and_sizes_of_the_shop(
    shelves: Shelves, valkey: PrivateServer, fronted: bool
) -> None:
    page = structs.replace(a_page(), images=[ShownImage("lamps/1.jpg", "front")])
    await shelves.put_product(page)
    cdn = "https://cdn.example"
    settings = structs.replace(
        settings_of(valkey.url), image_base_url=cdn, image_sizes=cdn + "/{width}/{path}", image_widths="320, 640"
    )
    async with client_of(create_app(settings, fronted=fronted)) as api:
        for path in (f"/v1/products/{page.id}", "/v1/products/by-sku/lamp-red?variant=lamp-red"):
            answer = await api.get(path)
            [image] = answer.json()["images"]
            assert image == {
                "url": f"{cdn}/lamps/1.jpg", "alt": "front",
                "sizes": [{"width": w, "url": f"{cdn}/{w}/lamps/1.jpg"} for w in (320, 640)],
            }  # fmt: skip
            again = await api.get(path, headers={"If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304
        assert answer.json()["axes"][0]["values"][0]["sku"] == "lamp-red"
        assert (await api.get(f"/v1/products/{page.id}", params={"variant": "other"})).status_code == 404


async def test_a_sku_with_a_slash_is_named_by_its_encoding(api: httpx.AsyncClient, shelves: Shelves) -> None:
    body = await shelves.put_product(a_page(sku="HD-LX2/BK"))
    await shelves.put_stock("HD-LX2/BK", 3)
    assert (await api.get("/v1/products/by-sku/HD-LX2%2FBK")).content == body
    assert (await api.get("/v1/stock/HD-LX2%2fBK")).json() == {"sku": "HD-LX2/BK", "availability": "low"}
    staff = await shelves.put_token(["stock:read"])
    assert (await api.get("/v1/staff/stock/HD-LX2%2FBK", headers=staff)).json()["on_hand"] == 3
    assert (await api.get("/v1/stock/HD-LX2/BK")).json()["code"] == "unknown_route"


async def test_a_known_version_is_not_sent_again(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    await shelves.put_product(page)
    etag = (await api.get(f"/v1/products/{page.id}")).headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        answer = await api.get(f"/v1/products/{page.id}", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert answer.headers["cache-control"] == "public, max-age=5"
    other = await api.get(f"/v1/products/{page.id}", headers={"If-None-Match": '"0000000000000000"'})
    assert other.status_code == 200


async def test_head_has_the_headers_of_get(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    await shelves.put_product(page)
    got, head = await api.get(f"/v1/products/{page.id}"), await api.head(f"/v1/products/{page.id}")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "cache-control", "content-type", "content-length", "vary"):
        assert head.headers[name] == got.headers[name]
    assert (await api.head(f"/v1/products/{uuid7()}")).status_code == 404


async def test_the_conventions_hold_on_the_hot_paths(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    await shelves.put_product(page)
    headers = {"Origin": "https://shop.example", "X-Correlation-Id": "mine-1"}
    for path, status in ((f"/v1/products/{page.id}", 200), (f"/v1/products/{uuid7()}", 404), ("/v1/stock/none", 404)):
        answer = await api.get(path, headers=headers)
        assert answer.status_code == status
        assert answer.headers["x-correlation-id"] == "mine-1"
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert (await api.post(f"/v1/products/{page.id}")).status_code == 405
    assert (await api.get(f"/v1/products/{page.id}?x=1")).json()["code"] == "unknown_parameter"
    metrics = (await api.get("/metrics")).text
    assert 'route="/v1/products/{product_id}",status="200"} 1.0' in metrics
    assert 'route="/v1/stock/{sku}",status="404"} 1.0' in metrics


@pytest.mark.parametrize(
    "path", ["/by-slug/none", "/by-sku/none", "/by-ean/none", "/0198f0c0-0000-7000-8000-000000000000"]
)
async def test_no_such_product(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get("/v1/products" + path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_what_may_not_be_there_yet_is_503(api: httpx.AsyncClient, shelves: Shelves) -> None:
    here, elsewhere = uuid7(), uuid7()
    while shard_of(product_key(here), SHARDS) == shard_of(product_key(elsewhere), SHARDS):
        elsewhere = uuid7()
    await shelves.unready(products.PAGE, shard_of(product_key(here), SHARDS))
    missing = await api.get(f"/v1/products/{here}")
    assert (missing.status_code, missing.json()["code"], missing.headers["retry-after"]) == (503, "not_ready", "1")
    assert (await api.get(f"/v1/products/{elsewhere}")).status_code == 404
    # A name tells no shard: every one of them could know it.
    assert (await api.get("/v1/products/by-slug/none")).status_code == 503


async def test_an_emptied_redis_is_503_and_never_404(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    await shelves.put_product(page)
    await shelves.put_stock("lamp-red", 9)
    paths = (f"/v1/products/{page.id}", "/v1/products/by-sku/lamp-red", "/v1/stock/lamp-red", "/v1/stock?sku=lamp-red")
    await shelves.redis.flushall()
    for path in paths:
        assert (await api.get(path)).status_code == 503, path
    await shelves.open(())  # the log is told, no model is served yet
    for path in paths:
        assert (await api.get(path)).status_code == 503, path
    await shelves.open()
    await shelves.put_product(page)
    await shelves.put_stock("lamp-red", 9)
    for path in paths:
        await eventually(api, path, lambda answer: answer.status_code == 200)


async def test_a_new_version_is_served_once_it_is_live(api: httpx.AsyncClient, shelves: Shelves) -> None:
    await shelves.put_stock("lamp-red", 9)
    assert (await api.get("/v1/stock/lamp-red")).status_code == 200
    await shelves.redis.hset("live", stock.MODEL, "v4")
    # v4 is empty and has no markers.
    await eventually(api, "/v1/stock/lamp-red", lambda answer: answer.status_code == 503)


async def test_parked_keys_are_told(api: httpx.AsyncClient, shelves: Shelves) -> None:
    parked, other = a_page("a"), a_page("b")
    for page in (parked, other):
        await shelves.put_product(page)
        await shelves.put_stock(page.variants[0].sku, 3, page.id)
    for model in (products.PAGE, stock.MODEL):
        await shelves.park(model, product_key(parked.id))
    await eventually(api, "/v1/stock/a", lambda answer: "stale" in answer.headers)
    for path in (f"/v1/products/{parked.id}", "/v1/products/by-sku/a", "/v1/stock/a", "/v1/stock?sku=b&sku=a"):
        answer = await api.get(path)
        assert (answer.status_code, answer.headers["stale"]) == (200, "parked"), path
        assert answer.headers["cache-control"] == "no-store"
    for path in (f"/v1/products/{other.id}", "/v1/stock/b", "/v1/stock?sku=b"):
        assert "stale" not in (await api.get(path)).headers, path


async def test_shoppers_see_no_numbers(api: httpx.AsyncClient, shelves: Shelves) -> None:
    for sku, available, level in (("a", 9, "in"), ("b", 5, "low"), ("c", 0, "out")):
        await shelves.put_stock(sku, available)
        assert (await api.get(f"/v1/stock/{sku}")).json() == {"sku": sku, "availability": level}
    # What staff may see lies beside it, under a key that an address can spell though no SKU can.
    assert (await api.get("/v1/stock/%20staff:a")).status_code == 404
    assert (await api.get("/v1/stock?sku=%20staff:a")).json() == {"items": [], "unknown": [" staff:a"]}


async def test_a_sku_that_looks_like_a_key_takes_nobody_elses_place(api: httpx.AsyncClient, shelves: Shelves) -> None:
    staff = await shelves.put_token(["stock:read"])
    await shelves.put_stock("a", 9)
    await shelves.put_stock("staff:a", 0)
    assert (await api.get("/v1/stock/staff:a")).json() == {"sku": "staff:a", "availability": "out"}
    for sku, available in (("a", 9), ("staff:a", 0)):
        answer = await api.get(f"/v1/staff/stock/{sku}", headers=staff)
        assert (answer.json()["sku"], answer.json()["available"]) == (sku, available)


async def test_many_skus_at_once(api: httpx.AsyncClient, shelves: Shelves) -> None:
    for number in range(100):
        await shelves.put_stock(f"s{number}", number)
    answer = await api.get("/v1/stock", params={"sku": [f"s{number}" for number in range(98)] + ["none", "none"]})
    told = answer.json()
    assert [item["sku"] for item in told["items"]] == [f"s{number}" for number in range(98)]
    assert told["unknown"] == ["none"]
    again = await api.get("/v1/stock", params={"sku": "s1"}, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 200
    too_many = await api.get("/v1/stock", params={"sku": [f"s{number}" for number in range(101)]})
    assert (too_many.status_code, too_many.json()["code"]) == (400, "invalid_input")
    assert (await api.get("/v1/stock")).status_code == 400


async def test_a_hundred_readers_get_each_their_own(api: httpx.AsyncClient, shelves: Shelves) -> None:
    for number in range(100):
        await shelves.put_stock(f"s{number}", number)
    answers = await asyncio.gather(*(api.get(f"/v1/stock/s{number}") for number in range(120)))
    assert [answer.status_code for answer in answers] == [200] * 100 + [404] * 20
    assert [answer.json()["sku"] for answer in answers[:100]] == [f"s{number}" for number in range(100)]
