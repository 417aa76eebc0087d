"""Tokens of the command API: made up, wrong, revoked, with an end. Each route and each scope: `tests/security`."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.integration.write_api.conftest import Issue
from tests.integration.write_api.test_bad_input import log_length
from write_side.access import ROLES
from write_side.database import Pool

MADE_UP = ["", "x", "db_", f"db_{'0' * 32}_secret", f"db_{UUID(int=7).hex}_secret", "db_é_x" * 40]


@pytest.mark.parametrize("token", MADE_UP)
async def test_a_made_up_token_is_nobody(api: httpx.AsyncClient, token: str) -> None:
    answer = await api.post("/v1/warehouses", headers={b"Authorization": b"Bearer " + token.encode()})
    assert answer.status_code == 401


async def test_a_token_with_another_secret_is_nobody(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("stock:write")
    headers["Authorization"] = headers["Authorization"][:-3] + "AAA"
    assert (await api.post("/v1/warehouses", headers=headers)).status_code == 401


async def test_a_revoked_token_is_nobody_from_then_on(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    headers = await staff("access:write", "stock:write")
    made = await api.post("/v1/tokens", headers=headers, json={"name": "importer", "scopes": ["stock:write"]})
    assert made.status_code == 201
    token = made.json()
    bearer = {"Authorization": f"Bearer {token['token']}"}
    assert (await api.post("/v1/warehouses", headers=bearer)).status_code == 400  # let in, then asked for a key
    for _ in range(2):
        assert (await api.delete(f"/v1/tokens/{token['id']}", headers=headers)).status_code == 200
    assert (await api.post("/v1/warehouses", headers=bearer)).status_code == 401


async def test_a_role_is_a_name_for_scopes(api: httpx.AsyncClient, staff: Issue) -> None:
    owner = await staff(*ROLES["owner"])
    made = await api.post("/v1/tokens", headers=owner, json={"name": "Ada", "role": "stock", "scopes": ["sales:read"]})
    assert made.status_code == 201
    assert (made.json()["role"], made.json()["scopes"]) == ("stock", sorted([*ROLES["stock"], "sales:read"]))
    keeper = {"Authorization": f"Bearer {made.json()['token']}"}
    assert (await api.post("/v1/warehouses", headers=keeper)).status_code == 400  # let in, then asked for a key
    assert (await api.post("/v1/tokens", headers=keeper)).status_code == 403
    for body, code in (({"role": "boss"}, "unknown_role"), ({}, "no_scopes"), ({"scopes": []}, "no_scopes")):
        refused = await api.post("/v1/tokens", headers=owner, json={"name": "x", **body})
        assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_nobody_gives_away_what_they_do_not_have(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    headers = await staff("access:write", "orders:read")
    before = await log_length(pool)
    for body in ({"role": "owner"}, {"scopes": ["orders:read", "persons:erase"]}):
        refused = await api.post("/v1/tokens", headers=headers, json={"name": "more", **body})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_held")
        assert "persons:erase" in refused.json()["missing"]
    assert await log_length(pool) == before


async def test_what_a_token_with_an_end_issues_ends_no_later(api: httpx.AsyncClient, staff: Issue) -> None:
    scopes, end = ["access:write", "orders:read"], datetime.now(UTC) + timedelta(days=30)
    owner = await staff(*scopes)
    said: dict[str, Any] = {"name": "for a month", "scopes": scopes, "expires_at": end.isoformat()}
    month = (await api.post("/v1/tokens", headers=owner, json=said)).json()
    headers = {"Authorization": f"Bearer {month['token']}"}
    for until in (None, (end + timedelta(seconds=1)).isoformat()):
        refused = await api.post("/v1/tokens", headers=headers, json=said | {"expires_at": until})
        assert (refused.status_code, refused.json()["code"]) == (403, "outlives_issuer")
        assert datetime.fromisoformat(refused.json()["latest"]) == end
    for soon in (end, end - timedelta(days=29)):
        made = await api.post("/v1/tokens", headers=headers, json=said | {"expires_at": soon.isoformat()})
        assert made.status_code == 201


async def test_who_holds_which_token_is_told_page_by_page_and_no_secret_with_it(
    api: httpx.AsyncClient, staff: Issue
) -> None:
    headers = await staff(*ROLES["owner"])
    for name in ("Ada", "Bob"):
        made = await api.post("/v1/tokens", headers=headers, json={"name": name, "role": "support"})
    await api.delete(f"/v1/tokens/{made.json()['id']}", headers=headers)
    pages = [(await api.get("/v1/tokens", headers=headers, params={"limit": 2})).json()]
    pages.append((await api.get("/v1/tokens", headers=headers, params={"after": pages[0]["next"]})).json())
    assert pages[1]["next"] is None
    found = {token["name"]: token for page in pages for token in page["tokens"]}
    assert (found["Ada"]["role"], found["Ada"]["revoked"], found["Bob"]["revoked"]) == ("support", False, True)
    assert found["test"]["role"] is None
    assert made.json()["token"][-20:] not in str(pages)  # part of the secret, in which a `_` may stand as well


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
