"""Categories and attributes in the shop's languages: said at the command API, read at the query API, and the same after
a rebuild."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest

from doorbuster import tokens
from doorbuster.demo.shop import Json, Shop
from tests.faults.processes import Lab
from tests.faults.test_rebuild import rebuilt, versions

pytestmark = pytest.mark.slow

LOCALES = ("en", "de", "de-AT", "fr")


class Spoken(NamedTuple):
    """A shop of several languages: a client of both of its APIs, staff's token, and the processes."""

    shop: Shop
    bearer: str
    lab: Lab

    async def said(self, method: str, path: str, body: Json, **headers: str) -> tuple[Json, str]:
        """A command of staff, and its position."""
        return await self.shop.command(method, path, body, Authorization=f"Bearer {self.bearer}", **headers)

    async def read(self, path: str, locale: str, position: str = "") -> Json:
        """What a shopper reads who asks for a language by name, and the same by their browser's."""
        named = await self.shop.query(f"{path}{'&' if '?' in path else '?'}locale={locale}", position)
        assert await self.shop.query(path, position, Accept_Language=f"{locale}, it;q=0.1") == named
        return named


@pytest.fixture
async def spoken(search_lab: Lab) -> AsyncIterator[Spoken]:
    search_lab.relay()
    search_lab.projector()
    apis = {
        "WRITE_API_URL": f"http://127.0.0.1:{search_lab.start('write_side', 'api').port}",
        "READ_API_URL": f"http://127.0.0.1:{search_lab.start('read_side', LOCALES=','.join(LOCALES)).port}",
        "MAILS_URL": "http://127.0.0.1:9",
    }
    bearer = await tokens.issue(search_lab.environment["DATABASE_URL"], "test", ["catalog:write"])
    async with Shop(search_lab.environment | apis) as shop:
        await until_up(shop)
        yield Spoken(shop, bearer, search_lab)


async def until_up(shop: Shop) -> None:
    async with asyncio.timeout(40), httpx.AsyncClient() as client:
        for api in (shop.write, shop.read):
            while not await _answers(client, f"{api}/health/live"):
                await asyncio.sleep(0.1)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


def names(tree: Json) -> dict[str, str]:
    """slug → name, in the order of the tree."""

    def within(nodes: list[Json]) -> dict[str, str]:
        return {k: v for node in nodes for k, v in {node["slug"]: node["name"], **within(node["children"])}.items()}

    return within(tree["categories"])


async def category(spoken: Spoken, name: str, parent: str | None, **said: str) -> tuple[Json, str]:
    translations = {locale.replace("_", "-"): {"name": told} for locale, told in said.items()}
    body = {"name": name, "parent_id": parent, "translations": translations}
    return await spoken.said("POST", "/v1/categories", body)


async def lamp(spoken: Spoken, category_id: str, **facts: Any) -> str:
    body = {"name": "Desk lamp", "category_id": category_id, "variants": [{"sku": "LAMP"}], **facts}
    _, position = await spoken.said("POST", "/v1/products", body)
    return position


def facet(page: Json, parameter: str) -> dict[str, str]:
    """value → what it is called."""
    [found] = [facet for facet in page["facets"] if facet["parameter"] == parameter]
    return {value["value"]: value["name"] for value in found["values"]}


async def test_categories_are_read_in_each_language_with_its_fallback_and_so_after_a_rebuild(spoken: Spoken) -> None:
    light, _ = await category(spoken, "Light", None, de="Licht", de_AT="Liacht")
    lamps, _ = await category(spoken, "Lamps", light["id"], de="Leuchten")
    _, position = await category(spoken, "Zebras", None, de="Affen")
    own, german, austrian = [names(await spoken.read("/v1/categories", to, position)) for to in LOCALES[:3]]
    assert list(own.items()) == [("light", "Light"), ("lamps", "Lamps"), ("zebras", "Zebras")]
    assert list(german.items()) == [("zebras", "Affen"), ("light", "Licht"), ("lamps", "Leuchten")]
    assert austrian == {"zebras": "Affen", "light": "Liacht", "lamps": "Leuchten"}
    assert names(await spoken.read("/v1/categories", "fr")) == own

    position = await lamp(spoken, lamps["id"])
    page = await spoken.read("/v1/search?facets=category&category=light", "de-AT", position)
    assert facet(page, "category") == {"light": "Liacht", "lamps": "Leuchten"}
    assert page["items"][0]["category"]["name"] == "Leuchten"
    listing = await spoken.read("/v1/categories/lamps/products", "en", position)
    assert (listing["items"][0]["category"]["name"], facet(listing, "category")) == ("Lamps", {"lamps": "Lamps"})
    for typed in ("leu", "lam"):
        found = (await spoken.read(f"/v1/suggestions?q={typed}", "de-AT"))["categories"]
        assert [(each["slug"], each["name"], each["above"]) for each in found] == [("lamps", "Leuchten", ["Liacht"])]
    assert (await spoken.read("/v1/suggestions?q=leu", "en"))["categories"] == []

    revised = {"name": "Lamps", "parent_id": light["id"], "translations": {"fr": {"name": "Lampes"}}}
    _, position = await spoken.said("PUT", f"/v1/categories/{lamps['id']}", revised, If_Match='"1"')
    trees = [names(await spoken.read("/v1/categories", locale, position)) for locale in LOCALES]
    assert [tree["lamps"] for tree in trees] == ["Lamps", "Lamps", "Lamps", "Lampes"]
    before = stored(spoken.lab, "category_tree", "v1", "tree")
    code, told = await rebuilt(spoken.lab, "category_tree")
    assert code == 0, told
    served = (await versions(spoken.lab, "live"))["category_tree"]
    assert served != "v1"
    assert stored(spoken.lab, "category_tree", served, "tree") == before
    assert [names(await spoken.read("/v1/categories", locale)) for locale in LOCALES] == trees


SOCKET = {
    "name": "socket", "values": ["E14", "E27"],
    "translations": {"de": {"name": "Fassung", "values": {"E14": "kleine", "E27": "große"}}},
}  # fmt: skip
COLOUR = {
    "name": "colour", "kind": "colour", "values": ["red", "dark red", "blue"],
    "translations": {
        "de": {"name": "Farbe", "values": {"red": "rot", "dark red": "weinrot"}}, "de-AT": {"values": {"red": "rout"}},
    },
}  # fmt: skip
POWER = {"name": "power", "kind": "number", "unit": "W", "translations": {"de": {"name": "Leistung"}}}
FACETS = "/v1/search?facets=socket,colour,power,finish"


def headings(page: Json) -> list[str]:
    return [facet["name"] for facet in page["facets"]]


async def test_attributes_are_read_in_each_language_with_its_fallback_and_so_after_a_rebuild(spoken: Spoken) -> None:
    lamps, _ = await category(spoken, "Lamps", None)
    bulb = {"name": "Bulb", "attributes": [{"name": "socket"}]}
    await spoken.said("POST", "/v1/product-types", bulb)
    lamp_type = {
        "name": "Lamp", "attributes": [SOCKET, COLOUR, POWER],
        "translations": {"de": {"name": "Leuchte"}, "de-AT": {"name": "Lamperl"}},
    }  # fmt: skip
    made, position = await spoken.said("POST", "/v1/product-types", lamp_type)
    types = [await spoken.read("/v1/product-types", locale, position) for locale in LOCALES]
    attributes = {"socket": ["E14", "E27"], "colour": ["red", "blue", "dark red"], "power": 5, "finish": "matt"}
    position = await lamp(spoken, lamps["id"], product_type="Lamp", attributes=attributes)

    # Kinds are kept for a minute: an answer that is `behind`, on a busy machine, must not be the first to ask for them.
    await spoken.shop.query("/v1/search?facets=", position)
    own, german, austrian = [await spoken.read(FACETS, to, position) for to in LOCALES[:3]]
    assert headings(own) == ["socket", "colour", "power", "finish"] == headings(await spoken.read(FACETS, "fr"))
    assert headings(german) == headings(austrian) == ["Fassung", "Farbe", "Leistung", "finish"]
    assert facet(own, "filter.colour") == {"red": "red", "blue": "blue", "dark red": "dark red"}
    assert facet(german, "filter.colour") == {"red": "rot", "blue": "blue", "dark red": "weinrot"}
    assert facet(austrian, "filter.colour") == {"red": "rout", "blue": "blue", "dark red": "weinrot"}
    assert facet(german, "filter.power") == facet(own, "filter.power") == {"5": "5 W"}
    assert facet(german, "filter.finish") == {"matt": "matt"}
    for locale in ("en", "de"):  # the same address in each language
        chosen = await spoken.read(f"{FACETS}&filter.colour=red&filter.socket=E27", locale)
        assert chosen["total"]["value"] == 1
    assert facet(chosen, "filter.colour")["red"] == "rot"
    for typed in ("wein", "dark"):
        assert facet(await spoken.read(f"/v1/search?values.colour={typed}", "de"), "filter.colour") == {
            "dark red": "weinrot"
        }
    assert facet(await spoken.read("/v1/search?values.colour=wein", "en"), "filter.colour") == {}

    assert [page["items"][0].get("product_type_label") for page in (own, german, austrian)] == [
        None, "Leuchte", "Lamperl"
    ]  # fmt: skip
    assert {page["items"][0]["product_type"] for page in (own, german, austrian)} == {"Lamp"}
    assert [[each.get("label") for each in told["types"]] for told in types] == [
        [None, None], [None, "Leuchte"], [None, "Lamperl"], [None, None]
    ]  # fmt: skip
    assert types[0] == types[3]
    assert not any("label" in attribute for each in types[0]["types"] for attribute in each["attributes"])
    [bulbs, _] = types[1]["types"]
    assert bulbs["attributes"] == [
        {"name": "socket", "label": "Fassung", "labels": {"E14": "kleine", "E27": "große"}}
    ], "what one type tells holds for all"
    assert types[2]["types"][1]["attributes"][1]["labels"] == {"red": "rout", "dark red": "weinrot"}

    renamed = SOCKET | {"translations": {"de": {"name": "Sockel"}, "fr": {"name": "Culot"}}}
    revised = {"name": "Lamp", "attributes": [renamed, COLOUR, POWER], "translations": {"de": {"name": "Licht"}}}
    _, position = await spoken.said("PUT", f"/v1/product-types/{made['id']}", revised, If_Match='"1"')
    shown = [await spoken.read(FACETS, locale, position) for locale in LOCALES]
    assert [headings(page)[0] for page in shown] == ["socket", "Sockel", "Sockel", "Culot"]
    assert facet(shown[1], "filter.socket") == {"E14": "E14", "E27": "E27"}
    labels = [page["items"][0].get("product_type_label") for page in shown]
    assert labels == [None, "Licht", "Licht", None], "a withdrawn name is as in the language at large"

    before = stored(spoken.lab, "product_types", "v1", "types")
    code, told = await rebuilt(spoken.lab, "product_types")
    assert code == 0, told
    assert stored(spoken.lab, "product_types", (await versions(spoken.lab, "live"))["product_types"], "types") == before
    again = [await spoken.read(FACETS, locale) for locale in LOCALES]
    assert [(page["facets"], page["items"]) for page in again] == [(page["facets"], page["items"]) for page in shown]


async def suggested(spoken: Spoken, typed: str, locale: str) -> list[str]:
    """The names of products that are suggested."""
    found = await spoken.read(f"/v1/suggestions?q={typed}", locale)
    return [product["name"] for product in found["products"]]


async def listed(spoken: Spoken, path: str, locale: str, position: str = "") -> list[str]:
    """The names of products in a row."""
    return [product["name"] for product in (await spoken.read(path, locale, position))["items"]]


async def test_products_are_suggested_and_shown_in_rows_in_each_language_with_its_fallback_and_so_after_a_rebuild(
    spoken: Spoken,
) -> None:
    said = {"de": {"name": "Schreibtischlampe"}, "de-AT": {"name": "Tischlamperl"}, "fr": {"name": ""}}
    body = {"name": "Desk lamp", "translations": said, "status": "active", "variants": [{"sku": "LAMP"}]}
    made, position = await spoken.said("POST", "/v1/products", body)
    await spoken.shop.query("/v1/search", position)  # it can be found
    row = f"/v1/products?id={made['id']}"
    assert [await listed(spoken, row, to) for to in LOCALES] == [
        ["Desk lamp"], ["Schreibtischlampe"], ["Tischlamperl"], ["Desk lamp"]
    ]  # fmt: skip
    lost = [(await spoken.read("/v1/search?q=lamp&brand=Nobody", to))["rescue"] for to in LOCALES[:3]]
    assert [each["items"][0]["name"] for each in lost] == ["Desk lamp", "Schreibtischlampe", "Tischlamperl"]
    for typed, locale, found in (
        ("schreib", "de", "Schreibtischlampe"), ("schriebt", "de", "Schreibtischlampe"),
        ("tischl", "de-AT", "Tischlamperl"), ("schreib", "de-AT", "Tischlamperl"), ("desk", "de", "Schreibtischlampe"),
        ("desk", "fr", "Desk lamp"), ("desk", "en", "Desk lamp"),
    ):  # fmt: skip
        assert await suggested(spoken, typed, locale) == [found], (typed, locale)
    assert await suggested(spoken, "tischl", "de") == await suggested(spoken, "schreib", "en") == []

    revised = body | {"translations": {"de": {"name": "Bürolampe"}}}
    _, position = await spoken.said("PUT", f"/v1/products/{made['id']}", revised, If_Match='"1"')
    await spoken.shop.query("/v1/search", position)
    asked = [("büro", "de"), ("büro", "de-AT"), ("schreib", "de"), ("tischl", "de-AT"), ("desk", "de-AT")]
    expected = [["Bürolampe"], ["Bürolampe"], [], [], ["Bürolampe"]]
    assert [await suggested(spoken, *each) for each in asked] == expected
    assert await listed(spoken, row, "de-AT", position) == ["Bürolampe"]
    code, told = await rebuilt(spoken.lab, "products")
    assert code == 0, told
    assert (await versions(spoken.lab, "live"))["products"].startswith("v18.")
    assert [await suggested(spoken, *each) for each in asked] == expected

    withdrawn = body | {"translations": {}}
    _, position = await spoken.said("PUT", f"/v1/products/{made['id']}", withdrawn, If_Match='"2"')
    await spoken.shop.query("/v1/search", position)
    assert await suggested(spoken, "büro", "de") == []
    assert await suggested(spoken, "desk", "de") == await listed(spoken, row, "de", position) == ["Desk lamp"]


def stored(lab: Lab, model: str, version: str, id_: str) -> bytes:
    """A document as it lies in Redis."""
    found: bytes | None = lab.redis.get(f"{model}:{version}:doc:{id_}")
    assert found is not None
    return found
