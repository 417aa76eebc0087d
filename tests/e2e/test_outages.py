"""Each store in turn stops answering: what needs it says 503 with Retry-After, what doesn't goes on.

When it is back, everything catches up without an operator.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis

from doorbuster import tokens, verify
from doorbuster.demo import stampede
from doorbuster.demo.shop import Json, Refused, Shop
from doorbuster.home import Home
from shared.ids import uuid7
from tests.e2e.conftest import SCOPES
from tests.e2e.programs import pid_of, state_of, stopped, unsupervised
from write_side import database

LONGEST = 12.0  # seconds, on machines that do other things as well; without limits it would be for ever

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(own_home: Home) -> dict[str, str]:
    """The way to the stack of this module."""
    return state_of(own_home).environment


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Shop]:
    """A web client; afterwards rows and log must agree."""
    async with Shop(environment) as shop:
        yield shop
    async with database.open_pool(environment["DATABASE_URL"], 1, "verify") as pool, pool.acquire() as conn:
        await conn.execute("SET transaction_timeout = 0")
        assert await verify.differences(conn) == []


@pytest.fixture
async def bearer(environment: dict[str, str]) -> str:
    """Staff."""
    return await tokens.issue(environment["DATABASE_URL"], "outages", SCOPES)


async def refusal(shop: Shop, path: str) -> tuple[int, str]:
    """Status and code of a query that must be refused soon and with Retry-After."""
    async with httpx.AsyncClient(timeout=30) as client:
        began = time.monotonic()
        answer = await client.get(shop.read + path)
    assert time.monotonic() - began < LONGEST, "a store that hangs must not hang the answer"
    assert "Retry-After" in answer.headers, answer.text
    return answer.status_code, answer.json()["code"]


async def page_of(shop: Shop, bearer: str, *, searchable: bool = True) -> tuple[str, str]:
    """A product of its own: its SKU and its page's path, which answers."""
    sku = await stampede.offer(shop, bearer, 20, searchable=searchable)
    path = f"/v1/products/by-sku/{sku}"
    await shop.query(path)
    return sku, path


async def bought(shop: Shop, sku: str) -> Json:
    cart_id, secret = await shop.cart(sku, 1, "EUR")
    quote = await shop.quote(cart_id, secret, f"guest-{uuid7().hex[-8:]}@shop.example")
    order, _ = await shop.place(quote["id"], secret)
    return order


async def until_answers(shop: Shop, path: str, seconds: float = 90) -> Json:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await shop.query(path)
        except Refused as refused:
            assert refused.status == 503, refused
            assert time.monotonic() < deadline, refused
            await asyncio.sleep(0.1)


@asynccontextmanager
async def shoppers(shop: Shop, paths: Sequence[str]) -> AsyncIterator[Counter[tuple[str, int]]]:
    """Ten shoppers who ask for these without a pause; what they were answered."""
    seen: Counter[tuple[str, int]] = Counter()

    async def ask(client: httpx.AsyncClient) -> None:
        while True:
            for path in paths:
                seen[path, (await client.get(path)).status_code] += 1

    async with httpx.AsyncClient(base_url=shop.read, timeout=30) as client:
        asking = [asyncio.create_task(ask(client)) for _ in range(10)]
        try:
            yield seen
        finally:
            for task in asking:
                task.cancel()
            broken = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(error, asyncio.CancelledError) for error in broken), broken


async def go_on(seen: Counter[tuple[str, int]], *paths: str) -> None:
    """These go on being answered. Not each of them: on a busy machine one may wait too long."""
    wanted = {path: seen[path, 200] + 10 for path in paths}
    async with asyncio.timeout(90):
        while any(seen[path, 200] < count for path, count in wanted.items()):
            await asyncio.sleep(0.1)


async def test_without_redis_pages_come_from_elasticsearch_and_all_else_goes_on(
    own_home: Home, shop: Shop, bearer: str
) -> None:
    sku, path = await page_of(shop, bearer)
    before = await shop.query(path)
    found = f"/v1/search?q={sku}&limit=1&facets="
    while not (await shop.query(found))["total"]["value"]:
        await asyncio.sleep(0.1)
    async with shoppers(shop, (path, "/v1/search?limit=1")) as seen:
        with stopped(own_home, "valkey"):
            assert await until_answers(shop, path) == before
            assert await refusal(shop, f"/v1/stock/{sku}") == (503, "redis_unavailable")
            assert (await until_answers(shop, "/v1/search?limit=1"))["items"]
            await go_on(seen, path, "/v1/search?limit=1")
            order = await bought(shop, sku)
            await shop.pay(order)
            await shop.complete(order)
        await until_answers(shop, f"/v1/stock/{sku}")
    assert {status for _, status in seen} <= {200, 503}, seen
    await shop.until_order(order, "payment_state", "captured")


async def test_without_elasticsearch_pages_orders_and_commands_go_on(
    own_home: Home, shop: Shop, bearer: str
) -> None:
    sku, path = await page_of(shop, bearer)
    placed = await bought(shop, sku)
    status = f"/v1/orders/{placed['id']}?token={placed['order_token']}"
    await until_answers(shop, status)
    unharmed = (path, "/v1/categories", f"/v1/stock/{sku}", status)
    async with shoppers(shop, (*unharmed, "/v1/search?limit=1")) as seen:
        with stopped(own_home, "elasticsearch"):
            while not seen["/v1/search?limit=1", 503]:
                await asyncio.sleep(0.1)
            assert await refusal(shop, "/v1/search?limit=1") == (503, "elasticsearch_unavailable")
            await go_on(seen, *unharmed)
        await until_answers(shop, "/v1/search?limit=1")
    assert {code for _, code in seen} <= {200, 503}, seen
    assert not [asked for asked in seen if asked[0] in unharmed and asked[1] != 200], seen
    with stopped(own_home, "elasticsearch"):
        order = await bought(shop, sku)
        await shop.pay(order)
        await shop.until_order(order, "payment_state", "captured")
        new_sku, new_path = await page_of(shop, bearer, searchable=False)
        assert (await shop.query(path))["variants"][0]["sku"] == sku
    await until_answers(shop, "/v1/search?limit=1")
    page = await shop.query(new_path)
    first = ""
    for _ in range(200):
        found = await shop.query(f"/v1/search?q={new_sku}&limit=1&facets=")
        if (first := found["items"][0]["id"]) == page["id"]:
            break
        await asyncio.sleep(0.1)
    assert first == page["id"], "what was added meanwhile is found"


async def test_a_postgres_that_dies_under_commands_loses_nothing(own_home: Home, shop: Shop, bearer: str) -> None:
    sku, path = await page_of(shop, bearer)
    with unsupervised(own_home):  # else it is back before a busy machine has asked it for anything
        os.kill(pid_of(own_home, "postgres"), signal.SIGKILL)
        with pytest.raises(Refused) as refused:
            await bought(shop, sku)
        assert (refused.value.status, refused.value.code) == (503, "postgres_unavailable")
    deadline = time.monotonic() + 60
    while True:
        await shop.query(path)
        try:
            order = await bought(shop, sku)
            break
        except Refused as error:
            assert (error.status, error.code) == (503, "postgres_unavailable"), error
            assert time.monotonic() < deadline, error
            await asyncio.sleep(0.05)
    await shop.pay(order)
    await shop.until_order(order, "payment_state", "captured")


async def test_while_stripe_is_down_an_order_waits(own_home: Home, shop: Shop, bearer: str) -> None:
    sku, _ = await page_of(shop, bearer)
    with stopped(own_home, "stripe"):
        order = await bought(shop, sku)
        with pytest.raises(Refused) as refused:
            await shop.pay(order)
        assert (refused.value.status, order["state"]) == (503, "pending_payment")
    for _ in range(100):
        try:
            await shop.pay(order)
            break
        except Refused:
            await asyncio.sleep(0.2)
    await shop.until_order(order, "payment_state", "captured")


async def test_while_the_mail_server_is_down_orders_are_confirmed_and_mailed_later(
    own_home: Home, shop: Shop, bearer: str
) -> None:
    sku = await stampede.offer(shop, bearer, 5)
    mail = f"late-{uuid7().hex[-8:]}@shop.example"
    with stopped(own_home, "mail"):
        cart_id, secret = await shop.cart(sku, 1, "EUR")
        quote = await shop.quote(cart_id, secret, mail)
        order, _ = await shop.place(quote["id"], secret)
        await shop.pay(order)
        await shop.until_order(order, "state", "confirmed")
        await asyncio.sleep(1)
    assert order["number"] in (await shop.mail_to(mail, seconds=60))["subject"]


async def test_while_redis_is_emptied_nothing_that_exists_answers_404(
    own_home: Home, environment: dict[str, str], shop: Shop, bearer: str
) -> None:
    pages = [await page_of(shop, bearer) for _ in range(5)]
    seen: set[int] = set()
    async with (
        Redis.from_url(environment["REDIS_URL"]) as redis,
        httpx.AsyncClient(base_url=shop.read, timeout=30) as client,
    ):
        for _ in range(3):
            await redis.flushall()
            until = time.monotonic() + 2
            while time.monotonic() < until:
                answers = await asyncio.gather(*(client.get(path) for _, path in pages))
                seen |= {answer.status_code for answer in answers}
    assert 200 in seen <= {200, 503}
    for sku, path in pages:
        assert (await until_answers(shop, path))["variants"][0]["sku"] == sku
