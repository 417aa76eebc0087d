"""What a search answers while the index or Redis is behind, missing, of before, or away."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
from elasticsearch import Elasticsearch

from read_side.app import create_app
from shared.documents.products import SEARCH
from shared.position import Position
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import Shop, ask
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import EPOCH, VERSION, Shelves, eventually, everywhere


async def test_a_search_waits_for_what_it_can_see(shopping: httpx.AsyncClient, shelves: Shelves) -> None:
    async def stale(at: int, epoch: int = EPOCH) -> str | None:
        answer = await shopping.get("/v1/search?q=lamp", headers=everywhere(at, epoch))
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
