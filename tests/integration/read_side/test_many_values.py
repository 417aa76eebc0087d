"""An axis of more values than a facet shows, under a choice on another: products and variants are added up first."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import httpx
import pytest

from shared.documents.products import SearchedProduct
from shared.events.catalog import AttributeValue, ProductFacts, Variant
from shared.ids import uuid7
from tests.integration.read_side.catalog import Shop, ask, counts, searchable, searched

COLOURS = [f"shade {number:02}" for number in range(60)]


class Paints(Shop):
    """Of size M all: of one colour, the last colours the most seldom, or told apart by the last colours and sizes."""

    def __init__(self) -> None:
        super().__init__()
        random = Random(3)
        plain = [colour for place, colour in enumerate(COLOURS) for _ in range(1 + (60 - place) // 4)]
        several = [random.sample(COLOURS[40:], 4) for _ in range(60)]
        self.colours_in_m = [*({colour} for colour in plain), *({*four[:2]} for four in several)]  # by product
        self.in_m = Counter(colour for colours in self.colours_in_m for colour in colours)
        single = [_rendered({"colour": colour, "size": "M"}, [{}]) for colour in plain]
        varied = [
            _rendered({}, [{"colour": colour, "size": "M" if place < 2 else "L"} for place, colour in enumerate(four)])
            for four in several
        ]
        told = [_rendered({"care": "ü" * length}, [{}]) for length in (1024, 1025)]
        self.products = [*single, *varied, *told]


def _rendered(attributes: dict[str, AttributeValue], options: list[dict[str, str]]) -> SearchedProduct:
    name = str(uuid7())
    variants = [Variant(uuid7(), f"{name}-{place}", None, "", each) for place, each in enumerate(options)]
    facts = ProductFacts(name, "Paint", "Nox", "", "", "active", None, attributes, [], variants)
    return searched(facts, [9 for _ in variants])


@pytest.fixture(scope="module")
def shop() -> Paints:
    return Paints()


@pytest.fixture(scope="module")
def shop_prefix(shop: Paints, elasticsearch_url: str) -> Iterator[str]:
    with searchable(shop, "paints", elasticsearch_url, "facets.colour") as prefix:
        yield prefix


async def test_the_fullest_fifty_are_those_of_products_and_variants_together(
    shopping: httpx.AsyncClient, shop: Paints
) -> None:
    answer = await ask(shopping, filter__size="M", facets="colour", limit=0)
    fullest = sorted(shop.in_m.items(), key=lambda each: (-each[1], each[0]))
    assert list(counts(answer, "filter.colour").items()) == fullest[:50]
    [facet] = answer["facets"]
    shown = {colour for colour, _ in fullest[:50]}
    assert facet["others"] == sum(colours.isdisjoint(shown) for colours in shop.colours_in_m) > 0


async def test_whatever_a_facet_shows_can_be_chosen(shopping: httpx.AsyncClient) -> None:
    assert counts(await ask(shopping, facets="care"), "filter.care") == {"ü" * 1024: 1}, "all that the index keeps"
    found = await ask(shopping, filter__care="ü" * 1024, facets="care")
    assert (found["total"]["value"], counts(found, "filter.care")) == (1, {"ü" * 1024: 1})
    refused = await shopping.get("/v1/search", params={"filter.care": "ü" * 1025})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
