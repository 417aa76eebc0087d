"""The catalog as rows of text, page by page, a line per variant: `import catalog --format doorbuster` takes it back.

What is of the product stands on its first line alone. Each page is as it stands when it is read; the whole is no
snapshot, for that would be a transaction of minutes. Prices are the SKUs' own that are in force, not those of lists.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from shared.envelope import Metadata, as_json
from shared.events.catalog import ProductFacts, Variant
from shared.events.imports import CatalogExported
from shared.ids import uuid7
from shared.shards import catalog_export_key
from write_side import catalog, pricing
from write_side.catalog import Category
from write_side.database import Pool
from write_side.event_log import NewEvent
from write_side.imports.formats import OWN
from write_side.imports.handing_out import note
from write_side.imports.mapping import DESCRIPTION, NAME, PRICE
from write_side.imports.related import ALL_KINDS
from write_side.imports.spreadsheets import guarded

PAGE = 500
_FIRST = UUID(int=0)

Prices = Mapping[str, Mapping[str, int]]  # SKU → currency → minor units
Lines = list[list[str]]


class Spoken(NamedTuple):
    """In which currencies anything has a price, which languages anything is translated to, and whether any product has
    related ones: a column that says nothing has an import read all of its file twice."""

    currencies: Sequence[str]
    locales: Sequence[str]
    related: bool = True


def own_columns(spoken: Spoken) -> list[str]:
    """The first line of an export."""
    own = (column for column in OWN.columns if spoken.related or column != ALL_KINDS)
    told = [word + locale for locale in spoken.locales for word in (NAME, DESCRIPTION)]
    return [*own, *told, *(PRICE + currency for currency in spoken.currencies)]


async def note_export(pool: Pool, cause: Metadata) -> None:
    """That the catalog is handed out stands in the log before whoever asked has it. There is no row: nothing hangs on
    it."""
    event = CatalogExported(uuid7())
    key = catalog_export_key(event.export_id)
    await note(pool, NewEvent("catalog_export", event.export_id, 1, key, event), cause)


async def spoken_of(pool: Pool) -> Spoken:
    """What an export has columns for."""
    async with pool.acquire() as conn:
        currencies, locales = await pricing.currencies_in_use(conn), await catalog.locales_in_use(conn)
        return Spoken(currencies, locales, await catalog.is_any_related(conn))


async def catalog_pages(pool: Pool, spoken: Spoken, page: int = PAGE) -> AsyncIterator[list[Lines]]:
    """Every product as the lines of its variants, in the order in which products came."""
    after = _FIRST
    while True:
        async with pool.acquire() as conn:
            products = await catalog.products_after(conn, after, page)
            tree = {category.id: category for category in await catalog.all_categories(conn)}
            skus = [variant.sku for product in products for variant in product.facts.variants]
            priced = await pricing.find_priced(conn, skus)
            named = await catalog.skus_of(conn, {id_ for product in products for id_ in _related(product.facts)})
        if not products:
            return
        now = datetime.now(UTC)
        prices = {sku: pricing.own_prices(one, now) for sku, one in priced.items()}
        yield [lines_of(product.facts, tree, prices, spoken, named) for product in products]
        after = products[-1].id


def _related(facts: ProductFacts) -> Iterator[UUID]:
    return (id_ for products in facts.related.values() for id_ in products)


def lines_of(
    facts: ProductFacts, tree: Mapping[UUID, Category], prices: Prices, spoken: Spoken, named: Mapping[UUID, str]
) -> Lines:
    """A product as cells under `own_columns`; `named`: the first SKUs of related products."""
    told = own_columns(spoken._replace(currencies=[]))
    return [
        [
            *(guarded(cells.get(column, "")) for column in told),
            *(str(prices.get(variant.sku, {}).get(currency, "")) for currency in spoken.currencies),
        ]
        for n, variant in enumerate(facts.variants)
        for cells in [_of_variant(variant, facts) | (_of_product(facts, tree, named) if n == 0 else {})]
    ]


def _of_product(
    facts: ProductFacts, tree: Mapping[UUID, Category], named: Mapping[UUID, str]
) -> dict[str, str]:
    category = tree.get(facts.category_id) if facts.category_id else None
    return {
        "name": facts.name,
        "external_ref": facts.external_ref or "",
        "brand": facts.brand,
        "description": facts.description,
        "product_type": facts.product_type,
        "status": facts.status,
        "tax_class": facts.taxed_as,
        "category": f" {OWN.category_separator} ".join(_path(category, tree)),
        "category_slug": category.slug if category else "",
        "json:attributes": as_json(facts.attributes).decode(),
        "json:images": as_json(facts.images).decode(),
        ALL_KINDS: as_json({kind: [named[id_] for id_ in ids] for kind, ids in facts.related.items()}).decode(),
        "publish_at": _moment(facts.publish_at),
        "unpublish_at": _moment(facts.unpublish_at),
        **{NAME + locale: said.name for locale, said in facts.translations.items()},
        **{DESCRIPTION + locale: said.description for locale, said in facts.translations.items()},
    }


def _of_variant(variant: Variant, facts: ProductFacts) -> dict[str, str]:
    return {
        "slug": facts.slug,
        "sku": variant.sku,
        "variant_name": variant.name,
        "ean": variant.ean or "",
        "weight_grams": str(variant.grams or ""),
        "variant_tax_class": variant.tax_class or "",
        "json:options": as_json(variant.options).decode(),
        "json:variant_images": as_json([facts.images[place].url for place in variant.images or []]).decode(),
    }


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


def _path(category: Category | None, tree: Mapping[UUID, Category]) -> list[str]:
    names: list[str] = []
    while category is not None:
        names.insert(0, category.name)
        category = tree.get(category.parent_id) if category.parent_id else None
    return names
