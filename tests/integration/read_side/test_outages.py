"""A store that is down: 503 from what needs it, and it comes back by itself."""

import asyncio
from time import perf_counter

import httpx
import pytest

from shared.ids import uuid7
from shared.links import order_token
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import LINK_SECRET
from tests.integration.read_side.shelves import Shelves, a_page, eventually


async def everything(api: httpx.AsyncClient) -> list[httpx.Response]:
    order = uuid7()
    paths = (f"/v1/products/{uuid7()}", "/v1/products/by-sku/a", "/v1/stock/a", "/v1/stock?sku=a", "/v1/categories")
    asked = [api.get(path) for path in paths]
    asked.append(api.get(f"/v1/orders/{order}", headers={"Order-Token": order_token(LINK_SECRET, order)}))
    asked.append(api.get("/v1/staff/stock/a", headers={"Authorization": f"Bearer db_{order.hex}_x"}))
    return list(await asyncio.gather(*asked))


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_without_redis(api: httpx.AsyncClient, shelves: Shelves, valkey: PrivateServer, how: str) -> None:
    await api.get("/v1/stock/a")
    (valkey.kill if how == "killed" else valkey.pause)()
    try:
        started = perf_counter()
        for answer in await everything(api):
            assert (answer.status_code, answer.json()["code"]) == (503, "redis_unavailable")
            assert answer.headers["retry-after"] == "1"
        assert perf_counter() - started < 5
        ready = await api.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]["redis"]["status"]) == (503, "down")
        assert (await api.get("/health/live")).status_code == 200
        assert (await api.get(f"/v1/orders/{uuid7()}")).status_code == 401  # needs no store to know
    finally:
        valkey.start() if how == "killed" else valkey.resume()
    await shelves.redis.connection_pool.disconnect()  # the test's own connection died, too
    await shelves.redis.flushall()
    await shelves.open()
    page = a_page()
    body = await shelves.put_product(page)
    answer = await eventually(api, f"/v1/products/{page.id}", lambda answer: answer.status_code == 200)
    assert answer.content == body


async def test_without_elasticsearch_only_search_suffers(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    await shelves.put_product(page)
    answer = await api.get("/v1/search?q=lamp")
    assert (answer.status_code, answer.json()["code"]) == (503, "elasticsearch_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert (await api.get(f"/v1/products/{page.id}")).status_code == 200
    ready = await api.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
