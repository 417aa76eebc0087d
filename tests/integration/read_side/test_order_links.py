"""A link ends some time after its order has, for whoever has nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec import structs

from read_side.app import create_app
from shared.documents import orders
from shared.documents.orders import Happened
from shared.links import fresh_order_token, order_token
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import LINK_SECRET, settings_of
from tests.integration.read_side.shelves import Shelves, an_order

DAYS = 2.0  # 400 in a shop
WAYS: list[dict[str, Any]] = [{}, {"fronted": False}, {"kept_orders": 10}]


@pytest.fixture(params=WAYS, ids=["front", "litestar", "kept"])
async def api(
    request: pytest.FixtureRequest, shelves: Shelves, valkey: PrivateServer
) -> AsyncIterator[httpx.AsyncClient]:
    said = dict(request.param)
    fronted = said.pop("fronted", True)
    settings = settings_of(valkey.url, order_link_days=DAYS, **said)
    async with client_of(create_app(settings, fronted=fronted)) as client:
        yield client


async def asked(api: httpx.AsyncClient, order: orders.OrderStatus, token: str) -> tuple[int, str]:
    """The last of several answers: where orders are kept, it is kept by then."""
    for _ in range(4):
        answer = await api.get(f"/v1/orders/{order.id}", headers={"Order-Token": token})
    return answer.status_code, answer.json().get("code", "")


def ended(ago: timedelta, what: str = "order_completed") -> orders.OrderStatus:
    """An order placed ten days ago, with what followed its end."""
    now = datetime.now(UTC)
    placed = now - timedelta(days=10)
    id_ = an_order().id
    id_ = type(id_)(int=int(placed.timestamp() * 1000) << 80 | id_.int & (1 << 80) - 1)
    told = [Happened("order_placed", placed), Happened(what, now - ago), Happened("refund_requested", now)]
    state: Any = what.removeprefix("order_")
    return structs.replace(an_order(), id=id_, state=state, history=told)


@pytest.mark.parametrize("what", ["order_completed", "order_cancelled", "order_expired"])
async def test_it_opens_the_order_so_many_days_after_its_end_and_no_longer(
    api: httpx.AsyncClient, shelves: Shelves, what: str
) -> None:
    for ago, outcome in ((timedelta(days=1.9), (200, "")), (timedelta(days=2.1), (403, "order_token_ended"))):
        order = ended(ago, what)
        await shelves.put(orders.STATUS, order.id, order)
        assert await asked(api, order, order_token(LINK_SECRET, order.id)) == outcome
        staff = await shelves.put_token(["orders:read"])
        assert (await api.get(f"/v1/orders/{order.id}", headers=staff)).status_code == 200


async def test_of_an_order_that_runs_it_does_not_end(api: httpx.AsyncClient, shelves: Shelves) -> None:
    order = structs.replace(ended(timedelta(days=9)), state="confirmed")
    await shelves.put(orders.STATUS, order.id, order)
    assert await asked(api, order, order_token(LINK_SECRET, order.id)) == (200, "")


async def test_one_that_is_kept_ends_while_it_lies_there(api: httpx.AsyncClient, shelves: Shelves) -> None:
    order = ended(timedelta(days=DAYS) - timedelta(seconds=6))
    await shelves.put(orders.STATUS, order.id, order)
    token = order_token(LINK_SECRET, order.id)
    assert await asked(api, order, token) == (200, "")
    until = datetime.now(UTC) + timedelta(seconds=30)
    while (found := await asked(api, order, token))[0] == 200 and datetime.now(UTC) < until:
        await asyncio.sleep(0.05)
    assert found == (403, "order_token_ended")


async def test_a_fresh_one_opens_it_until_it_says(api: httpx.AsyncClient, shelves: Shelves) -> None:
    order = ended(timedelta(days=9))
    await shelves.put(orders.STATUS, order.id, order)
    now = datetime.now(UTC).timestamp()
    tokens = [fresh_order_token(LINK_SECRET, order.id, now + seconds) for seconds in (60, -1)]
    assert [await asked(api, order, token) for token in tokens] == [(200, ""), (403, "order_token_ended")]
