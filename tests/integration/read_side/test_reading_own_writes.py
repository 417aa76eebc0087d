"""The Position token: waited for, but never for long, and at the same cost however many ask."""

import asyncio
from time import perf_counter

import httpx
import pytest
from redis.asyncio import Redis

from read_side import waiting
from shared.documents import products, sales, stock
from shared.position import Position
from shared.shards import product_key, shard_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.shelves import EPOCH, SHARDS, Shelves, a_page, position


async def test_a_position_that_was_reached_is_answered_at_once(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    await shelves.put_product(page)
    await shelves.checkpoint(products.PAGE, 100)
    for path in (f"/v1/products/{page.id}", "/v1/products/by-sku/lamp-red"):
        answer = await api.get(path, headers=position(product_key(page.id), 100))
        assert answer.status_code == 200
        assert "stale" not in answer.headers


async def test_the_answer_waits_for_the_write(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    asked = asyncio.create_task(api.get(f"/v1/products/{page.id}", headers=position(product_key(page.id), 100)))
    await asyncio.sleep(0.1)
    assert not asked.done()
    body = await shelves.put_product(page)
    await shelves.checkpoint(products.PAGE, 101)
    answer = await asked
    assert (answer.status_code, answer.content) == (200, body)
    assert "stale" not in answer.headers


async def test_other_shards_are_not_waited_for(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    await shelves.put_product(page)
    own = shard_of(product_key(page.id), SHARDS)
    await shelves.checkpoint(products.PAGE, 100, own)
    token = Position(EPOCH, {own: 100, (own + 1) % SHARDS: 10**9}).token()
    answer = await api.get(f"/v1/products/{page.id}", headers={"Position": token})
    assert "stale" not in answer.headers


async def test_what_does_not_come_is_waited_for_half_a_second(api: httpx.AsyncClient, shelves: Shelves) -> None:
    page = a_page()
    await shelves.put_product(page)
    assert waiting.BOUND == 0.5
    started = perf_counter()
    answer = await api.get(f"/v1/products/{page.id}", headers=position(product_key(page.id), 10**15))
    assert 0.45 < perf_counter() - started < 5, "half a second, on a machine that isn't busy"
    assert (answer.status_code, answer.headers["stale"], answer.headers["cache-control"]) == (200, "behind", "no-store")


async def test_forged_positions_share_one_poller(
    api: httpx.AsyncClient, shelves: Shelves, valkey: PrivateServer
) -> None:
    page = a_page()
    await shelves.put_product(page)
    async with Redis.from_url(valkey.url) as redis:
        before = (await redis.info("commandstats")).get("cmdstat_hgetall", {}).get("calls", 0)
        headers = position(product_key(page.id), 10**15)
        answers = await asyncio.gather(*(api.get(f"/v1/products/{page.id}", headers=headers) for _ in range(200)))
        after = (await redis.info("commandstats"))["cmdstat_hgetall"]["calls"]
    assert {answer.headers["stale"] for answer in answers} == {"behind"}
    assert after - before < 1000  # 500 ms / 5 ms for all, what the watch reads, a slow machine; each: 20,000


async def test_another_epoch_can_not_be_waited_for(
    api: httpx.AsyncClient, shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = a_page()
    await shelves.put_product(page)
    await shelves.checkpoint(products.PAGE, 100)
    waited = list[object]()

    async def waits(*asked: object, **_: object) -> bool:
        waited.append(asked)
        return True

    monkeypatch.setattr(waiting.Waiting, "reached", waits)
    answer = await api.get(f"/v1/products/{page.id}", headers=position(product_key(page.id), 1, EPOCH - 1))
    assert answer.headers["stale"] == "behind"
    assert waited == []
    await api.get(f"/v1/products/{page.id}", headers=position(product_key(page.id), 1))
    assert waited, "or this test can't see who waits"


@pytest.mark.parametrize(
    "token",
    ["", "x", "%%%", "A" * 600, "bm8", Position(EPOCH, {SHARDS: 1}).token(), Position(EPOCH, {-1: 1}).token(),
     Position(EPOCH, {0: -1}).token()],
)  # fmt: skip
async def test_a_broken_position(api: httpx.AsyncClient, shelves: Shelves, token: str) -> None:
    page = a_page()
    await shelves.put_product(page)
    for path in (f"/v1/products/{page.id}", "/v1/stock/a", "/v1/categories"):
        answer = await api.get(path, headers={"Position": token})
        assert (answer.status_code, answer.json()["code"]) == (400, "broken_position"), path


async def test_stock_waits_for_all_shards_of_the_token(api: httpx.AsyncClient, shelves: Shelves) -> None:
    await shelves.put_stock("a", 3)
    await shelves.checkpoint(stock.MODEL, 100)
    for path in ("/v1/stock/a", "/v1/stock?sku=a"):
        seen = await api.get(path, headers={"Position": Position(EPOCH, {0: 100, 1: 99}).token()})
        assert "stale" not in seen.headers
        behind = await api.get(path, headers={"Position": Position(EPOCH, {0: 100, 1: 101}).token()})
        assert behind.headers["stale"] == "behind"


async def test_a_document_that_the_position_may_stand_for_is_not_denied(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    page = a_page()
    paths = (f"/v1/products/{page.id}", "/v1/products/by-sku/lamp-red", "/v1/sales/by-sku/lamp-red")
    for path in paths:
        answer = await api.get(path, headers=position(product_key(page.id), 10**15))
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    for model in (products.PAGE, sales.MODEL):
        await shelves.checkpoint(model, 10**15)
    for path in paths:
        answer = await api.get(path, headers=position(product_key(page.id), 10**15))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
