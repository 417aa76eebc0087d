"""OWASP API4: lists, texts and parameters have an end, and an answer never grows out of proportion to its question."""

import time
from typing import Any

import httpx
import pytest

from doorbuster.simulators.signing import signature
from shared.ids import uuid7
from tests.integration.checkout.test_over_http import BUYER
from tests.integration.write_api.conftest import Issue
from write_side.access import SCOPES
from write_side.customers.domain import _MAIL, LONGEST_MAIL

LONG = "x" * 60_000
SKU = {"sku": "s"}
DEEP = "[" * 100_000 + "]" * 100_000

# Method, path, body: more of it than anybody means.
TOO_MUCH: list[tuple[str, str, Any]] = [
    ("POST", "/v1/tokens", {"name": LONG, "scopes": ["stock:read"]}),
    ("POST", "/v1/tokens", {"name": "n", "scopes": ["stock:read"] * 1000}),
    ("POST", "/v1/products", {"name": LONG, "variants": [SKU]}),
    ("POST", "/v1/products", {"name": "n", "variants": [{"sku": f"s{n}"} for n in range(5000)]}),
    ("POST", "/v1/products", {"name": "n", "variants": [SKU], "attributes": {f"a{n}": 1 for n in range(5000)}}),
    ("POST", "/v1/products", {"name": "n", "variants": [SKU], "attributes": {"a": [1] * 5000}}),
    ("POST", "/v1/products", {"name": "n", "variants": [SKU], "images": [{"url": "https://x.example"}] * 500}),
    ("POST", "/v1/products", {"name": "n", "variants": [SKU], "attributes": {"a": 10**30}}),
    ("POST", "/v1/categories", {"name": LONG}),
    ("POST", "/v1/warehouses", {"code": "BER", "name": LONG, "country": "DE"}),
    ("POST", "/v1/stock/receipts", {"sku": LONG, "warehouse": "BER", "quantity": 1, "reason": "r"}),
    ("POST", "/v1/stock/receipts", {"sku": "s", "warehouse": "BER", "quantity": 10**12, "reason": "r"}),
    ("POST", "/v1/reservations", {"lines": [{"sku": f"s{n}", "quantity": 1} for n in range(9000)]}),
    ("PUT", "/v1/shipping-zones/z", {"name": "Z", "places": [{"country": "DE"}] * 5000, "methods": []}),
    ("PUT", "/v1/prices/s/EUR", {"amount_minor": 10**30}),
    ("POST", "/v1/carts", {"currency": LONG}),
]


@pytest.mark.parametrize(("method", "path", "body"), TOO_MUCH, ids=range(len(TOO_MUCH)))
async def test_more_than_anybody_means_is_refused(
    api: httpx.AsyncClient, staff: Issue, method: str, path: str, body: Any
) -> None:
    answer = await api.request(method, path, headers=await staff(*SCOPES), json=body)
    assert answer.status_code in (400, 404, 422), answer.text[:300]
    assert len(answer.content) < 10_000


async def test_a_quote_takes_no_essay(api: httpx.AsyncClient) -> None:
    cart = (await api.post("/v1/carts", json={"currency": "EUR"})).json()
    path, secret = f"/v1/carts/{cart['id']}", {"Cart-Secret": cart["secret"]}
    address: Any = BUYER["address"]
    for body in (
        BUYER | {"mail": LONG + "@x.example"},
        *(BUYER | {"address": address | {field: LONG}} for field in address),
    ):
        answer = await api.post(f"{path}/quotes", json=body, headers=secret)
        assert answer.status_code in (400, 422)
        assert len(answer.content) < 1000
    added = await api.post(f"{path}/lines", json={"sku": "x" * 101, "quantity": 1}, headers=secret)
    assert added.status_code == 400


@pytest.mark.parametrize("place", ['{"currency": %s}', '{"nothing": %s}', "%s", '{"currency": "EUR", "a": {"b": %s}}'])
async def test_a_body_nested_without_end_is_the_clients_mistake(api: httpx.AsyncClient, place: str) -> None:
    for nested in (DEEP, '{"a":' * 100_000 + "1" + "}" * 100_000):
        headers = {"Content-Type": "application/json"}
        answer = await api.post("/v1/carts", content=(place % nested).encode(), headers=headers)
        assert answer.status_code == 400
        assert len(answer.content) < 2000


async def test_a_signed_notice_nested_without_end_is_no_notice(api: httpx.AsyncClient, shop: Any) -> None:
    event = '{"id": "evt_1", "type": "x", "data": {"object": {"object": "payment_intent", "x": %s}}, "y": %s}'
    body = (event % (DEEP, DEEP)).encode()
    signed = signature(body, shop.settings.stripe_webhook_secret, int(time.time()))
    answer = await api.post("/v1/webhooks/stripe", content=body, headers={"Stripe-Signature": signed})
    assert answer.status_code in (200, 400)


QUERIES = [
    "limit=100000", "limit=-1", "q=" + "x" * 5000, "cursor=" + "x" * 50_000, "price_min=1" + "0" * 5000,
    "facets=" + "a," * 5000, "&".join(f"filter.a{n}=1" for n in range(500)), "filter.a=" + "x" * 5000,
    "filter." + "x" * 5000 + "=1", "&".join(f"brand=b{n}" for n in range(4000)),
    "&".join(f"category=c{n}" for n in range(4000)), "currency=" + "X" * 5000, "sort=" + "x" * 5000,
    "&".join(f"x{n}=1" for n in range(5000)), "brand=" + "x" * 50_000,
]  # fmt: skip


@pytest.mark.parametrize("asked", QUERIES, ids=[query[:20] for query in QUERIES])
async def test_a_search_that_asks_for_too_much_is_refused_in_few_words(query: httpx.AsyncClient, asked: str) -> None:
    answer = await query.get(f"/v1/search?{asked}")
    assert answer.status_code == 400, answer.text[:200]
    assert len(answer.content) < 5000, "many mistakes must not make a long answer"


@pytest.mark.parametrize("skus", ["&".join(f"sku=s{n}" for n in range(101)), "&".join(f"sku={n}" for n in range(5000))])
async def test_too_many_skus_at_once_are_refused(query: httpx.AsyncClient, skus: str) -> None:
    assert (await query.get(f"/v1/stock?{skus}")).status_code == 400


async def test_too_many_products_at_once_are_refused(query: httpx.AsyncClient) -> None:
    several = "&".join(f"id={uuid7()}" for _ in range(51))
    assert (await query.get(f"/v1/products?{several}")).status_code == 400


@pytest.mark.parametrize("token", ["x" * 5000, "é", "=" * 100, "MS4" + "A" * 500])
async def test_no_position_costs_more_than_its_refusal(query: httpx.AsyncClient, token: str) -> None:
    answer = await query.get("/v1/stock/lamp", headers={b"Position": token.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "broken_position")


async def test_paths_without_end_are_only_long(api: httpx.AsyncClient, query: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff(*SCOPES)
    for path in ("products/by-sku", "products/by-slug", "products/by-ean", "stock"):
        assert (await query.get(f"/v1/{path}/{LONG}")).status_code == 404
    answer = await api.put(f"/v1/prices/{LONG}/EUR", headers=headers, json={"amount_minor": 1})
    assert answer.status_code == 404
    assert len(answer.content) < 3 * len(LONG)


HOSTILE = ["a" * 252 + "@", "a@" + "a." * 120 + "!", "a@" + "-." * 125, "@" * 254, "a@" + "a" * 250]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_the_pattern_of_a_mail_address_needs_no_backtracking(hostile: str) -> None:
    """Nested repeats that could match in many ways would keep this busy until the end of time."""
    assert len(hostile) <= LONGEST_MAIL
    assert _MAIL.fullmatch(hostile) is None
