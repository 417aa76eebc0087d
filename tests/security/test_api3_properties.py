"""OWASP API3: nobody sets what isn't theirs to set, and shoppers see nothing that is for staff."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared.documents import orders as documents
from shared.documents.stock import STAFF
from shared.ids import uuid7
from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.integration.accounts.conftest import Customers
from tests.integration.checkout.test_over_http import BUYER, Guest
from tests.integration.read_side.conftest import LINK_SECRET
from tests.integration.read_side.shelves import Shelves, a_page, an_order
from tests.integration.write_api.conftest import Issue
from tests.security.routes import Route, routes_of
from write_side.access import SCOPES
from write_side.app import create_app

BODIES = [route for route in routes_of(create_app(Settings.read(NOWHERE))) if route.takes_json]
GRABBED = ["id", "version", "is_admin", "owner", "secret_sha256", "state", "total_minor", "__proto__", "person_id"]


OF_ACCOUNTS = [route for route in BODIES if route.path.startswith("/v1/account/")]
OTHERS = [route for route in BODIES if route not in OF_ACCOUNTS]


async def test_a_field_that_is_not_the_callers_to_set_is_refused_by_name(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff(*SCOPES) | {"Cart-Secret": "x", "Order-Token": "x"}
    for route in OTHERS:
        await refused_by_name(api, route, headers)
    assert len(OTHERS) > 40


async def test_so_is_one_that_is_not_the_account_s_to_set(api: httpx.AsyncClient, customers: Customers) -> None:
    headers = {"Authorization": f"Bearer {(await customers.customer()).token}", "Cart-Secret": "x"}
    for route in OF_ACCOUNTS:
        await refused_by_name(api, route, headers)
    assert len(OF_ACCOUNTS) > 4


async def refused_by_name(api: httpx.AsyncClient, route: Route, headers: dict[str, str]) -> None:
    for field in set(GRABBED) - set(route.body.__struct_fields__):
        answer = await api.request(route.method, route.path, headers=headers, json={field: 1})
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (400, "invalid_input"), (route.name, problem)
        assert [(e["code"], e["pointer"]) for e in problem["errors"]] == [("unknown_field", f"/{field}")]


NESTED: list[tuple[str, str, Any, str]] = [
    ("POST", "/v1/products", {"name": "n", "variants": [{"sku": "s", "price": 1}]}, "/variants/0/price"),
    ("POST", "/v1/products", {"name": "n", "variants": [], "images": [{"url": "u", "x": 1}]}, "/images/0/x"),
    ("POST", "/v1/reservations", {"lines": [{"sku": "s", "quantity": 1, "warehouse": "W"}]}, "/lines/0/warehouse"),
    ("POST", f"/v1/carts/{uuid7()}/quotes", BUYER | {"address": BUYER["address"] | {"vip": True}}, "/address/vip"),  # type: ignore[operator]
]


@pytest.mark.parametrize(("method", "path", "body", "pointer"), NESTED, ids=[pointer for *_, pointer in NESTED])
async def test_so_is_one_that_hides_deeper(
    api: httpx.AsyncClient, staff: Issue, method: str, path: str, body: Any, pointer: str
) -> None:
    answer = await api.request(method, path, headers=await staff(*SCOPES), json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


# What stands in rows, events or documents for staff, and in no answer to a shopper.
FOR_STAFF = {
    "on_hand", "reserved", "available", "low_at", "warehouse", "warehouses", "allocations", "person_id",
    "secret_sha256", "intent_id", "external_ref", "deducted", "shard", "position", "todo", "attempts", "doubts",
}  # fmt: skip


def keys_and_texts(value: Any) -> Iterator[str]:
    """All names and all texts in an answer."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_and_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_and_texts(inner)
    elif isinstance(value, str):
        yield value


def check_for_shoppers(answer: httpx.Response) -> None:
    assert answer.is_success, answer.text
    said = set(keys_and_texts(answer.json()))
    assert said & FOR_STAFF == set()
    assert not any(text.startswith("s1.") for text in said), "a sealed field"


async def test_a_shoppers_answers_on_the_way_to_an_order_hold_nothing_for_staff(api: httpx.AsyncClient) -> None:
    guest = Guest(api, (opened := await api.post("/v1/carts", json={"currency": "EUR"})).json())
    check_for_shoppers(opened)
    check_for_shoppers(await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1}))
    check_for_shoppers(await api.get(f"/v1/carts/{guest.id}", headers=guest.secret))
    quoted = await guest.post(f"/v1/carts/{guest.id}/quotes", BUYER)
    check_for_shoppers(quoted)
    order = await guest.post("/v1/orders", {"quote_id": quoted.json()["id"]}, **{"Idempotency-Key": "k"})
    check_for_shoppers(order)
    token = {"Order-Token": order.json()["order_token"], "Idempotency-Key": "k"}
    check_for_shoppers(await api.post(f"/v1/payments/{order.json()['payment']['id']}/complete", headers=token))
    check_for_shoppers(await api.post(f"/v1/orders/{order.json()['id']}/cancel", headers=token))


async def test_a_shoppers_queries_show_nothing_for_staff(query: httpx.AsyncClient, shelves: Shelves) -> None:
    page, order = a_page(), an_order()
    await shelves.put_product(page)
    await shelves.put_stock("lamp-red", 7)
    await shelves.put(documents.STATUS, order.id, order)
    for path in (f"products/{page.id}", "products/by-sku/lamp-red", "stock/lamp-red", "stock?sku=lamp-red"):
        check_for_shoppers(await query.get(f"/v1/{path}"))
    token = order_token(LINK_SECRET, order.id)
    check_for_shoppers(await query.get(f"/v1/orders/{order.id}", headers={"Order-Token": token}))
    of_staff = f"{STAFF}lamp-red"
    for path in (quote(of_staff), quote(of_staff, safe=""), of_staff):
        assert (await query.get(f"/v1/stock/{path}")).status_code == 404
    many = await query.get("/v1/stock", params={"sku": [of_staff, "lamp-red"]})
    assert (len(many.json()["items"]), many.json()["unknown"]) == (1, [of_staff])
