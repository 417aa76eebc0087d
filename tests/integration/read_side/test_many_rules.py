"""As many rules as merchants may set, on a real Elasticsearch, which refuses questions that nest or branch too much."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.documents import search_rules
from shared.documents.search_rules import BoostInput, PinsInput, RuleInput, SearchRules, rule_of
from shared.ids import uuid7
from shared.shards import SEARCH_RULES
from tests.integration.read_side.catalog import Shop, ask
from tests.integration.read_side.shelves import Shelves, position

MOST_RULES = 1000  # write_side.merchandising.domain
MOST_OF_A_PIN = 20


async def ruled(shelves: Shelves, rules: list[RuleInput]) -> None:
    await shelves.put(search_rules.MODEL, search_rules.THE_ONE, SearchRules([rule_of(rule) for rule in rules]))


async def test_a_rule_of_many_is_previewed_in_another_form_or_gone(
    shopping: httpx.AsyncClient, shelves: Shelves, shop: Shop
) -> None:
    others = [rule_of(BoostInput("brand", f"Nobody {number}", 1)) for number in range(MOST_RULES - 1)]
    ids, staff = [uuid7() for _ in range(MOST_RULES)], await shelves.put_token(["catalog:write"])
    rules = SearchRules([*others, rule_of(BoostInput("brand", "Nox", 9))], ids)
    await shelves.put(search_rules.MODEL, search_rules.THE_ONE, rules)

    async def preview(**body: Any) -> httpx.Response:
        params = {"q": "product", "limit": "40", "facets": ""}
        return await shopping.post("/v1/staff/search-preview", params=params, json=body, headers=staff)

    gone = (await preview(without=[str(ids[-1])])).json()
    assert {item["brand"] for item in gone["before"]["items"]} == {"Nox"}
    assert {item["brand"] for item in gone["after"]["items"]} != {"Nox"}
    other = {"kind": "boost", "field": "brand", "value": "Lumen", "strength": 9}
    put = (await preview(without=[str(ids[-1])], rules=[other])).json()
    assert {item["brand"] for item in put["after"]["items"]} == {"Lumen"}
    unknown = await preview(without=[str(ids[-1]), str(uuid7())])
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_search_rule")
    assert unknown.json()["errors"][0]["pointer"] == "/without/1"
    await shelves.put(search_rules.MODEL, search_rules.THE_ONE, SearchRules(rules.rules))
    fresh = {"Position": position(SEARCH_RULES, 1)["Position"]}
    staff |= fresh  # the rules are kept for a second
    assert (await preview(without=[str(ids[-1])])).json()["code"] == "not_ready", "written before there were ids"


async def brands(api: httpx.AsyncClient) -> list[str]:
    return [item["brand"] for item in (await ask(api, q="product", limit=40, facets=""))["items"]]


@pytest.mark.parametrize("sign", [-1, 1], ids=["lowering", "lifting"])
@pytest.mark.parametrize("attributes", [False, True], ids=["one-field", "each-of-its-own"])
async def test_a_thousand_boosts_are_searched_with(
    shopping: httpx.AsyncClient, shelves: Shelves, sign: int, attributes: bool
) -> None:
    fields = [f"attribute:a{number}" if attributes else "brand" for number in range(MOST_RULES - 1)]
    many = [BoostInput(field, f"Nobody {at}", sign * (at % 10 + 1)) for at, field in enumerate(fields)]
    await ruled(shelves, [*many, BoostInput("brand", "Nox", sign * 8)])
    assert all((brand == "Nox") is (sign > 0) for brand in await brands(shopping))


async def test_more_pins_than_a_page_shows_stand_in_their_order(
    shopping: httpx.AsyncClient, shelves: Shelves, shop: Shop
) -> None:
    shown = [product.product_id for product in shop.found]
    pins = [PinsInput("product", shown[at : at + MOST_OF_A_PIN]) for at in range(0, 240, MOST_OF_A_PIN)]
    nobody: list[UUID] = [uuid7() for _ in range((MOST_RULES - len(pins)) * MOST_OF_A_PIN)]
    rest = [PinsInput("product", nobody[at : at + MOST_OF_A_PIN]) for at in range(0, len(nobody), MOST_OF_A_PIN)]
    await ruled(shelves, [*pins, *rest])
    first = await ask(shopping, q="product", limit=100, facets="")
    second = await ask(shopping, q="product", limit=100, facets="", cursor=first["next_cursor"])
    found = [UUID(item["id"]) for page in (first, second) for item in page["items"]]
    assert found == shown[:200]
