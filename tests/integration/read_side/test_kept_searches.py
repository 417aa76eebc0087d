"""Answers of searches that are given again for some seconds, over a real shop: who may have them, and until when."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from read_side.app import create_app
from shared.documents.prices import LISTS, ShownPriceList, TermsStep
from shared.documents.products import SEARCH
from shared.documents.search_rules import MODEL, THE_ONE, SearchRules
from shared.events.merchandising import Pins
from shared.events.pricing import PriceListTerms
from shared.position import Position
from shared.shards import product_key
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import LIST, Shop
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import EPOCH, Shelves, eventually

SECONDS = 5.0
LAMPS = "/v1/search?q=lamp"


@pytest.fixture(params=["front", "litestar"])
async def keeping(
    request: pytest.FixtureRequest,
    shop: Shop,
    shelves: Shelves,
    valkey: PrivateServer,
    elasticsearch_url: str,
    shop_prefix: str,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a query API that keeps answers for five seconds: longer than anything here takes."""
    await shop.tell(shelves)
    settings = settings_of(valkey.url, elasticsearch_url, shop_prefix, kept_search_seconds=SECONDS)
    async with client_of(create_app(settings, fronted=request.param == "front")) as api:
        yield api


def is_kept(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and "age" in answer.headers


async def test_the_second_who_asks_is_given_the_same_bytes_and_how_old_they_are(keeping: httpx.AsyncClient) -> None:
    first, second = [await keeping.get(LAMPS) for _ in range(2)]
    assert first.content == second.content
    assert "age" not in first.headers
    assert 1 <= int(second.headers["age"]) <= SECONDS
    assert second.headers["cache-control"] == "public, max-age=5"
    held = await keeping.get(LAMPS, headers={"If-None-Match": first.headers["etag"]})
    assert (held.status_code, held.content) == (304, b"")
    assert is_kept(await keeping.get("/v1/categories/lamps/products")) is False
    assert is_kept(await keeping.get("/v1/categories/lamps/products"))


@pytest.mark.parametrize("other", ["&limit=3", "&currency=JPY", "&facets=", "&channel=app", "&sort=name", "&brand=Nox"])
async def test_who_asks_anything_else_is_given_an_answer_of_their_own(keeping: httpx.AsyncClient, other: str) -> None:
    await keeping.get(LAMPS)
    assert not is_kept(await keeping.get(LAMPS + other))


async def test_who_waits_for_a_write_is_given_no_answer_from_before(
    keeping: httpx.AsyncClient, shelves: Shelves
) -> None:
    await keeping.get(LAMPS)
    unreached = Position(EPOCH, {0: 10**12}).token()
    answer = await keeping.get(LAMPS, headers={"Position": unreached})
    assert (answer.headers["stale"], "age" in answer.headers) == ("behind", False)
    assert "stale" not in (await keeping.get(LAMPS)).headers  # nor is what is stale kept for others


async def test_a_kept_answer_is_stale_as_soon_as_it_is_known_to_be_and_no_longer(
    keeping: httpx.AsyncClient, shelves: Shelves
) -> None:
    asked_at = time.monotonic()
    fresh = await keeping.get(LAMPS)
    await shelves.park(SEARCH, product_key(fresh.json()["items"][0]["id"]))
    told = await eventually(keeping, LAMPS, lambda answer: "stale" in answer.headers)
    assert (told.headers["stale"], told.headers["cache-control"]) == ("parked", "no-store")
    assert "age" not in told.headers
    assert told.content == fresh.content
    assert time.monotonic() < asked_at + SECONDS  # else the answer was made anew for its age alone


async def test_a_promotion_is_heeded_though_an_answer_was_kept(
    keeping: httpx.AsyncClient, shelves: Shelves, shop: Shop
) -> None:
    product = next(product for product in shop.found if product.times)
    path, asked_at = f"/v1/search?q={product.skus[0]}&limit=1", time.monotonic()
    [before] = (await keeping.get(path)).json()["items"]
    await shelves.announce()
    halved = await eventually(keeping, path, lambda answer: "promotion_ids" in answer.text)
    assert time.monotonic() < asked_at + SECONDS  # else the answer was made anew for its age alone
    assert halved.json()["items"][0]["price"]["amount_minor"] < before["price"]["amount_minor"]


async def test_a_rule_is_heeded_though_an_answer_was_kept(keeping: httpx.AsyncClient, shelves: Shelves) -> None:
    asked_at = time.monotonic()
    last = (await keeping.get(LAMPS)).json()["items"][-1]["id"]
    await shelves.put(MODEL, THE_ONE, SearchRules([Pins("lamp", [last])]))
    await eventually(keeping, LAMPS, lambda answer: bool(answer.json()["items"][0]["id"] == last))
    assert time.monotonic() < asked_at + SECONDS


async def test_an_answer_is_kept_no_longer_than_a_price_list_in_it_lasts(
    keeping: httpx.AsyncClient, shelves: Shelves, shop: Shop
) -> None:
    product = next(product for product in shop.found if product.times)
    path, now = f"/v1/search?q={product.skus[0]}&limit=1", datetime.now(UTC)
    ends = datetime.fromtimestamp(now.timestamp() + 2, UTC)
    terms = PriceListTerms("Web", "EUR", ["web"], [], None, ends, 1)
    await shelves.put(LISTS, LIST, ShownPriceList(LIST, [TermsStep(datetime(2026, 1, 1, tzinfo=UTC), terms)]))
    listed = product.prices["EUR"] - 10
    asked = await keeping.get(path)
    while datetime.now(UTC) < ends:
        asked = await keeping.get(path)
    assert is_kept(asked) or asked.json()["items"][0]["price"]["amount_minor"] != listed
    assert (await keeping.get(path)).json()["items"][0]["price"]["amount_minor"] == product.prices["EUR"]
