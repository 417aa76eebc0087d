"""The catalog over HTTP: versions by If-Match, problems with their places, money only with an idempotency key."""

from typing import Any

import httpx
import pytest

from tests.integration.write_api.conftest import Issue

LAMP: dict[str, Any] = {
    "name": "Desk lamp",
    "variants": [{"sku": "LAMP", "ean": "4006381333931"}],
    "attributes": {"power (W)": 9.5, "dimmable": True, "colours": ["red", 2]},
}


@pytest.fixture
async def headers(staff: Issue) -> dict[str, str]:
    """A merchant's token, without an idempotency key."""
    return {name: value for name, value in (await staff("catalog:write")).items() if name != "Idempotency-Key"}


async def created(api: httpx.AsyncClient, headers: dict[str, str], **changes: Any) -> dict[str, Any]:
    answer = await api.post("/v1/products", headers=headers, json=LAMP | changes)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Position"]
    return dict(answer.json())


async def test_a_product_is_created_read_replaced_and_archived(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    made = await created(api, headers)
    address = f"/v1/products/{made['id']}"
    read = await api.get(address, headers=headers)
    assert (read.headers["ETag"], read.json()) == ('"1"', made)
    replaced = await api.put(address, headers={**headers, "If-Match": read.headers["ETag"]}, json=LAMP | {"brand": "B"})
    assert (replaced.status_code, replaced.json()["version"], replaced.json()["product"]["brand"]) == (200, 2, "B")
    archived = await api.patch(address, headers=headers, json={"status": "archived"})
    assert (archived.status_code, archived.json()["product"]["status"]) == (200, "archived")
    stale = await api.patch(address, headers={**headers, "If-Match": '"1"'}, json={"status": "active"})
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "version_conflict", 3)


async def test_replacing_without_saying_what_was_read_is_refused(
    api: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    address = f"/v1/products/{(await created(api, headers))['id']}"
    missing = await api.put(address, headers=headers, json=LAMP)
    assert (missing.status_code, missing.json()["code"]) == (428, "if_match_required")
    stale = await api.put(address, headers={**headers, "If-Match": '"9"'}, json=LAMP)
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    for broken in ('"one"', 'W/"1"', '"1", "2"', "-1", "9" * 40):
        answer = await api.put(address, headers={**headers, "If-Match": broken}, json=LAMP)
        assert (answer.status_code, answer.json()["code"]) == (400, "broken_if_match")
    assert (await api.put(address, headers={**headers, "If-Match": "*"}, json=LAMP)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"variants": [{"sku": "LAMP", "ean": "1234"}]}, 422, "broken_ean", "/variants/0/ean"),
        ({"attributes": {f"k{n}": 1 for n in range(1001)}}, 422, "too_many_attributes", "/attributes"),
        ({"attributes": {"a": 2**70}}, 422, "number_too_large", "/attributes/a"),
        ({"category_id": "0190b2f0-0000-7000-8000-000000000000"}, 422, "no_such_category", "/category_id"),
        ({"name": "a\u0000b"}, 422, "control_character", "/name"),
        ({"external_ref": ""}, 422, "blank", "/external_ref"),
        ({"colour": "red"}, 400, "unknown_field", "/colour"),
        ({"attributes": {"a": None}}, 400, "wrong_type", "/attributes/..."),
        ({"status": "sold"}, 400, "invalid_value", "/status"),
        ({"slug": "No Slug"}, 400, "out_of_range", "/slug"),
        ({"slug": "slug\n"}, 400, "out_of_range", "/slug"),
    ],
)
async def test_bad_facts_are_told_with_their_place(
    api: httpx.AsyncClient, headers: dict[str, str], changes: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    answer = await api.post("/v1/products", headers=headers, json=LAMP | changes)
    assert answer.status_code == status, answer.text
    assert [(error["code"], error["pointer"]) for error in answer.json()["errors"]] == [(code, pointer)]


async def test_what_another_product_has_is_a_conflict(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    await created(api, headers)
    answer = await api.post("/v1/products", headers=headers, json=LAMP)
    assert (answer.status_code, answer.json()["code"], answer.json()["sku"]) == (409, "sku_taken", "LAMP")


async def test_unknown_products_and_categories_are_not_found(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    nowhere = "0190b2f0-0000-7000-8000-000000000000"
    for kind in ("product", "category"):
        address = f"/v1/{'products' if kind == 'product' else 'categories'}/{nowhere}"
        answer = await api.get(address, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, f"unknown_{kind}")


async def test_a_key_makes_a_creation_repeatable(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    keyed = {**headers, "Idempotency-Key": "once"}
    first = await api.post("/v1/products", headers=keyed, json=LAMP)
    again = await api.post("/v1/products", headers=keyed, json=LAMP)
    assert (first.status_code, first.content) == (201, again.content)
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_categories_are_made_and_moved(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    top = (await api.post("/v1/categories", headers=headers, json={"name": "Home"})).json()
    low = (await api.post("/v1/categories", headers=headers, json={"name": "Lamps", "parent_id": top["id"]})).json()
    assert (await api.get(f"/v1/categories/{low['id']}", headers=headers)).headers["ETag"] == '"1"'
    answer = await api.put(
        f"/v1/categories/{top['id']}",
        headers={**headers, "If-Match": '"1"'},
        json={"name": "Home", "parent_id": low["id"]},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "category_cycle")
    assert (await created(api, headers, category_id=low["id"]))["product"]["category_id"] == low["id"]


async def test_prices_are_set_and_removed_with_a_key_only(
    api: httpx.AsyncClient, headers: dict[str, str], staff: Issue
) -> None:
    await created(api, headers)
    without = await api.put("/v1/prices/LAMP/EUR", headers=headers, json={"amount_minor": 1999})
    assert (without.status_code, without.json()["code"]) == (400, "idempotency_key_required")
    keyed = await staff("catalog:write")
    price = await api.put("/v1/prices/LAMP/EUR", headers=keyed, json={"amount_minor": 1999})
    assert (price.status_code, price.json()["amount_minor"]) == (200, 1999)
    gone = await api.delete("/v1/prices/LAMP/EUR", headers=await staff("catalog:write"))
    assert (gone.status_code, gone.json()["amount_minor"]) == (200, None)


async def test_a_sku_with_a_slash_is_named_by_its_encoding(
    api: httpx.AsyncClient, headers: dict[str, str], staff: Issue
) -> None:
    await created(api, headers, variants=[{"sku": "HD-LX2/BK"}])
    keyed = await staff("catalog:write")
    for replayed in (None, "true"):
        price = await api.put("/v1/prices/HD-LX2%2FBK/EUR", headers=keyed, json={"amount_minor": 1999})
        assert (price.status_code, price.json()["sku"]) == (200, "HD-LX2/BK")
        assert price.headers.get("Idempotent-Replayed") == replayed
    assert (await api.put("/v1/prices/HD-LX2/BK/EUR", headers=keyed, json={"amount_minor": 1})).status_code == 404
    cart = (await api.post("/v1/carts", json={"currency": "EUR"})).json()
    line = f"/v1/carts/{cart['id']}/lines/HD-LX2%2FBK"
    secret = {"Cart-Secret": cart["secret"]}
    assert (await api.put(line, headers=secret, json={"quantity": 2})).json()["sku"] == "HD-LX2/BK"
    assert (await api.delete(line, headers=secret)).json()["quantity"] == 0


@pytest.mark.parametrize(
    ("address", "body", "status", "code"),
    [
        ("/v1/prices/LAMP/XXX", {"amount_minor": 1}, 422, "unknown_currency"),
        ("/v1/prices/NOTHING/EUR", {"amount_minor": 1}, 404, "unknown_sku"),
        ("/v1/prices/LAMP/EUR", {"amount_minor": -1}, 400, "invalid_input"),
        ("/v1/prices/LAMP/EUR", {"amount_minor": 19.99}, 400, "invalid_input"),
        ("/v1/prices/LAMP/EUR", {"amount_minor": 10**12 + 1}, 400, "invalid_input"),
    ],
)
async def test_bad_prices_are_refused(
    api: httpx.AsyncClient, headers: dict[str, str], staff: Issue, address: str, body: Any, status: int, code: str
) -> None:
    await created(api, headers)
    answer = await api.put(address, headers=await staff("catalog:write"), json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
