"""Edits in bulk over HTTP: previewed, done, undone, and refused where no product could take them."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE
from tests.integration.write_api.conftest import Issue
from write_side import catalog
from write_side.catalog import ProductInput, VariantInput
from write_side.catalog.handlers import create_product
from write_side.database import Pool
from write_side.imports.pace import Pace
from write_side.imports.runs.carrying import carry_on
from write_side.product_types.domain import AttributeInput, ProductTypeInput
from write_side.product_types.handlers import add_type

Json = dict[str, Any]
SKUS = ("LAMP", "BULB", "SHADE")


@pytest.fixture
async def ids(pool: Pool) -> dict[str, UUID]:
    """Three products, by their SKUs."""
    for sku in SKUS:
        given = ProductInput(name=sku.title(), variants=[VariantInput(sku)], brand="Nox", attributes={"watts": sku})
        await create_product(pool, given, CAUSE, None)
    async with pool.acquire() as conn:
        return {each.facts.variants[0].sku: each.id for each in await catalog.all_products(conn)}


async def facts(pool: Pool) -> dict[str, Any]:
    async with pool.acquire() as conn:
        return {each.facts.variants[0].sku: each.facts for each in await catalog.all_products(conn)}


async def asked(api: httpx.AsyncClient, staff: Issue, pool: Pool, path: str, body: Json) -> tuple[Json, list[Json]]:
    """Ask for a run and carry it to its end: how it stands, and what became of its products."""
    headers = await staff("catalog:write")
    answer = await api.post(path, headers=headers, json=body)
    assert answer.status_code == 202, answer.text
    pace, address = Pace(), f"/v1/imports/{answer.json()['id']}"
    while await carry_on(pool, pace):
        pass
    run = (await api.get(address, headers=headers)).json()
    return run, (await api.get(f"{address}/outcomes", headers=headers)).json()["outcomes"]


@pytest.mark.parametrize(
    ("operation", "place", "after"),
    [
        ({"kind": "brand_set", "brand": "Lumeno"}, "/brand", "Lumeno"),
        ({"kind": "product_type_set", "product_type": "Light"}, "/product_type", "Light"),
        ({"kind": "tax_class_set", "tax_class": "reduced"}, "/tax_class", "reduced"),
        ({"kind": "publish_at_set", "publish_at": "2026-11-27T19:00:00+01:00"}, "/publish_at", "2026-11-27T18:00:00Z"),
        ({"kind": "unpublish_at_set", "unpublish_at": "2026-12-01T00:00:00Z"}, "/unpublish_at", "2026-12-01T00:00:00Z"),
        ({"kind": "related_set", "related": "parts", "product_ids": ["SHADE", "BULB"]}, "/related/parts", None),
    ],
)
async def test_a_fact_of_many_products_is_previewed_set_and_put_back(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, ids: dict[str, UUID], operation: Json, place: str,
    after: str | None,
) -> None:  # fmt: skip
    before = await facts(pool)
    if "product_ids" in operation:
        operation = operation | {"product_ids": [str(ids[sku]) for sku in operation["product_ids"]]}
    body = {"selection": {"skus": ["LAMP", "BULB"]}, "operation": operation}
    preview, told = await asked(api, staff, pool, "/v1/bulk-edits", body | {"dry_run": True})
    assert await facts(pool) == before
    run, really = await asked(api, staff, pool, "/v1/bulk-edits", body)
    assert (run["terms"]["operation"], run["counts"]) == (operation, {"products": 2, "edited": 2, "events": 2})
    assert (preview["counts"], told) == (run["counts"], really)
    assert [[change["place"] for change in outcome["changes"]] for outcome in told] == [[place]] * 2
    if after is not None:
        assert {outcome["changes"][0]["after"] for outcome in told} == {after}
    else:  # who is among them gets the others
        assert {sku: each.related for sku, each in (await facts(pool)).items() if each.related} == {
            "LAMP": {"parts": [ids["SHADE"], ids["BULB"]]}, "BULB": {"parts": [ids["SHADE"]]}
        }  # fmt: skip
    again, _ = await asked(api, staff, pool, "/v1/bulk-edits", body)
    assert again["counts"] == {"products": 2, "unchanged": 2, "events": 0}
    undone, _ = await asked(api, staff, pool, f"/v1/imports/{run['id']}/undo", {})
    assert (undone["counts"]["restored"], await facts(pool)) == (2, before)


async def test_a_product_that_is_not_as_its_new_type_declares_is_left(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, ids: dict[str, UUID]
) -> None:
    await add_type(pool, ProductTypeInput("Light", [AttributeInput("watts", values=["LAMP"])]), CAUSE, None)
    operation = {"kind": "product_type_set", "product_type": "Light"}
    body = {"selection": {"brand": "Nox"}, "operation": operation}
    run, outcomes = await asked(api, staff, pool, "/v1/bulk-edits", body)
    assert run["counts"] == {"products": 3, "edited": 1, "left": 2, "events": 1}
    left = {outcome["name"]: [each["reason"] for each in outcome["left"]] for outcome in outcomes if outcome["left"]}
    assert left == {"bulb": ["attribute_not_listed"], "shade": ["attribute_not_listed"]}
    assert {sku: each.product_type for sku, each in (await facts(pool)).items()} == {
        "LAMP": "Light", "BULB": "", "SHADE": ""
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "status", "code", "pointer"),
    [
        ({"kind": "publish_at_set", "publish_at": "2026-11-27T18:00:01Z"}, 422, "no_whole_minute", "publish_at"),
        ({"kind": "publish_at_set", "publish_at": "0001-01-01T00:00:00+10:00"}, 422, "time_out_of_range", "publish_at"),
        ({"kind": "publish_at_set", "publish_at": "2026-11-27T18:00:00"}, 400, None, None),
        ({"kind": "unpublish_at_set"}, 400, None, None),
        ({"kind": "brand_set", "brand": "a\u0000"}, 422, "control_character", "brand"),
        ({"kind": "brand_set", "brand": "x" * 201}, 400, None, None),
        ({"kind": "tax_class_set", "tax_class": "Not One"}, 400, None, None),
        ({"kind": "related_set", "related": "Not One", "product_ids": []}, 400, None, None),
        ({"kind": "related_set", "related": "parts", "product_ids": [str(uuid7())]}, 422, "no_such_product",
         "product_ids/0"),
        ({"kind": "related_set", "related": "parts", "product_ids": ["{0}", "{0}"]}, 422, "related_twice",
         "product_ids"),
    ],
)  # fmt: skip
async def test_what_no_product_could_take_is_refused_at_once(
    api: httpx.AsyncClient, staff: Issue, ids: dict[str, UUID], operation: Json, status: int, code: str | None,
    pointer: str | None,
) -> None:  # fmt: skip
    if "product_ids" in operation:
        operation = operation | {"product_ids": [id_.format(ids["LAMP"]) for id_ in operation["product_ids"]]}
    body = {"selection": {"everything": True}, "operation": operation}
    answer = await api.post("/v1/bulk-edits", headers=await staff("catalog:write"), json=body)
    assert answer.status_code == status, answer.text
    if code is not None:
        assert answer.json()["code"] == code
    if pointer is not None:
        assert answer.json()["errors"][0]["pointer"] == f"/operation/{pointer}"
