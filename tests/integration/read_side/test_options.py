"""Options of variants over a real Elasticsearch: facets, words, and choices that one variant has to have together."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import product as every
from random import Random
from typing import Any, NamedTuple

import httpx
import pytest
from elasticsearch import Elasticsearch

from read_side.app import create_app
from shared.documents.products import SearchedProduct
from shared.events.catalog import AttributeValue, Image, ProductFacts, Variant
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import Shop, ask, counts, searchable, searched
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves

COLOURS, SIZES = ["red", "blue", "white"], ["S", "M", "L"]
LENGTHS = ["30 cm", "0.4 m", "50 cm"]


class Sold(NamedTuple):
    """A variant as shoppers may choose it: all that is true of it, its product's attributes included."""

    sku: str
    told: dict[str, str]
    minor: int
    left: int
    image: str | None


class Clothes(Shop):
    """200 products, told apart by colour and size, by length, by nothing, or with a colour for all of it."""

    def __init__(self) -> None:
        super().__init__()
        random = Random(7)
        self.sold: dict[str, list[Sold]] = {}
        self.products = [self._rendered(random, number) for number in range(200)]

    def _rendered(self, random: Random, number: int) -> SearchedProduct:
        attributes: dict[str, AttributeValue] = {"material": random.choice(["wool", "silk"])}
        if number % 4 == 3:
            attributes["colour"] = random.choice(COLOURS)
        options = list(_options(random, number % 4))
        variants = [
            Variant(uuid7(), f"{number}-{place}", None, f"Thing {' '.join(each.values())}", each,
                    images=[1 + place % 2])
            for place, each in enumerate(options)
        ]  # fmt: skip
        images = [Image(f"{number}.jpg"), Image(f"{number}-even.jpg"), Image(f"{number}-odd.jpg")]
        facts = ProductFacts(
            f"thing-{number}", f"Thing {number}", random.choice(["Nox", "NOX", "Lumen"]), "", "", "active", None,
            attributes, images, variants,
        )  # fmt: skip
        prices = {each.sku: {"EUR": random.randint(10, 99) * 100} for each in variants}
        left = {each.sku: random.choice([0, 9]) for each in variants}
        product = searched(facts, [*left.values()], number + 1, prices)
        words = {name: str(value) for name, value in attributes.items()}
        self.sold[str(product.product_id)] = [
            Sold(each.sku, words | each.options, prices[each.sku]["EUR"], left[each.sku], images[place].url)
            for each in variants
            for place in each.images or ()
        ]
        return product

    def fitting(self, **chosen: Sequence[str]) -> dict[str, list[Sold]]:
        """The variants that have all of it, by product."""
        fit = {
            id_: [each for each in several if all(each.told.get(axis, "") in values for axis, values in chosen.items())]
            for id_, several in self.sold.items()
        }
        return {id_: several for id_, several in fit.items() if several}

    def told(self, axis: str, of: dict[str, list[Sold]]) -> dict[str, int]:
        """How many products have a value."""
        each = ({one.told[axis] for one in several if axis in one.told} for several in of.values())
        return dict(Counter(value for values in each for value in values))


def _options(random: Random, kind: int) -> Iterator[dict[str, str]]:
    if kind == 0:
        pairs = list(every(COLOURS, SIZES))
        yield from ({"colour": colour, "size": size} for colour, size in random.sample(pairs, random.randint(2, 6)))
    elif kind == 1:
        yield from ({"length": length} for length in random.sample(LENGTHS, 2))
    elif kind == 2:
        yield {"colour": random.choice(COLOURS), "size": random.choice(SIZES)}
    else:
        yield from ({"size": size} for size in random.sample(SIZES, 2))


@pytest.fixture(scope="module")
def clothes() -> Clothes:
    return Clothes()


@pytest.fixture(scope="module")
def clothes_prefix(clothes: Clothes, elasticsearch_url: str) -> Iterator[str]:
    with searchable(clothes, "clothes", elasticsearch_url, "facets.colour") as prefix:
        lines: list[dict[str, Any]] = []
        for id_, several in clothes.sold.items():  # as the projector remembers them
            own = {each.sku: {"EUR": each.minor} for each in several}
            lines += [{"update": {"_id": id_}}, {"doc": {"fold": {"prices": own}}}]
        with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
            assert not client.bulk(index=f"{prefix}products", operations=lines, refresh=True)["errors"]
        yield prefix


@pytest.fixture
async def api(
    clothes: Clothes, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, clothes_prefix: str
) -> AsyncIterator[httpx.AsyncClient]:
    await clothes.tell(shelves)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, clothes_prefix))) as client:
        yield client


async def test_options_are_facets_and_words(api: httpx.AsyncClient, clothes: Clothes) -> None:
    answer = await ask(api, limit=0)
    everything = clothes.fitting()
    for axis in ("colour", "size", "material"):
        assert counts(answer, f"filter.{axis}") == clothes.told(axis, everything)
    for size in SIZES:
        assert (await ask(api, filter__size=size))["total"]["value"] == len(clothes.fitting(size=[size]))
    blue = await ask(api, q="blue", limit=100)
    assert {item["id"] for item in blue["items"]} == clothes.fitting(colour=["blue"]).keys()


@pytest.mark.parametrize("available", [False, True])
async def test_one_variant_has_all_that_is_chosen(
    api: httpx.AsyncClient, clothes: Clothes, available: bool
) -> None:
    for colour, size in every(COLOURS, SIZES):
        chosen = {"colour": [colour], "size": [size, "S"]}
        asked: dict[str, Any] = {f"filter__{axis}": values for axis, values in chosen.items()}
        answer = await ask(api, **asked, available=available, limit=100, facets="colour,size,material,brand,length")
        fit = _left(clothes.fitting(**chosen), available)
        assert {item["id"] for item in answer["items"]} == fit.keys(), "all of it on one variant"
        assert answer["total"]["value"] == len(fit) < len(
            clothes.fitting(colour=[colour]).keys() & clothes.fitting(size=[size, "S"]).keys()
        )
        assert sum(counts(answer, "brand").values()) == len(fit)
        assert counts(answer, "filter.material") == clothes.told("material", fit)
        for own, other in (("colour", "size"), ("size", "colour")):
            under = _left(clothes.fitting(**{other: chosen[other]}), available)
            assert counts(answer, f"filter.{own}") == clothes.told(own, under)


def _left(fit: dict[str, list[Sold]], available: bool) -> dict[str, list[Sold]]:
    left = {id_: [each for each in several if each.left or not available] for id_, several in fit.items()}
    return {id_: several for id_, several in left.items() if several}


async def test_facets_of_what_can_be_had_count_variants_that_can(api: httpx.AsyncClient, clothes: Clothes) -> None:
    answer = await ask(api, available=True, limit=0, facets="colour,size,material")
    for axis in ("colour", "size", "material"):
        assert counts(answer, f"filter.{axis}") == clothes.told(axis, _left(clothes.fitting(), True))


async def test_a_hit_shows_a_variant_that_was_chosen(api: httpx.AsyncClient, clothes: Clothes) -> None:
    answer = await ask(api, filter__colour="red", filter__size=["M", "L"], limit=100)
    fit = clothes.fitting(colour=["red"], size=["M", "L"])
    assert answer["items"]
    for item in answer["items"]:
        best = min(fit[item["id"]], key=lambda each: (not each.left, each.minor))
        assert (item["sku"], item["price"]["amount_minor"]) == (best.sku, best.minor) or len(
            clothes.sold[item["id"]]
        ) == len(fit[item["id"]])
        assert item["availability"] == ("in" if any(each.left for each in fit[item["id"]]) else "out")
        narrowed = len(fit[item["id"]]) < len(clothes.sold[item["id"]])
        assert item["image"]["url"] == (best.image if narrowed else item["image"]["url"])
    plain = {item["id"]: item["sku"] for item in (await ask(api, limit=100))["items"]}
    assert all(sku == clothes.sold[id_][0].sku for id_, sku in plain.items()), "without a choice the first"


async def test_lengths_are_numbers_also_where_they_are_options(api: httpx.AsyncClient, clothes: Clothes) -> None:
    long = clothes.fitting(length=["0.4 m", "50 cm"], material=["silk"])
    answer = await ask(
        api, filter__length="35..45 cm", filter__material="silk", limit=100, facets="length,material"
    )
    assert {item["id"] for item in answer["items"]} == clothes.fitting(length=["0.4 m"], material=["silk"]).keys()
    skus = {each.sku for several in clothes.fitting(length=["0.4 m"]).values() for each in several}
    assert {item["sku"] for item in answer["items"]} <= skus
    either = await ask(api, filter__length=["40 cm", "0.5 m"], filter__material="silk", limit=100)
    assert {item["id"] for item in either["items"]} == long.keys()
    silk = clothes.fitting(material=["silk"])
    told = clothes.told("length", silk)
    shown = {name: count for name, count in counts(answer, "filter.length").items() if ".." not in name}
    assert sorted(shown.values()) == sorted(told.values())


async def test_a_promotion_takes_off_the_variant_that_is_shown(
    api: httpx.AsyncClient, clothes: Clothes, shelves: Shelves
) -> None:
    fit = clothes.fitting(colour=["red"], size=["M"])
    several = {id_: each for id_, each in fit.items() if len(clothes.sold[id_]) > 1}
    await shelves.announce([each.sku for variants in several.values() for each in variants])
    items = (await ask(api, filter__colour="red", filter__size="M", limit=100))["items"]
    prices = {item["id"]: item["price"] for item in items}
    assert several
    for id_, variants in several.items():
        assert prices[id_]["before_promotions_minor"] == variants[0].minor > prices[id_]["amount_minor"]



async def test_a_brand_spelt_in_two_ways_is_one_choice(api: httpx.AsyncClient, clothes: Clothes) -> None:
    spelt = Counter(product.brand for product in clothes.products)
    name, both = max("Nox", "NOX", key=lambda each: spelt[each]), spelt["Nox"] + spelt["NOX"]
    assert counts(await ask(api, limit=0), "brand") == {name: both, "Lumen": spelt["Lumen"]}
    for chosen in ("Nox", "NOX"):
        answer = await ask(api, brand=chosen, facets="brand", limit=100)
        assert answer["total"]["value"] == both
        [facet] = answer["facets"]
        assert [(each["value"], each["count"], each["selected"]) for each in facet["values"]] == [
            (name, both, True), ("Lumen", spelt["Lumen"], False),
        ]  # fmt: skip
    unknown = await ask(api, brand="Nobody", facets="brand")
    assert (unknown["total"]["value"], counts(unknown, "brand")["Nobody"]) == (0, 0)
