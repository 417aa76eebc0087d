"""Who is let in: signed links, bearer tokens, and what the others are told."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from shared.documents import access, orders
from shared.ids import uuid7
from shared.links import order_token
from tests.integration.read_side.conftest import LINK_SECRET
from tests.integration.read_side.shelves import Shelves, an_order

Bearer = Mapping[str, str | bytes]
UNTRUE: dict[str, str] = {"Authorization": f"Bearer db_{UUID(int=7).hex}_wrong"}


def raw(headers: Bearer) -> list[tuple[bytes, bytes]]:
    """As bytes: clients may send what is no ASCII."""
    return [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()]


async def test_the_link_opens_its_order_with_its_history(api: httpx.AsyncClient, shelves: Shelves) -> None:
    order = an_order()
    body = await shelves.put(orders.STATUS, order.id, order)
    token = order_token(LINK_SECRET, order.id)
    by_query = await api.get(f"/v1/orders/{order.id}", params={"token": token})
    by_header = await api.get(f"/v1/orders/{order.id}", headers={"Order-Token": token})
    for answer in (by_query, by_header):
        assert (answer.status_code, answer.content) == (200, body)
        assert answer.headers["cache-control"] == "private, no-cache"
        assert [step["what"] for step in answer.json()["history"]] == ["order_placed", "order_confirmed"]
    known = {"Order-Token": token, "If-None-Match": by_header.headers["etag"]}
    assert (await api.get(f"/v1/orders/{order.id}", headers=known)).status_code == 304
    # Who holds the ETag alone learns nothing.
    assert (await api.get(f"/v1/orders/{order.id}", headers={"If-None-Match": "*"})).status_code == 401


async def test_without_the_right_token_nobody_learns_whether_an_order_exists(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    order, nothing = an_order(), uuid7()
    await shelves.put(orders.STATUS, order.id, order)
    other = order_token(LINK_SECRET, uuid7())
    forged = f"{order.id}.{'A' * 43}"
    refusals: list[tuple[Bearer, int, str]] = [
        ({}, 401, "unauthorized"),
        ({"Order-Token": other}, 403, "wrong_order_token"),
        ({"Order-Token": forged}, 403, "wrong_order_token"),
        ({"Order-Token": ""}, 401, "unauthorized"),
        ({"Order-Token": b"\xfc"}, 403, "wrong_order_token"),
        (UNTRUE, 401, "unauthorized"),
        ({"Authorization": "Basic abc"}, 401, "unauthorized"),
    ]
    for given, status, code in refusals:
        headers = raw(given)
        there = await api.get(f"/v1/orders/{order.id}", headers=headers)
        not_there = await api.get(f"/v1/orders/{nothing}", headers=headers)
        assert (there.status_code, there.json()["code"]) == (status, code), headers
        assert {**there.json(), "correlation_id": ""} == {**not_there.json(), "correlation_id": ""}
    answer = await api.get(f"/v1/orders/{nothing}", headers={"Order-Token": order_token(LINK_SECRET, nothing)})
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready"), "its token says that it was placed"


async def test_staff_read_orders_with_the_scope(api: httpx.AsyncClient, shelves: Shelves) -> None:
    order = an_order()
    await shelves.put(orders.STATUS, order.id, order)
    allowed, other = await shelves.put_token(["orders:read"]), await shelves.put_token(["stock:read"])
    assert (await api.get(f"/v1/orders/{order.id}", headers=allowed)).status_code == 200
    refused = await api.get(f"/v1/orders/{order.id}", headers=other)
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    assert (await api.get(f"/v1/orders/{uuid7()}", headers=allowed)).status_code == 404


async def test_staff_see_numbers(api: httpx.AsyncClient, shelves: Shelves) -> None:
    await shelves.put_stock("lamp", 9)
    headers = await shelves.put_token(["stock:read"])
    answer = await api.get("/v1/staff/stock/lamp", headers=headers)
    assert (answer.status_code, answer.json()["available"]) == (200, 9)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert (await api.get("/v1/staff/stock/none", headers=headers)).status_code == 404


async def expired(shelves: Shelves) -> Bearer:
    return await shelves.put_token(["stock:read"], expires_at=datetime.now(UTC) - timedelta(seconds=1))


async def revoked(shelves: Shelves) -> Bearer:
    return await shelves.put_token(["stock:read"], revoked=True)


async def wrong_secret(shelves: Shelves) -> Bearer:
    return {"Authorization": (await shelves.put_token(["stock:read"]))["Authorization"] + "x"}


async def unknown(_: Shelves) -> Bearer:
    return UNTRUE


async def malformed(_: Shelves) -> Bearer:
    return {"Authorization": b"Bearer db_zz_\xfc"}


async def none(_: Shelves) -> Bearer:
    return {}


@pytest.mark.parametrize("bearer", [none, unknown, malformed, wrong_secret, expired, revoked])
async def test_401(api: httpx.AsyncClient, shelves: Shelves, bearer: Callable[[Shelves], Awaitable[Bearer]]) -> None:
    await shelves.put_stock("lamp", 9)
    for path in ("/v1/staff/stock/lamp", f"/v1/orders/{uuid7()}"):
        answer = await api.get(path, headers=raw(await bearer(shelves)))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_403_without_the_scope(api: httpx.AsyncClient, shelves: Shelves) -> None:
    await shelves.put_stock("lamp", 9)
    answer = await api.get("/v1/staff/stock/lamp", headers=await shelves.put_token(["orders:read"]))
    assert (answer.status_code, answer.json()["required_scope"]) == (403, "stock:read")


async def test_a_token_that_expires_later_is_good(api: httpx.AsyncClient, shelves: Shelves) -> None:
    await shelves.put_stock("lamp", 9)
    later = await shelves.put_token(["stock:read"], expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert (await api.get("/v1/staff/stock/lamp", headers=later)).status_code == 200


async def test_while_tokens_are_being_filled_in_nobody_is_sent_away(api: httpx.AsyncClient, shelves: Shelves) -> None:
    await shelves.unready(access.MODEL, 0, 1, 2, 3)
    assert (await api.get("/v1/staff/stock/lamp", headers=UNTRUE)).status_code == 503
