"""OWASP API1: what a guest holds opens what is theirs, and nothing tells somebody else's from what does not exist."""

from typing import Any, NamedTuple

import httpx
import pytest

from shared.documents import orders as documents
from shared.ids import uuid7
from shared.links import order_token
from tests.integration.checkout.test_over_http import BUYER, Guest
from tests.integration.read_side.conftest import LINK_SECRET
from tests.integration.read_side.shelves import Shelves, an_order


class Owner(NamedTuple):
    """A guest with all that a guest can have."""

    guest: Guest
    quote_id: str
    order: dict[str, Any]


async def an_owner(api: httpx.AsyncClient) -> Owner:
    guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
    await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1})
    order = await guest.ordered()
    other = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
    await other.post(f"/v1/carts/{other.id}/lines", {"sku": "lamp", "quantity": 1})
    return Owner(other, await other.quoted(), order)


@pytest.fixture
async def owners(api: httpx.AsyncClient) -> tuple[Owner, Owner]:
    """Two of them."""
    return await an_owner(api), await an_owner(api)


# Method, path, body: places for a cart, a quote, an order and a payment.
CART: list[tuple[str, str, Any]] = [
    ("GET", "/v1/carts/{cart}", None),
    ("POST", "/v1/carts/{cart}/lines", {"sku": "lamp", "quantity": 1}),
    ("PUT", "/v1/carts/{cart}/lines/lamp", {"quantity": 3}),
    ("DELETE", "/v1/carts/{cart}/lines/lamp", None),
    ("POST", "/v1/carts/{cart}/quotes", BUYER),
    ("POST", "/v1/orders", {"quote_id": "{quote}"}),
]
ORDER: list[tuple[str, str, Any]] = [
    ("POST", "/v1/orders/{order}/cancel", None),
    ("POST", "/v1/payments/{payment}/session", None),
    ("POST", "/v1/payments/{payment}/complete", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CART + ORDER, ids=[f"{m} {p}" for m, p, _ in CART + ORDER])
async def test_another_guests_secrets_are_told_the_same_as_for_what_is_not_there(
    api: httpx.AsyncClient, owners: tuple[Owner, Owner], method: str, path: str, body: Any
) -> None:
    mine, theirs = owners
    secrets = {**mine.guest.secret, "Order-Token": mine.order["order_token"], "Idempotency-Key": str(uuid7())}
    there = {"cart": theirs.guest.id, "quote": theirs.quote_id, "order": theirs.order["id"]}
    there["payment"] = theirs.order["payment"]["id"]
    nowhere = {name: str(uuid7()) for name in there}

    async def ask(ids: dict[str, str]) -> tuple[int, dict[str, Any], dict[str, str]]:
        sent = body if body is None or "quote_id" not in body else {"quote_id": ids["quote"]}
        answer = await api.request(method, path.format(**ids), json=sent, headers=secrets)
        problem = answer.json()
        del problem["correlation_id"]
        # The one in the body is as long as the number of requests before it is in digits.
        its_own = ("x-correlation-id", "content-length")
        headers = {name: value for name, value in answer.headers.items() if name not in its_own}
        return answer.status_code, problem, headers

    refused = await ask(there)
    assert refused[0] == 403
    assert refused == await ask(nowhere)


async def test_nothing_of_the_other_was_changed_by_trying(api: httpx.AsyncClient, owners: tuple[Owner, Owner]) -> None:
    mine, theirs = owners
    before = (await api.get(f"/v1/carts/{theirs.guest.id}", headers=theirs.guest.secret)).json()
    for method, path, body in CART[1:5]:
        await api.request(method, path.format(cart=theirs.guest.id), json=body, headers=mine.guest.secret)
    assert (await api.get(f"/v1/carts/{theirs.guest.id}", headers=theirs.guest.secret)).json() == before


async def test_somebody_elses_idempotency_key_gets_nobody_elses_answer(
    api: httpx.AsyncClient, owners: tuple[Owner, Owner]
) -> None:
    mine, theirs = owners
    placed = []
    for owner in (mine, theirs):
        answer = await owner.guest.post("/v1/orders", {"quote_id": owner.quote_id}, **{"Idempotency-Key": "the same"})
        assert answer.status_code == 201
        assert "idempotent-replayed" not in answer.headers
        placed.append(answer.json()["id"])
    assert len(set(placed)) == 2
    stolen = await mine.guest.post("/v1/orders", {"quote_id": theirs.quote_id}, **{"Idempotency-Key": "the same"})
    assert stolen.status_code == 403


async def test_an_orders_token_opens_no_other_order_and_only_orders(query: httpx.AsyncClient, shelves: Shelves) -> None:
    mine, theirs, nothing = an_order(), an_order(), uuid7()
    for order in (mine, theirs):
        await shelves.put(documents.STATUS, order.id, order)
    token = order_token(LINK_SECRET, mine.id)
    assert (await query.get(f"/v1/orders/{mine.id}", headers={"Order-Token": token})).status_code == 200
    signature = token.partition(".")[2]
    staff = await shelves.put_token(["stock:read", "catalog:write", "orders:write"])
    for headers in (
        {"Order-Token": token},
        {"Order-Token": f"{theirs.id}.{signature}"},
        {"Order-Token": f"{nothing}.{signature}"},
        {"Order-Token": token, "If-None-Match": "*"},
        {"Cart-Secret": signature},
        staff,
    ):
        told = []
        for id_ in (theirs.id, nothing):
            answer = await query.get(f"/v1/orders/{id_}", headers=headers)
            told.append((answer.status_code, {**answer.json(), "correlation_id": ""}))
        assert told[0] == told[1]
        assert told[0][0] in (401, 403)
