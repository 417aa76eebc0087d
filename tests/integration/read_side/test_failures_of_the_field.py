"""How others fail at reading, and that this shop doesn't: later numbers of docs/failures.md, over HTTP and real stores.

The earlier ones stand in tests/integration/checkout/test_failures_of_the_field.py.
"""

import asyncio
from time import perf_counter
from typing import Any

import httpx
from elasticsearch import Elasticsearch
from redis.asyncio import Redis

from shared.documents.products import PAGE, SEARCH
from shared.shards import product_key
from tests.integration.read_side.catalog import Shop, ask, count_of, counts
from tests.integration.read_side.shelves import Shelves, a_page, eventually, position
from tests.integration.read_side.test_recommendations import page_of

MANY, BYTES_EACH = 48, 1_000


async def questions(redis: "Redis", client: Elasticsearch, alias: str) -> tuple[int, int]:
    """How many were asked of Redis for documents, and of Elasticsearch, up to now."""
    stats = await redis.info("commandstats")
    reads = sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("get", "mget", "hget", "hmget"))
    searched = client.indices.stats(index=alias, metric="search")["_all"]["total"]["search"]["query_total"]
    return reads, searched


async def test_21_a_listing_of_many_is_as_many_questions_as_a_listing_of_one(
    shopping: httpx.AsyncClient, shelves: Shelves, elasticsearch_url: str, shop_prefix: str
) -> None:
    """medusajs/medusa#13976, #11896, saleor/saleor#10199, #7004: a question per product, seconds, and megabytes."""
    asked: dict[int, tuple[int, int]] = {}
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        for limit in (2, 1, MANY):  # the first also asks what is kept afterwards
            before = await questions(shelves.redis, client, f"{shop_prefix}{SEARCH}")
            answer = await shopping.get("/v1/search", params={"limit": limit})
            after = await questions(shelves.redis, client, f"{shop_prefix}{SEARCH}")
            asked[limit] = after[0] - before[0], after[1] - before[1]
    assert len(answer.json()["items"]) == MANY
    assert asked[MANY][1] == asked[1][1] <= 2
    assert asked[MANY][0] - asked[1][0] < MANY / 2, "not one for each; some are asked by the clock"
    assert len(answer.content) < MANY * BYTES_EACH


async def test_22_what_is_being_filled_is_never_taken_for_all_there_is(
    shopping: httpx.AsyncClient, shop: Shop, shelves: Shelves
) -> None:
    """vendurehq/vendure#1422, !1292: an index that is written anew is searched half full, and nobody is told."""
    words, nothing = {"q": "product reading"}, {"q": "xylophone", "brand": "Nobody"}
    assert (await shopping.get("/v1/search", params=nothing)).json()["total"]["value"] == 0
    await shelves.unready(SEARCH, 0)
    path = "/v1/search?q=xylophone&brand=Nobody"
    refused = await eventually(shopping, path, lambda answer: answer.status_code == 503)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("not_ready", "1")
    found = await shopping.get("/v1/search", params=words)
    assert (found.status_code, found.headers["stale"], found.headers["cache-control"]) == (200, "behind", "no-store")
    assert found.json()["total"]["value"] == len(shop.found)
    await shelves.ready(SEARCH, 0)
    whole = await eventually(shopping, "/v1/search?q=product%20reading", lambda answer: "stale" not in answer.headers)
    assert whole.json()["items"] == found.json()["items"]


async def test_23_a_sale_shows_on_page_tile_and_hit_within_a_second_and_writes_no_product(
    shopping: httpx.AsyncClient, shop: Shop, shelves: Shelves
) -> None:
    """Sylius/Sylius#19193, saleor/saleor!15051, #16485: all prices are written anew, and are wrong meanwhile."""
    product = shop.products[12]
    page = page_of(product.product_id, product.skus[0])
    await shelves.put_product(page)
    path, hits = f"/v1/products/{page.id}", f"/v1/search?q={product.skus[0]}"
    hit = (await shopping.get(hits)).json()["items"][0]
    assert (hit["id"], "promotion_ids" in hit["price"]) == (str(page.id), False)
    sale, began = await shelves.announce(), perf_counter()
    marked = [str(sale)]
    shown = await eventually(
        shopping, path, lambda answer: answer.json()["variants"][0]["prices"][0].get("promotion_ids") == marked
    )
    assert perf_counter() - began < 5, "a second, on a machine that isn't busy"
    [price] = shown.json()["variants"][0]["prices"]
    [tile] = (await shopping.get(f"/v1/products?id={page.id}")).json()["items"]
    assert (price["before_promotions_minor"], tile["prices"]) == (1999, [price])
    now = (await shopping.get(hits)).json()["items"][0]["price"]
    assert (now["promotion_ids"], now["before_promotions_minor"]) == (marked, hit["price"]["amount_minor"])
    assert now["amount_minor"] * 2 == hit["price"]["amount_minor"]


async def test_24_red_or_white_and_leather_can_be_said_and_is_counted_as_it_would_be_found(
    shopping: httpx.AsyncClient, shop: Shop
) -> None:
    """vendurehq/vendure#726, saleor/saleor#696: values narrow each other, and counts are those of another question."""
    leather = [each for each in shop.found if "leather" in each.facets.get("Material, main", [])]
    either = [each for each in leather if {"red", "white"} & set(each.facets["Colour"])]
    chosen: dict[str, Any] = {"filter__Colour": ["red", "white"], "filter__Material, main": "leather"}
    answer = await ask(shopping, **chosen)
    assert answer["total"]["value"] == len(either)
    told = counts(answer, "filter.Colour")
    assert told == count_of(each.facets["Colour"] for each in leather), "each colour, as if none were chosen"
    black = await ask(shopping, **{**chosen, "filter__Colour": ["black"]})
    assert told["black"] == black["total"]["value"], "and so what choosing it alone finds"
    assert len(either) > max(told["red"], told["white"]), "one more colour finds more"


async def test_25_ten_who_have_just_written_see_it_at_their_first_look(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    """microsoftarchive/cqrs-journey#508: of ten users some waited more than five seconds; commanded/commanded#82."""
    before = [a_page(f"lamp-{n}") for n in range(10)]
    for page in before:
        await shelves.put_product(page)
    await shelves.checkpoint(PAGE, 99)
    looks = [api.get(f"/v1/products/{page.id}", headers=position(product_key(page.id), 100)) for page in before]
    looking = [asyncio.create_task(look) for look in looks]
    await asyncio.sleep(0.1)
    assert not any(task.done() for task in looking), "the write isn't shown yet: nobody is told what was before"
    after = [await shelves.put_product(page_of(page.id, f"new-{n}")) for n, page in enumerate(before)]
    await shelves.checkpoint(PAGE, 100)
    answers = await asyncio.gather(*looking)
    assert [answer.content for answer in answers] == after
    assert not any("stale" in answer.headers for answer in answers)
