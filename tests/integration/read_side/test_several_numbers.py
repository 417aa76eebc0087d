"""Ranges where products say several numbers, over a real Elasticsearch: a shoe of sizes 36 to 48 is counted once."""

from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest

from shared.documents.products import SearchedProduct
from shared.events.catalog import AttributeValue, ProductFacts, Variant
from shared.ids import uuid7
from tests.integration.read_side.catalog import Shop, ask, facet_of, searchable, searched

COLOURS = ["red", "blue"]


class Shoes(Shop):
    """60 products: of a list of sizes, told apart by size and colour, or of one size; some also say lengths."""

    def __init__(self) -> None:
        super().__init__()
        random = Random(11)
        self.products = [_rendered(random, number) for number in range(60)]


def _rendered(random: Random, number: int) -> SearchedProduct:
    sizes = [str(size) for size in range(36, 49)]
    attributes: dict[str, AttributeValue] = {"width (mm)": sorted(random.sample(range(70, 1400), 30))}
    options: list[dict[str, str]] = [{}]
    if number % 3 == 0:
        attributes["size"] = [*sizes, "22 cm", "23 cm"]
    elif number % 3 == 1:
        options = [{"size": size, "colour": random.choice(COLOURS)} for size in random.sample(sizes, 6)]
    else:
        attributes |= {"size": "24 cm" if number % 9 == 2 else random.choice(sizes), "colour": random.choice(COLOURS)}
        if number in (5, 32):
            attributes["size"] = "one size"
    variants = [Variant(uuid7(), f"{number}-{place}", None, "", each) for place, each in enumerate(options)]
    facts = ProductFacts(
        f"shoe-{number}", f"Shoe {number}", "Nox", "", "", "active", None, attributes, [], variants
    )
    return searched(facts, [random.choice([0, 9]) for _ in variants], number + 1)


@pytest.fixture(scope="module")
def shop() -> Shoes:
    return Shoes()


@pytest.fixture(scope="module")
def shop_prefix(shop: Shoes, elasticsearch_url: str) -> Iterator[str]:
    with searchable(shop, "shoes", elasticsearch_url, "facets.size") as prefix:
        yield prefix


CHOICES: list[dict[str, Any]] = [
    {}, {"filter__colour": "red"}, {"available": True}, {"filter__colour": "red", "available": True}, {"q": "shoe"},
]  # fmt: skip


@pytest.mark.parametrize("chosen", CHOICES)
@pytest.mark.parametrize("attribute", ["size", "width (mm)"])
async def test_a_range_counts_the_products_that_it_would_show(
    shopping: httpx.AsyncClient, attribute: str, chosen: dict[str, Any]
) -> None:
    facet = facet_of(await ask(shopping, **chosen, facets=attribute), attribute)
    assert any(".." in value["value"] for value in facet["values"])
    for value in facet["values"]:
        found = await ask(shopping, **chosen, **{f"filter__{attribute}": value["value"]}, facets=attribute)
        assert found["total"]["value"] == value["count"] > 0, value
        own = facet_of(found, attribute)
        assert [each["count"] for each in own["values"]] == [each["count"] for each in facet["values"]]
        assert [each["value"] for each in own["values"] if each["selected"]] == [value["value"]]


async def test_others_are_products_that_no_range_shows(shopping: httpx.AsyncClient, shop: Shoes) -> None:
    facet = facet_of(await ask(shopping, facets="size"), "size")
    only_lengths = [each for each in shop.products if all("cm" in word for word in each.facets["size"])]
    assert facet["others"] == len(only_lengths) > 0
    red = facet_of(await ask(shopping, facets="size", filter__colour="red"), "size")
    assert red["others"] == len([each for each in only_lengths if "red" in each.facets["colour"]]) > 0
    words = facet_of(await ask(shopping, facets="size", **{"filter__size": "one size"}), "size")
    assert [(each["value"], each["count"]) for each in words["values"] if each["selected"]] == [("one size", 2)]
    assert words["others"] == facet["others"], "a word that is chosen is none of the numbers"


async def test_facets_that_the_shop_chooses_are_counted_so_too(shopping: httpx.AsyncClient) -> None:
    sampled, named = await ask(shopping), await ask(shopping, facets="size,width (mm)")
    for attribute in ("size", "width (mm)"):
        assert facet_of(sampled, attribute) == facet_of(named, attribute)
