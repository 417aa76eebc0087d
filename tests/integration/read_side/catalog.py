"""A small shop in Elasticsearch and Redis, and an independent count of what a search must find in it."""

from random import Random
from uuid import UUID

import msgspec
from elasticsearch import Elasticsearch

from shared.documents.indices import INDICES
from shared.documents.layout import alias_name, index_name
from shared.documents.products import SEARCH, TREE, Category, CategoryTree, Completion, SearchedProduct
from shared.documents.quantities import sortable, step_of
from shared.ids import uuid7
from tests.integration.read_side.shelves import SHARDS, VERSION, Shelves

# parent slug → slugs below it
TREE_OF = {None: ["light", "sound"], "light": ["lamps", "candles"], "lamps": ["desk-lamps"], "sound": ["speakers"]}
BRANDS = ["Lumen", "Aurora", "Böhm & Söhne", "Nox"]
COLOURS = ["red", "white", "black"]
MATERIALS = ["leather", "steel"]


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
        prices = {} if number % 50 == 7 else {"EUR": random.randint(100, 900) * 10, "JPY": random.randint(100, 900)}
        return SearchedProduct(
            product_id=uuid7(),
            slug=f"product-{number}",
            name=f"{random.choice(['Bright', 'dark', 'Élégant'])} product {number % 90}",
            brand=random.choice(BRANDS),
            description="Made for reading." if number % 3 else "Made for dancing.",
            product_type=random.choice(["Lamp", "Speaker"]),
            kinds=["product"],
            category_id=random.choice(leaves),
            attributes_text=" ".join(value for values in facets.values() for value in values),
            facets=facets,
            numbers={"Watt [max]": [sortable(float(facets["Watt [max]"][0]))]},
            steps={"Watt [max]": [sortable(step_of(float(facets["Watt [max]"][0])).low)]},
            completion=Completion([f"product {number}"], 1),
            image=None,
            skus=[f"SKU-{number}", f"SKU-{number}-b"],
            eans=[f"40063813{number:05}"],
            prices=prices,
            availability=random.choice(["in", "low", "out"]),
            listed=number % 25 != 3,
            deleted=number % 40 == 4,
            position=number + 1,
        )

    @property
    def found(self) -> list[SearchedProduct]:
        """What shoppers may find."""
        return [product for product in self.products if product.listed and not product.deleted]

    def index(self, client: Elasticsearch, prefix: str) -> None:
        """Write the products as the projector does."""
        index, alias = index_name(prefix, SEARCH, VERSION), alias_name(prefix, SEARCH)
        client.indices.create(index=index, **INDICES[SEARCH], aliases={alias: {}})
        lines = []
        for product in self.products:
            head = {"_id": str(product.product_id), "version": product.position, "version_type": "external"}
            lines += [{"index": head}, msgspec.to_builtins(product)]
        answer = client.bulk(index=alias, operations=lines, refresh=True)
        assert not answer["errors"], answer["items"][0]

    async def tell(self, shelves: Shelves) -> None:
        """Write the tree, and that searches see it all."""
        await shelves.put(TREE, "tree", CategoryTree(self.categories))
        await shelves.checkpoint(SEARCH, 500, *range(SHARDS), prefix="seen:")
