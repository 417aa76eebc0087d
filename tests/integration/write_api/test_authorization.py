"""Who may call what: every route of the command API is open on purpose, or answers 401 and 403 as it must."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import msgspec
import pytest

from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE
from tests.integration.write_api.conftest import Issue
from write_side import access
from write_side.access import SCOPES
from write_side.app import ROUTES
from write_side.database import Pool

# Routes without a scope: what lets a guest in instead, and where that is tested.
OPEN = {
    "POST /v1/carts": "anybody may open one",
    "GET /v1/carts/{cart_id}": "Cart-Secret",
    "POST /v1/carts/{cart_id}/lines": "Cart-Secret",
    "PUT /v1/carts/{cart_id}/lines/{sku}": "Cart-Secret",
    "DELETE /v1/carts/{cart_id}/lines/{sku}": "Cart-Secret",
    "POST /v1/carts/{cart_id}/quotes": "Cart-Secret",
    "POST /v1/orders": "Cart-Secret",
    "POST /v1/orders/{order_id}/cancel": "Order-Token or staff",
    "POST /v1/payments/{payment_id}/session": "Order-Token",
    "POST /v1/payments/{payment_id}/complete": "Order-Token",
    "POST /v1/webhooks/stripe": "Stripe-Signature",
}


def guarded() -> Iterator[tuple[str, str, str | None]]:
    """Method, path and required scope of each route."""
    for route in ROUTES:
        scopes = [guard.required_scope for guard in route.guards or () if hasattr(guard, "required_scope")]
        for method in route.http_methods:
            for path in route.paths:
                yield method, re.sub(r":\w+}", "}", path), scopes[0] if scopes else None


SCOPED = [(method, path, scope) for method, path, scope in guarded() if scope is not None]


def concrete(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda m: str(uuid7()) if m[1].endswith("_id") else "DE", path)


def test_every_route_without_a_scope_is_known_and_says_what_lets_a_guest_in() -> None:
    without = {f"{method} {path}" for method, path, scope in guarded() if scope is None}
    assert without <= OPEN.keys()


@pytest.mark.parametrize(("method", "path", "scope"), SCOPED, ids=[f"{m} {p}" for m, p, _ in SCOPED])
async def test_a_route_of_staff_answers_401_and_403(
    api: httpx.AsyncClient, staff: Issue, method: str, path: str, scope: str
) -> None:
    others = [other for other in SCOPES if other != scope]
    address = concrete(path)
    nobody = await api.request(method, address)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "unauthorized")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    known = await api.request(method, address, headers=await staff(*others))
    assert (known.status_code, known.json()["code"]) == (403, "missing_scope")
    allowed = await api.request(method, address, headers=await staff(scope), content=b"")
    assert allowed.status_code not in (401, 403, 500)


MADE_UP = ["", "x", "db_", f"db_{'0' * 32}_secret", f"db_{UUID(int=7).hex}_secret", "db_é_x" * 40]


@pytest.mark.parametrize("token", MADE_UP)
async def test_a_made_up_token_is_nobody(api: httpx.AsyncClient, token: str) -> None:
    answer = await api.post("/v1/warehouses", headers={b"Authorization": b"Bearer " + token.encode()})
    assert answer.status_code == 401


async def test_a_token_with_another_secret_is_nobody(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("stock:write")
    headers["Authorization"] = headers["Authorization"][:-3] + "AAA"
    assert (await api.post("/v1/warehouses", headers=headers)).status_code == 401


async def test_an_expired_token_is_nobody(api: httpx.AsyncClient, pool: Pool) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    answer = await access.issue_token(pool, "old", ["stock:write"], past, CAUSE)
    token = msgspec.json.decode(answer.body)["token"]
    refused = await api.post("/v1/warehouses", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 401


async def test_a_revoked_token_is_nobody_from_then_on(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    headers = await staff("access:write")
    made = await api.post("/v1/tokens", headers=headers, json={"name": "importer", "scopes": ["stock:write"]})
    assert made.status_code == 201
    token = made.json()
    bearer = {"Authorization": f"Bearer {token['token']}"}
    assert (await api.post("/v1/warehouses", headers=bearer)).status_code == 400  # let in, then asked for a key
    for _ in range(2):
        assert (await api.delete(f"/v1/tokens/{token['id']}", headers=headers)).status_code == 200
    assert (await api.post("/v1/warehouses", headers=bearer)).status_code == 401


async def test_a_scope_that_does_not_exist_is_refused(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("access:write")
    answer = await api.post("/v1/tokens", headers=headers, json={"name": "all", "scopes": ["everything"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_scope")


@pytest.mark.parametrize(
    ("expires_at", "status", "code"),
    [
        ("2999-01-01T00:00:00", 400, "invalid_input"),  # in which zone?
        ("2020-01-01T00:00:00Z", 422, "expiry_out_of_range"),
        ("0001-01-01T00:00:00+14:00", 422, "expiry_out_of_range"),
        ("9999-12-31T23:59:59-14:00", 422, "expiry_out_of_range"),
    ],
)
async def test_a_token_expires_at_a_time_that_can_be_meant(
    api: httpx.AsyncClient, staff: Issue, expires_at: str, status: int, code: str
) -> None:
    body = {"name": "n", "scopes": ["orders:read"], "expires_at": expires_at}
    answer = await api.post("/v1/tokens", headers=await staff("access:write"), json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_cors_names_the_origins_of_the_setting_and_no_others(api: httpx.AsyncClient) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    for origin, allowed in (("https://shop.example", "https://shop.example"), ("https://evil.example", None)):
        answer = await api.options("/v1/carts", headers={"Origin": origin, **preflight})
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        plain = await api.get("/health/live", headers={"Origin": origin})
        assert plain.headers.get("Access-Control-Allow-Origin") == allowed
