"""A small shop in Elasticsearch and Redis, and an independent count of what a search must find in it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from elasticsearch import Elasticsearch

from projector.model import encode
from projector.read_models import product_search
from projector.read_models.product import Product
from shared.documents.cards import CARD
from shared.documents.indices import INDICES
from shared.documents.layout import alias_name, index_name
from shared.documents.prices import Step, VariantTimes
from shared.documents.products import SEARCH, TREE, Category, CategoryTree, Completion, SearchedProduct, with_card
from shared.documents.quantities import Quantity, quantity_of, step_of, word_of
from shared.documents.shelves import Shelf
from shared.events.catalog import ProductFacts
from shared.ids import time_of, uuid7
from tests.integration.read_side.shelves import SHARDS, VERSION, Shelves

Answer = dict[str, Any]

# parent slug → slugs below it
TREE_OF = {None: ["light", "sound"], "light": ["lamps", "candles"], "lamps": ["desk-lamps"], "sound": ["speakers"]}
BRANDS = ["Lumen", "Aurora", "Böhm & Söhne", "Nox"]
COLOURS = ["red", "white", "black"]
MATERIALS = ["leather", "steel"]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LIST = UUID(int=7)
GIFT_CARDS = 14, 15
UPC = 19  # the product that bears an EAN of twelve digits, as it is kept
FAR = datetime(2999, 1, 1, tzinfo=UTC)


def times_of(number: int, prices: dict[str, int]) -> list[VariantTimes]:
    """Two variants; a price list, where it is known, asks less for the dearer one."""
    own = {currency: [Step(LONG_AGO, amount)] for currency, amount in prices.items()}
    dearer = {currency: [Step(LONG_AGO, amount + 10)] for currency, amount in prices.items()}
    by_list = {str(LIST): [Step(LONG_AGO, prices["EUR"] - 10)]}
    return [VariantTimes(f"SKU-{number}", own), VariantTimes(f"SKU-{number}-b", dearer, by_list)]


def searched(
    facts: ProductFacts, left: Sequence[int], position: int = 1, prices: dict[str, dict[str, int]] | None = None
) -> SearchedProduct:
    """A product as the projector writes it for searches; so many are left of each variant, which costs 10 € unless told
    otherwise."""
    skus = [each.sku for each in facts.variants]
    shelves = {sku: {"north": Shelf(count, 0, 1)} for sku, count in zip(skus, left, strict=True)}
    prices = prices or {sku: {"EUR": 1000} for sku in skus}
    state = Product(position, uuid7(), msgspec.Raw(encode(facts)), prices, shelves)
    [body] = product_search.render(str(state.id), state, {}).documents.values()
    return msgspec.json.decode(body or b"", type=SearchedProduct)


class Shop:
    """500 products, the same each time."""

    def __init__(self) -> None:
        random = Random(42)
        self.categories = list(self._categories(None, None))
        self.id_of = {category.slug: category.id for category in self.categories}
        leaves = [self.id_of[slug] for slug in ("lamps", "desk-lamps", "candles", "speakers")]
        self.products = [self._product(random, number, leaves) for number in range(500)]

    def _categories(self, slug: str | None, parent: UUID | None) -> list[Category]:
        found: list[Category] = []
        for child in TREE_OF.get(slug, []):
            category = Category(uuid7(), parent, child, child.title())
            found += [category, *self._categories(child, category.id)]
        return found

    @staticmethod
    def _product(random: Random, number: int, leaves: list[UUID]) -> SearchedProduct:
        facets = {"Colour": random.sample(COLOURS, random.choice([1, 1, 2])), "Watt [max]": [str(random.randint(1, 9))]}
        if random.random() < 0.7:
            facets["Material, main"] = [random.choice(MATERIALS)]
        facets |= {"weight (g)": [str(random.randint(100, 2000))], "dimmable": [random.choice(["true", "false"])]}
        facets["memory"] = [random.choice(["500 MB", "1 GB", "2GB", "2.0 GB", "0.5 GB"])]
        told = {name: [told for word in words if (told := quantity_of(name, word))] for name, words in facets.items()}
        quantities = {name: several for name, several in told.items() if several}
        prices = {} if number % 50 == 7 else {"EUR": random.randint(100, 900) * 10, "JPY": random.randint(100, 900)}
        id_, publish_at = uuid7(), {5: FAR, 6: LONG_AGO}.get(number % 25)
        return SearchedProduct(
            product_id=id_,
            slug=f"product-{number}",
            name=f"{random.choice(['Bright', 'dark', 'Élégant'])} product {number % 90}",
            brand=random.choice(BRANDS),
            description="Made for reading." if number % 3 else "Made for dancing.",
            product_type=random.choice(["Lamp", "Speaker"]),
            kinds=["product"],
            category_id=random.choice(leaves),
            attributes_text=" ".join(value for values in facets.values() for value in values),
            facets=facets,
            numbers={name: sorted(word_of(told) for told in several) for name, several in quantities.items()},
            steps={
                name: [word_of(Quantity(step_of(number).low, unit)) for number, unit in several]
                for name, several in quantities.items()
            },
            completion=Completion([f"product {number}"], 1),
            image=None,
            skus=[f"SKU-{number}", f"SKU-{number}-b"],
            eans=[f"40063813{number:05}", *(["0036000291452"] if number == UPC else [])],
            prices=prices,
            availability=random.choice(["in", "low", "out"]),
            listed=number % 25 != 3,
            deleted=number % 40 == 4,
            position=number + 1,
            gift_card=number in GIFT_CARDS,
            only_gift_cards=number == GIFT_CARDS[0],
            times=times_of(number, prices) if number == 12 else [],
            publish_at=publish_at,
            unpublish_at={7: LONG_AGO, 8: FAR}.get(number % 25),
            released_at=publish_at or time_of(id_) if number >= 20 else None,  # as it was before there was such a field
            names={"de": "Eine Nachtleuchte"} if number == 11 else {},
            translated="Eine Nachtleuchte" if number == 11 else "",
        )

    def above(self, id_: UUID | None) -> list[UUID]:
        """A category and all those that it lies in."""
        parents = {category.id: category.parent_id for category in self.categories}
        return [] if id_ is None else [id_, *self.above(parents[id_])]

    @property
    def found(self) -> list[SearchedProduct]:
        """What shoppers may find."""
        return [product for product in self.products if product.listed and not product.deleted and _is_there(product)]

    @property
    def newest(self) -> list[SearchedProduct]:
        """The same, by release; what has none stands last, by age."""
        return sorted(self.found, key=lambda each: (each.released_at or EPOCH, each.product_id), reverse=True)

    def index(self, client: Elasticsearch, prefix: str, *, carded: bool = True) -> None:
        """Write the products as the projector does, or did before its eleventh version of `products`."""
        index, alias = index_name(prefix, SEARCH, VERSION), alias_name(prefix, SEARCH)
        definition, since = deepcopy(INDICES[SEARCH]), (CARD, "released_at", "completions", "called")
        if not carded:
            properties = definition["mappings"]["properties"]
            for field in since:
                del properties[field]
            del properties["skus"]["fields"]
        client.indices.create(index=index, **definition, aliases={alias: {}})
        lines = []
        for product in self.products:
            head = {"_id": str(product.product_id), "version": product.position, "version_type": "external"}
            document = msgspec.to_builtins(with_card(product))
            lines += [{"index": head}, {k: v for k, v in document.items() if carded or k not in since}]
        answer = client.bulk(index=alias, operations=lines, refresh=True)
        assert not answer["errors"], answer["items"][0]

    async def tell(self, shelves: Shelves) -> None:
        """Write the tree, and that searches see it all."""
        await shelves.put(TREE, "tree", CategoryTree(self.categories))
        await shelves.checkpoint(SEARCH, 500, *range(SHARDS), prefix="seen:")


def _is_there(product: SearchedProduct) -> bool:
    return product.publish_at in (None, LONG_AGO) and product.unpublish_at in (None, FAR)


async def ask(api: httpx.AsyncClient, path: str = "/v1/search", **params: Any) -> Answer:
    answer = await api.get(path, params={name.replace("__", "."): value for name, value in params.items()})
    assert answer.status_code == 200, answer.text
    told: Answer = answer.json()
    return told


def facet_of(answer: Answer, attribute: str) -> Answer:
    return _facet(answer, f"filter.{attribute}")


def counts(answer: Answer, parameter: str) -> dict[str, int]:
    return {value["value"]: value["count"] for value in _facet(answer, parameter)["values"]}


def _facet(answer: Answer, parameter: str) -> Answer:
    found: list[Answer] = [facet for facet in answer["facets"] if facet["parameter"] == parameter]
    [facet] = found
    return facet


def count_of(values: Iterable[Iterable[str]]) -> dict[str, int]:
    return dict(Counter(value for several in values for value in set(several)))


@contextmanager
def searchable(shop: Shop, name: str, elasticsearch_url: str, counted: str = "brand") -> Iterator[str]:
    """An index of the shop's products while the `with` lasts; yields what its name begins with."""
    prefix = f"{name}-{uuid4().hex[:12]}-"
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        shop.index(client, prefix)
        # A JVM that has never searched takes seconds for its first one, longer than the API waits.
        asked = {"told": {"terms": {"field": counted}}}
        client.search(index=f"{prefix}products", query={"match": {"name": "x"}}, aggs=asked)
        yield prefix
        client.indices.delete(index=f"{prefix}products-{VERSION}")
