"""Bad input to the command API: each kind its own code and place, and nothing changed (the pool fixture checks)."""

from typing import Any

import httpx
import pytest

from shared.position import Position
from tests.integration.write_api.conftest import Issue
from write_side.database import Pool

WAREHOUSE = {"code": "BER", "name": "Berlin", "country": "DE", "priority": 1}


async def log_length(pool: Pool) -> int:
    async with pool.acquire() as conn:
        return int(await conn.fetchval("SELECT count(*) FROM event_log WHERE aggregate_type <> 'access_token'"))


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({**WAREHOUSE, "colour": "red"}, "unknown_field", "/colour"),
        ({**WAREHOUSE, "priority": "1"}, "wrong_type", "/priority"),
        ({**WAREHOUSE, "priority": -1}, "out_of_range", "/priority"),
        ({**WAREHOUSE, "priority": 1.5}, "wrong_type", "/priority"),
        ({**WAREHOUSE, "country": "Germany"}, "out_of_range", "/country"),
        ({**WAREHOUSE, "country": "DE\n"}, "out_of_range", "/country"),
        ({**WAREHOUSE, "code": "BER\n"}, "out_of_range", "/code"),
        ({"code": "BER"}, "missing_field", "/name"),
        ([], "wrong_type", ""),
    ],
)
async def test_a_body_that_does_not_fit_is_told_where(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, body: Any, code: str, pointer: str
) -> None:
    answer = await api.post("/v1/warehouses", headers=await staff("stock:write"), json=body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid_input"
    assert [(e["code"], e["pointer"]) for e in problem["errors"]] == [(code, pointer)]
    assert await log_length(pool) == 0


async def test_what_is_not_json_or_too_much_of_it_is_refused(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    headers = {**await staff("stock:write"), "Content-Type": "application/json"}
    broken = await api.post("/v1/warehouses", headers=headers, content=b'{"code": ')
    assert (broken.status_code, broken.json()["code"]) == (400, "broken_json")
    large = await api.post("/v1/warehouses", headers=headers, content=b'{"code": "' + b"x" * 10_000_000 + b'"}')
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    assert await log_length(pool) == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/warehouses", {**WAREHOUSE, "name": "Ber\0lin"}),
        ("POST", "/v1/stock/receipts", {"sku": "la\0mp", "warehouse": "BER", "quantity": 1, "reason": "delivery"}),
        ("POST", "/v1/tokens", {"name": "\0", "scopes": ["orders:read"]}),
        ("PUT", "/v1/prices/la%00mp/EUR", {"amount_minor": 100}),
    ],
)
async def test_a_nul_is_the_clients_mistake(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, method: str, path: str, body: Any
) -> None:
    headers = await staff("stock:write", "catalog:write", "access:write", "orders:read")
    answer = await api.request(method, path, headers=headers, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "unkeepable_text")
    assert await log_length(pool) == 0


async def test_a_negative_receipt_is_no_receipt(api: httpx.AsyncClient, staff: Issue) -> None:
    body = {"sku": "lamp", "warehouse": "BER", "quantity": -1, "reason": "delivery"}
    answer = await api.post("/v1/stock/receipts", headers=await staff("stock:write"), json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/quantity")


async def test_a_command_without_idempotency_key_is_refused(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("stock:write")
    for key in (None, "", "k" * 256):
        given = {"Authorization": headers["Authorization"]} | ({} if key is None else {"Idempotency-Key": key})
        answer = await api.post("/v1/warehouses", headers=given, json=WAREHOUSE)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_a_repeat_gets_the_first_answer_and_another_body_a_refusal(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("stock:write", key="one")
    first = await api.post("/v1/warehouses", headers=headers, json=WAREHOUSE)
    again = await api.post("/v1/warehouses", headers=headers, json=WAREHOUSE)
    other = await api.post("/v1/warehouses", headers=headers, json={**WAREHOUSE, "name": "Bernau"})
    assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Position"] == first.headers["Position"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_position_names_the_shard_that_was_touched(api: httpx.AsyncClient, staff: Issue) -> None:
    answer = await api.post("/v1/warehouses", headers=await staff("stock:write"), json=WAREHOUSE)
    position = Position.parse(answer.headers["Position"])
    assert position.epoch == 1
    assert len(position.shards) == 1


async def test_a_correlation_id_goes_through_to_the_log(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    headers = {**await staff("stock:write"), "X-Correlation-Id": "trace-me"}
    answer = await api.post("/v1/warehouses", headers=headers, json=WAREHOUSE)
    assert answer.headers["X-Correlation-Id"] == "trace-me"
    async with pool.acquire() as conn:
        metadata = await conn.fetchval("SELECT metadata FROM event_log WHERE aggregate_type = 'warehouse'")
    assert b'"correlation_id":"trace-me"' in metadata
    assert b'"actor":"token:' in metadata


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/warehouses/x/y", "/"])
async def test_an_unknown_address_is_a_problem_too(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


async def test_a_wrong_method_is_told(api: httpx.AsyncClient) -> None:
    answer = await api.put("/v1/warehouses")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_an_unknown_query_parameter_is_refused(api: httpx.AsyncClient, staff: Issue) -> None:
    answer = await api.post("/v1/warehouses?dry_run=1", headers=await staff("stock:write"), json=WAREHOUSE)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
