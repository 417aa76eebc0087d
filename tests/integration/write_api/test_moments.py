"""Moments at both ends of what a calendar has, in every place that takes one: refused, and never a fault."""

from typing import Any

import httpx
import pytest

from tests.integration.write_api.conftest import Issue
from write_side.database import Pool
from write_side.imports import rows
from write_side.imports.rejecting import Rejected

FIRST, LAST = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
PRODUCT = {"name": "Lamp", "variants": [{"sku": "lamp"}]}
SALE = {"name": "Doorbuster", "skus": ["lamp"], "per_minute": 600}
PROMOTION = {"name": "Sale", "off": {"kind": "percentage", "basis_points": 1000}}
PRICE_LIST = {"name": "Sale", "currency": "EUR"}
PLACES = [
    ("POST", "/v1/sales", SALE, "starts_at"),
    ("POST", "/v1/sales", {**SALE, "starts_at": "2026-11-27T08:00:00Z"}, "ends_at"),
    ("POST", "/v1/sales", {**SALE, "starts_at": "2026-11-27T08:00:00Z"}, "waiting_from"),
    ("POST", "/v1/promotions", PROMOTION, "starts_at"),
    ("POST", "/v1/promotions", PROMOTION, "ends_at"),
    ("POST", "/v1/price-lists", PRICE_LIST, "starts_at"),
    ("POST", "/v1/price-lists", PRICE_LIST, "ends_at"),
    ("PUT", "/v1/prices/lamp/EUR", {"amount_minor": 100}, "starts_at"),
    ("POST", "/v1/gift-cards", {"amount_minor": 100, "currency": "EUR"}, "expires_at"),
    ("POST", "/v1/products", PRODUCT | {"variants": [{"sku": "other"}]}, "publish_at"),
    ("POST", "/v1/products", PRODUCT | {"variants": [{"sku": "other"}]}, "unpublish_at"),
]


@pytest.mark.parametrize("moment", [FIRST, LAST])
@pytest.mark.parametrize(("method", "path", "body", "field"), PLACES, ids=[f"{p} {f}" for _, p, _, f in PLACES])
async def test_a_time_beyond_the_calendar_is_refused_where_it_stands(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, method: str, path: str, body: Any, field: str, moment: str
) -> None:
    headers = await staff("catalog:write", "sales:write", "promotions:write", "gift_cards:write")
    await api.post("/v1/products", headers=headers | {"Idempotency-Key": "1"}, json=PRODUCT)
    headers["Idempotency-Key"] = "2"
    answer = await api.request(method, path, headers=headers, json={**body, field: moment})
    told = answer.json()
    assert answer.status_code == 422
    assert told["code"] == ("expiry_out_of_range" if field == "expires_at" else "time_out_of_range")
    assert [error["pointer"] for error in told["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("moment", [FIRST, LAST])
def test_a_row_of_an_import_with_such_a_time_is_rejected(moment: str) -> None:
    with pytest.raises(Rejected) as rejected:
        rows._moment(moment)
    assert rejected.value.code == "broken_moment"


@pytest.mark.parametrize(("starts_at", "ends_at"), [("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")])
async def test_the_ends_of_the_calendar_themselves_are_taken(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, starts_at: str, ends_at: str
) -> None:
    headers = await staff("catalog:write", "sales:write", "promotions:write") | {"Idempotency-Key": "1"}
    await api.post("/v1/products", headers=headers, json=PRODUCT)
    span = {"starts_at": starts_at, "ends_at": ends_at}
    for path, body in (("/v1/sales", SALE), ("/v1/promotions", PROMOTION), ("/v1/price-lists", PRICE_LIST)):
        assert (await api.post(path, headers=headers, json=body | span)).status_code == 201
