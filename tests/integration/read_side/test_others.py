"""What no value shown of a facet of words counts, over a real Elasticsearch: products, each of them once."""

from collections.abc import Collection, Iterator
from random import Random
from typing import Any, NamedTuple

import httpx
import pytest

from shared.documents.products import SearchedProduct
from shared.events.catalog import AttributeValue, ProductFacts, Variant
from shared.ids import uuid7
from tests.integration.read_side.catalog import Shop, ask, facet_of, searchable, searched

TAGS = [f"tag {n:02}" for n in range(40)]
RARE = [f"very rare {n:03}" for n in range(200)]
SHADES = [f"shade {n:02}" for n in range(70)]


class Sold(NamedTuple):
    """A variant as shoppers may choose it: what is true of it, its product's attributes included."""

    told: dict[str, list[str]]
    left: int


class Prints(Shop):
    """80 products with tags, common ones and rare ones, or rare ones alone; half come in shades."""

    def __init__(self) -> None:
        super().__init__()
        random = Random(5)
        self.sold: list[list[Sold]] = []
        self.products = [self._rendered(random, number) for number in range(80)]

    def _rendered(self, random: Random, number: int) -> SearchedProduct:
        tags = [*(random.sample(TAGS, 6) if number % 4 else ()), *random.sample(RARE, 5)]
        attributes = {"tags": tags, "maker": [f"maker {number}"]}
        options: list[dict[str, str]] = [{}]
        if number % 2:
            attributes["finish"] = [random.choice(["matt", "glossy"])]
            shades = random.sample(SHADES, 4)
            options = [*({"shade": shade, "size": random.choice(["A3", "A4"])} for shade in shades), {"size": "A2"}]
        left = [random.choice([0, 9]) for _ in options]
        self.sold.append([
            Sold(attributes | {axis: [value] for axis, value in each.items()}, count)
            for each, count in zip(options, left, strict=True)
        ])  # fmt: skip
        return _searched(number, {**attributes}, options, left)

    def with_any(self, attribute: str, values: Collection[str] | None, chosen: dict[str, Any]) -> int:
        """How many products have a variant that has all that was chosen, and any of these values, or any at all."""
        sizes, finish = chosen.get("filter__size"), chosen.get("filter__finish")
        return sum(
            any(
                (sizes is None or set(each.told.get("size", ())) & set(sizes))
                and (finish is None or finish in each.told.get("finish", ()))
                and (each.left or "available" not in chosen)
                and any(values is None or word in values for word in each.told.get(attribute, ()))
                for each in variants
            )
            for variants in self.sold
        )


def _searched(
    number: int, attributes: dict[str, AttributeValue], options: list[dict[str, str]], left: list[int]
) -> SearchedProduct:
    variants = [Variant(uuid7(), f"{number}-{place}", None, "", each) for place, each in enumerate(options)]
    facts = ProductFacts(f"print-{number}", "Print", "Nox", "", "", "active", None, attributes, [], variants)
    return searched(facts, left, number + 1)


@pytest.fixture(scope="module")
def shop() -> Prints:
    return Prints()


@pytest.fixture(scope="module")
def shop_prefix(shop: Prints, elasticsearch_url: str) -> Iterator[str]:
    with searchable(shop, "prints", elasticsearch_url, "facets.tags") as prefix:
        yield prefix


CHOICES: list[dict[str, Any]] = [
    {}, {"filter__size": ["A3"]}, {"available": True}, {"filter__size": ["A3", "A2"], "available": True},
    {"q": "print"}, {"filter__finish": "matt"},
]  # fmt: skip


@pytest.mark.parametrize("chosen", CHOICES)
@pytest.mark.parametrize("attribute", ["tags", "shade", "maker"])
async def test_others_are_the_products_that_no_value_shown_would_show(
    shopping: httpx.AsyncClient, shop: Prints, attribute: str, chosen: dict[str, Any]
) -> None:
    facet = facet_of(await ask(shopping, **chosen, facets=attribute), attribute)
    shown = {value["value"] for value in facet["values"]}
    assert facet["others"] == shop.with_any(attribute, None, chosen) - shop.with_any(attribute, shown, chosen)
    assert facet["others"] > 0 or chosen or attribute == "shade"


async def test_a_chosen_value_behind_the_fullest_is_none_of_the_others(shopping: httpx.AsyncClient) -> None:
    facet = facet_of(await ask(shopping, facets="maker"), "maker")
    shown = {value["value"] for value in facet["values"]}
    hidden = next(f"maker {n}" for n in range(80) if f"maker {n}" not in shown)
    own = facet_of(await ask(shopping, facets="maker", filter__maker=hidden), "maker")
    assert (facet["others"], own["others"]) == (30, 29)


async def test_facets_that_the_shop_chooses_tell_the_same_others(shopping: httpx.AsyncClient) -> None:
    sampled, named = await ask(shopping), await ask(shopping, facets="tags")
    assert facet_of(sampled, "tags") == facet_of(named, "tags")
