"""The rated catalog in an index of its own, each product as the import and the projector would make it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk

from projector.model import encode
from projector.read_models import product_search
from projector.read_models.product import Product
from shared.documents.indices import INDICES
from shared.documents.products import SEARCH
from shared.documents.shelves import Shelf
from shared.events.catalog import ProductFacts
from shared.ids import uuid7
from write_side.imports.mapping import DEFAULT
from write_side.imports.plan import Known, Terms, plan
from write_side.imports.reading import open_table
from write_side.imports.rows import RowReader

CATALOG = Path(__file__).parents[3] / "shared" / "data" / "catalog" / "icecat.tsv.gz"
INDEX = "relevance"
_IN_STOCK = {"main": Shelf(on_hand=7, reserved=0, low_at=0)}


class _AnyCategory(dict[str, UUID]):
    """Ranking knows no categories: all products lie in one."""

    def __missing__(self, slug: str) -> UUID:
        return UUID(int=0)


async def fill(client: AsyncElasticsearch) -> int:
    """Make the index anew; answers how many products are in it."""
    await client.indices.delete(index=INDEX, ignore_unavailable=True)
    await client.indices.create(index=INDEX, **INDICES[SEARCH])
    actions = [{"_index": INDEX, "_id": document["product_id"], "_source": document} for document in documents()]
    filled, _ = await async_bulk(client, actions, chunk_size=1000)
    await client.indices.refresh(index=INDEX)
    await client.indices.forcemerge(index=INDEX, max_num_segments=1)  # scores that the next run gives again
    return filled


def documents() -> Iterator[dict[str, Any]]:
    """What the search finds of each product."""
    for number, (facts, price) in enumerate(_products()):
        sku = facts.variants[0].sku
        shelves = {sku: _IN_STOCK}
        state = Product(number + 1, uuid7(), msgspec.Raw(encode(facts)), {sku: {"EUR": price}}, shelves)
        (document,) = product_search.render(str(state.id), state, {}).documents.values()
        assert document is not None
        yield msgspec.json.decode(document)


def _products() -> Iterator[tuple[ProductFacts, int]]:
    known = Known([], {}, (), _AnyCategory(), datetime.now(UTC))
    with open_table(CATALOG) as table:
        reader = RowReader(table.columns, DEFAULT, "EUR")
        for line in table:
            made = plan([reader.read(line)], known, Terms(None, None), uuid7)
            for change, priced in zip(made.changes, made.prices, strict=True):
                yield change.product.facts, priced.after.prices["EUR"]
