"""Typed facets over a real Elasticsearch: what is chosen from them finds what they counted."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from read_side.app import create_app
from shared.documents import product_types
from shared.documents.product_types import ProductType, ProductTypes
from shared.documents.products import SearchedProduct
from shared.documents.quantities import told_by
from shared.events.product_types import Attribute, AttributeTranslation
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import Shop, ask, count_of, counts, facet_of
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves


def number(product: SearchedProduct, attribute: str) -> float:
    return told_by(product.numbers[attribute][0]).number


async def test_each_attribute_is_told_by_its_kind(shopping: httpx.AsyncClient) -> None:
    answer = await ask(shopping)
    kinds = {facet["name"]: (facet.get("kind", "text"), facet.get("unit")) for facet in answer["facets"]}
    assert kinds == {
        "brand": ("text", None), "category": ("category", None), "Colour": ("colour", None),
        "Watt [max]": ("number", None), "weight (g)": ("number", "g"), "memory": ("number", "GB"),
        "dimmable": ("boolean", None), "Material, main": ("text", None),
    }  # fmt: skip
    assert {value["swatch"] for value in facet_of(answer, "Colour")["values"]} == {"#d32f2f", "#ffffff", "#000000"}
    assert counts(answer, "filter.dimmable").keys() == {"true", "false"}
    named = await ask(shopping, facets="weight (g),memory,Colour")
    assert [facet for facet in answer["facets"] if facet["name"] == "memory"] == named["facets"][1:2]


async def test_what_is_declared_holds_against_what_the_values_look_like(
    shopping: httpx.AsyncClient, shelves: Shelves
) -> None:
    watts = Attribute("Watt [max]", "number", "W")
    types = ProductTypes([ProductType("Lamp", [watts, Attribute("dimmable", "text"), Attribute("memory", "text")])])
    await shelves.put(product_types.MODEL, product_types.THE_ONE, types)
    answer = await ask(shopping, facets="Watt [max],dimmable,memory,Colour")
    kinds = {facet["name"]: (facet.get("kind", "text"), facet.get("unit")) for facet in answer["facets"]}
    assert kinds == {
        "Watt [max]": ("number", "W"), "dimmable": ("text", None), "memory": ("text", None), "Colour": ("colour", None),
    }  # fmt: skip
    assert all(value["name"].endswith(" W") for value in facet_of(answer, "Watt [max]")["values"])
    chosen = facet_of(answer, "Watt [max]")["values"][0]
    found = await ask(shopping, **{"filter__Watt [max]": chosen["value"]})
    assert found["total"]["value"] == chosen["count"]
    assert (await shopping.get("/v1/product-types")).json()["types"][0]["attributes"][0] == {
        "name": "Watt [max]", "kind": "number", "unit": "W",
    }  # fmt: skip


async def test_names_in_other_languages_are_shown_and_typed_and_no_url_has_them(
    shop: Shop, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, shop_prefix: str
) -> None:
    labels = {"red": "rot", "black": "schwarz [.*|", **{f"{n} {'x' * 180}": f"schwarz {n}" for n in range(498)}}
    colour = Attribute("Colour", "colour", values=[*labels], translations={"de": AttributeTranslation("Farbe", labels)})
    await shop.tell(shelves)
    await shelves.put(product_types.MODEL, product_types.THE_ONE, ProductTypes([ProductType("Lamp", [colour])]))
    colours = count_of(product.facets["Colour"] for product in shop.found)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, shop_prefix, locales="en,de"))) as api:
        german = facet_of(await ask(api, locale="de", facets="Colour"), "Colour")
        english = facet_of(await ask(api, facets="Colour"), "Colour")
        assert (german["name"], english["name"]) == ("Farbe", "Colour")
        assert {each["value"]: each["name"] for each in german["values"]} == {
            "red": "rot", "white": "white", "black": "schwarz [.*|",
        }  # fmt: skip
        for one, other in zip(german["values"], english["values"], strict=True):
            assert one | {"name": other["name"]} == other
        for typed, value in (("SCHWA", "black"), ("[.*", "black"), ("ro", "red"), ("re", "red")):
            found = await ask(api, locale="de", values__Colour=typed, filter__Colour="white")
            assert counts(found, "filter.Colour") == {value: colours[value], "white": colours["white"]}, typed
        assert counts(await ask(api, values__Colour="ro"), "filter.Colour") == {}
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, shop_prefix))) as api:
        alone = await api.get("/v1/search", params={"locale": "de", "facets": "Colour"})
        assert alone.json()["facets"] == [english], "a shop of one language"
        assert "Accept-Language" not in alone.headers["Vary"]


async def test_a_range_finds_as_many_as_it_counted(shopping: httpx.AsyncClient, shop: Shop) -> None:
    facet = facet_of(await ask(shopping, brand="Nox", facets="weight (g)"), "weight (g)")
    weights = [number(product, "weight (g)") for product in shop.found if product.brand == "Nox"]
    assert sum(value["count"] for value in facet["values"]) == len(weights)
    assert facet["bounds"]["low"] <= min(weights) <= max(weights) <= facet["bounds"]["high"] + 100
    for value in facet["values"]:
        answer = await ask(shopping, brand="Nox", **{"filter__weight (g)": value["value"]}, facets="weight (g),Colour")
        low, high = map(float, value["value"].split("..<"))
        heavy = [p for p in shop.found if p.brand == "Nox" and low <= number(p, "weight (g)") < high]
        assert answer["total"]["value"] == value["count"] == len(heavy)
        assert counts(answer, "filter.weight (g)") == {each["value"]: each["count"] for each in facet["values"]}
        assert [each["value"] for each in facet_of(answer, "weight (g)")["values"] if each["selected"]] == [
            value["value"]
        ]
        assert counts(answer, "filter.Colour") == count_of(product.facets["Colour"] for product in heavy)


async def test_a_saved_filter_finds_the_same_whatever_the_ranges_are_today(
    shopping: httpx.AsyncClient, shop: Shop
) -> None:
    expected: dict[str, Callable[[float], bool]] = {
        "123.5..456": lambda w: 123.5 <= w <= 456, "..0.9 kg": lambda w: w <= 900, "1500..": lambda w: w >= 1500,
        "0,5..<1kg": lambda w: 500 <= w < 1000,
    }  # fmt: skip
    for text, holds in expected.items():
        answer = await ask(shopping, **{"filter__weight (g)": text})
        found = [product for product in shop.found if holds(number(product, "weight (g)"))]
        assert answer["total"]["value"] == len(found) > 0, text
        own = [value for value in facet_of(answer, "weight (g)")["values"] if value["selected"]]
        assert [(value["value"], value["count"]) for value in own] == [(text, len(found))], (
            "it is shown though no range"
        )
    either: dict[str, Any] = {"filter__weight (g)": ["..200", "1900.."]}
    several = await ask(shopping, **either)
    weights = [number(product, "weight (g)") for product in shop.found]
    assert several["total"]["value"] == len([w for w in weights if w <= 200 or w >= 1900])


async def test_a_number_is_the_same_however_it_is_spelt(shopping: httpx.AsyncClient, shop: Shop) -> None:
    sizes = Counter(number(product, "memory") for product in shop.found)
    facet = facet_of(await ask(shopping), "memory")
    told = [(value["value"], value["name"], value["count"]) for value in facet["values"]]
    assert told == [
        ("0.5 GB", "0.5 GB", sizes[5e8]), ("1 GB", "1 GB", sizes[1e9]), ("2 GB", "2 GB", sizes[2e9]),
    ]  # fmt: skip
    for text in ("2 GB", "2000 MB", "2GB", "2..2 GB"):
        assert (await ask(shopping, filter__memory=text))["total"]["value"] == sizes[2e9], text
    assert (await ask(shopping, filter__memory="2"))["total"]["value"] == 0, "two of what?"


async def test_categories_count_all_below_them(shopping: httpx.AsyncClient, shop: Shop) -> None:
    slug_of = {category.id: category.slug for category in shop.categories}
    [facet] = (await ask(shopping, facets="category"))["facets"]
    above = [[slug_of[id_] for id_ in shop.above(product.category_id)] for product in shop.found]
    assert {value["value"]: value["count"] for value in facet["values"]} == count_of(above)
    parents = {value["value"]: value.get("parent") for value in facet["values"]}
    assert parents == {
        "light": None, "sound": None, "lamps": "light", "candles": "light", "desk-lamps": "lamps", "speakers": "sound",
    }  # fmt: skip
    places = [value["value"] for value in facet["values"]]
    assert all(parent is None or places.index(parent) < places.index(slug) for slug, parent in parents.items())
    [listed] = (await ask(shopping, "/v1/categories/lamps/products", facets="category"))["facets"]
    assert {value["value"]: value.get("parent") for value in listed["values"]} == {"lamps": None, "desk-lamps": "lamps"}


async def test_values_are_found_by_what_is_typed_of_a_word(shopping: httpx.AsyncClient, shop: Shop) -> None:
    brands = Counter(product.brand for product in shop.found)
    colours = count_of(product.facets["Colour"] for product in shop.found)
    for typed in ("b\u00f6", "S\u00d6H", "B\u00f6hm & S"):
        assert counts(await ask(shopping, values__brand=typed, limit=0), "brand") == {
            "B\u00f6hm & S\u00f6hne": brands["B\u00f6hm & S\u00f6hne"]
        }, typed
    for typed in ("öh", ".*", "x" * 50, "[", "~"):
        assert not counts(await ask(shopping, values__brand=typed, limit=0), "brand"), typed
    answer = await ask(shopping, values__Colour="RE", facets="brand", filter__Colour="black")
    assert counts(answer, "brand"), "beside those that are named"
    assert counts(answer, "filter.Colour") == {"red": colours["red"], "black": colours["black"]}, "what is chosen stays"
    categories = await ask(shopping, values__category="LAM")
    assert counts(categories, "category").keys() == {"lamps", "desk-lamps"}
    weights = [product.facets["weight (g)"][0] for product in shop.found]
    typed_weights = counts(await ask(shopping, **{"values__weight (g)": "12"}), "filter.weight (g)")
    assert sum(typed_weights.values()) == len([weight for weight in weights if weight.startswith("12")]) > 0
    for wrong in ({"values.": "x"}, {"values.brand": ["a", "b"]}, {"values.brand": "x" * 51}):
        refused = await shopping.get("/v1/search", params=wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input"), wrong


async def test_a_name_with_a_comma_is_told_by_itself(shopping: httpx.AsyncClient) -> None:
    for asked in (["Material, main", "brand"], ["Material, main", ""]):
        facets = (await ask(shopping, facets=asked))["facets"]
        assert [facet["name"] for facet in facets] == [name for name in asked if name]
    assert facets[0]["values"]
    refused = await shopping.get("/v1/search", params={"facets": [f"a{n}" for n in range(21)]})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
