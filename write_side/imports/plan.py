"""What becomes of a batch of rows, given what is there already. Pure: the same rows twice change nothing.

An import is the master of what its columns say and of nothing else: variants it doesn't name, and fields without a
column, stay. A product keeps its slug for ever unless the file has a column for it.
"""

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from msgspec import Struct, field, structs

from shared.events.catalog import ProductCreated, ProductEvent, ProductFacts, Status
from write_side import catalog, pricing, product_types
from write_side.catalog import (
    Change,
    ImageInput,
    Product,
    ProductInput,
    SkuTaken,
    SlugTaken,
    TranslationInput,
)
from write_side.errors import Refusal
from write_side.imports.rejecting import told
from write_side.imports.related import check_known, related_after
from write_side.imports.rows import Row
from write_side.imports.variants_after import images_of, variants_of
from write_side.inventory import OpenStockItem
from write_side.pricing import PricedVariant, Repriced, SetPrice
from write_side.product_types import ProductType

NewId = Callable[[], UUID]


class Known(NamedTuple):
    """What is there: products that the batch may mean, prices by SKU, who has which slug, categories by slug; when; the
    product types that the batch may name; which of the products are archived since an import was undone; products by
    SKU or slug, as far as rows name them as related; and which names and SKUs the file has still to come."""

    products: Sequence[Product]
    priced: Mapping[str, PricedVariant]
    slugs: Collection[str]
    categories: Mapping[str, UUID]
    now: datetime
    types: Mapping[str, ProductType] = {}
    taken_back: Collection[UUID] = ()
    named: Mapping[str, UUID] = {}
    to_come: Container[str] = ()
    skus_to_come: Container[str] = ()


class Terms(NamedTuple):
    """What holds for all rows: where stock is opened and how much (None: not at all)."""

    warehouse: str | None
    stock: int | None


class Refused(NamedTuple):
    """A row that isn't taken, and why."""

    row: Row
    code: str
    reason: str


class Plan(Struct):
    """What is to be written, and how the rows fared."""

    changes: list[Change] = field(default_factory=list)
    prices: list[Repriced] = field(default_factory=list)
    stock: list[OpenStockItem] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    slugs: set[str] = field(default_factory=set)  # of the new products
    late: list[Row] = field(default_factory=list)  # which name what is still to come
    created: int = 0
    revised: int = 0
    unchanged: int = 0
    moved: int = 0  # of the revised ones: into another category


def plan(rows: Sequence[Row], known: Known, terms: Terms, new_id: NewId) -> Plan:
    """What a batch does. Rows of one batch name different products."""
    made = Plan()
    by_ref, by_sku = found(known.products)
    for row in rows:
        try:
            product = meant(row, by_ref, by_sku)
            after, event = _after(row, product, known, made.slugs, new_id)
            prices = _prices(row, after, known)
        except Refusal as refusal:
            made.refused.append(refused(row, refusal))
            continue
        made.prices += prices
        if event is not None:
            made.changes.append(Change(after, event))
            _remember(after, by_ref, by_sku)
        late = _is_late(row, known)
        made.late += [row] if late else []
        _count(made, product, after, changed=event is not None or bool(prices) or late)
        _open_stock(made, row, after, terms)
    return made


def paths_needed(rows: Sequence[Row], products: Sequence[Product]) -> list[tuple[str, ...]]:
    """The categories that rows put their products into, as paths of names: of a file that says none, only what is new
    is put into one."""
    by_ref, by_sku = found(products)

    def is_new(row: Row) -> bool:
        return row.external_ref not in by_ref and by_sku.keys().isdisjoint(variant.sku for variant in row.variants)

    return [row.category for row in rows if row.says_category or is_new(row)]


def slugs_wished(rows: Sequence[Row]) -> list[str]:
    """All slugs that new products of these rows might get."""
    wished = [row.slug for row in rows if row.slug]
    return wished + [slug for row in rows for slug in catalog.slug_candidates(row.handle or row.name, row.sku)]


def asked_for(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The references and SKUs by which the products of these rows are found."""
    refs = [row.external_ref for row in rows if row.external_ref is not None]
    return refs, [variant.sku for row in rows for variant in row.variants]


def related_names(rows: Sequence[Row]) -> set[str]:
    """Whom these rows name as related."""
    return {name for row in rows if row.related for name in row.related.names}


def _remember(after: Product, by_ref: dict[str, Product], by_sku: dict[str, Product]) -> None:
    """What a later row of the batch finds: a product that one row has adopted is no other's, in a dry run as well."""
    by_sku |= dict.fromkeys(after.variant_ids(), after)
    if after.facts.external_ref:
        by_ref[after.facts.external_ref] = after


def found(products: Sequence[Product]) -> tuple[dict[str, Product], dict[str, Product]]:
    """Products by their references, and by their SKUs."""
    by_ref = {product.facts.external_ref: product for product in products if product.facts.external_ref}
    return by_ref, {sku: product for product in products for sku in product.variant_ids()}


def meant(row: Row, by_ref: Mapping[str, Product], by_sku: Mapping[str, Product]) -> Product | None:
    """The product that a row speaks of; one that nobody imported before is adopted by its SKU."""
    product = by_ref.get(row.external_ref) if row.external_ref is not None else None
    for sku in (variant.sku for variant in row.variants):
        owner = by_sku.get(sku)
        if owner is None or owner is product:
            continue
        if product is not None or not (row.external_ref is None or owner.facts.external_ref is None):
            raise SkuTaken(f"{sku} belongs to another product ({owner.facts.external_ref or owner.facts.slug})")
        product = owner
    return product


def _after(
    row: Row, product: Product | None, known: Known, claimed: Collection[str], new_id: NewId
) -> tuple[Product, ProductEvent | None]:
    """The product as the row wants it, and the event of that, None if nothing changes."""
    given = _given(row, product, known)
    if product is None or _says_attributes(row, given, product.facts):
        given = _as_declared(given, known.types.get(given.product_type.strip()))
    own = None if product is None else product.facts.slug
    if given.slug and given.slug != own and (given.slug in known.slugs or given.slug in claimed):
        raise SlugTaken(f"another product has the slug {given.slug}", pointer="/slug")
    ids = {variant.sku: new_id() for variant in row.variants}
    if product is None:
        slug = given.slug or _new_slug(row, known.slugs, claimed)
        created = ProductCreated(new_id(), catalog.facts_of(given, slug, ids))
        return catalog.evolve_product(None, 1, created), created
    facts = catalog.facts_of(given, given.slug or product.facts.slug, ids | product.variant_ids())
    event = catalog.revise(product, facts)
    return product if event is None else catalog.evolve_product(product, product.version + 1, event), event


def _says_attributes(row: Row, given: ProductInput, before: ProductFacts) -> bool:
    """Whether what its type asks is asked of it now: a list of prices is held to nothing that it doesn't speak of."""
    released = given.status == "active" != before.status
    return row.attributes is not None or given.product_type.strip() != before.product_type or released


def _as_declared(given: ProductInput, declared: ProductType | None) -> ProductInput:
    given = structs.replace(given, attributes=product_types.as_declared(given.attributes, declared))
    product_types.check(given.attributes, declared, for_sale=given.status == "active")
    return given


def _new_slug(row: Row, in_use: Collection[str], claimed: Collection[str]) -> str:
    candidates = catalog.slug_candidates(row.handle or row.name, row.sku)
    return catalog.free_slug(candidates, [slug for slug in candidates if slug in in_use or slug in claimed])


def _given(row: Row, product: Product | None, known: Known) -> ProductInput:
    """What a row makes of what was there before; of what was taken back as of what was not."""
    before = None if product is None else product.facts

    def kept(name: str, said: str | None) -> str:
        return said if said is not None else "" if before is None else str(getattr(before, name))

    images = images_of(row, before)
    translations = dict(before.translations) if before is not None else {}
    translations |= row.translations or {}
    attributes = row.attributes if row.attributes is not None else {} if before is None else before.attributes
    status = row.status or ("active" if product is None or product.id in known.taken_back else product.facts.status)
    return ProductInput(
        name=row.name,
        variants=[*variants_of(row, before, [image.url for image in images])],
        slug=row.slug,
        brand=kept("brand", row.brand),
        description=kept("description", row.description),
        product_type=kept("product_type", row.product_type),
        status=cast(Status, status),
        category_id=_category_id(row, before, known.categories),
        attributes=attributes,
        images=[ImageInput(image.url, image.alt, image.alts or {}) for image in images],
        external_ref=before.external_ref if row.external_ref is None and before is not None else row.external_ref,
        tax_class=row.tax_class or ("standard" if before is None else before.taxed_as),
        translations={locale: TranslationInput(said.name, said.description) for locale, said in translations.items()},
        publish_at=row.moments.get("publish_at", None if before is None else before.publish_at),
        unpublish_at=row.moments.get("unpublish_at", None if before is None else before.unpublish_at),
        related=related_of(row, product, known),
    )


def related_of(row: Row, product: Product | None, known: Known) -> dict[str, list[UUID]]:
    """As the row says; as before while it names what is still to come. Raises `UnknownRelated`."""
    before = {} if product is None else product.facts.related
    if row.related is None:
        return before
    own = {variant.sku for variant in row.variants}
    if row.slug and row.slug not in known.named and row.slug not in known.skus_to_come:
        own.add(row.slug)
    if product is not None:
        own |= {name for name in row.related.names if known.named.get(name) == product.id}
    check_known(row.related, (known.named, known.to_come, own), own)
    return before if _is_late(row, known) else related_after(row.related, before, known.named)


def _is_late(row: Row, known: Known) -> bool:
    """Whether a row names what is not there yet."""
    return row.related is not None and not row.related.names <= known.named.keys()


def _category_id(row: Row, before: ProductFacts | None, categories: Mapping[str, UUID]) -> UUID | None:
    """By its slug if there is one; else by its path, which is none for a product that has no category. Where the file
    says none, what was there stays where it was."""
    if before is not None and not row.says_category:
        return before.category_id
    if row.category_slug in categories:
        return categories[row.category_slug]
    return categories[catalog.path_slug(row.category)] if row.category else None


def _prices(row: Row, product: Product, known: Known) -> list[Repriced]:
    ids = product.variant_ids()
    wanted = [
        SetPrice(ids[variant.sku], product.id, variant.sku, currency, amount)
        for variant in row.variants
        for currency, amount in variant.prices.items()
    ]
    return pricing.set_prices(known.priced, wanted, known.now)


def _count(made: Plan, before: Product | None, after: Product, *, changed: bool) -> None:
    if before is None:
        made.created += 1
        made.slugs.add(after.facts.slug)
    elif changed:
        made.revised += 1
        made.moved += before.facts.category_id != after.facts.category_id
    else:
        made.unchanged += 1


def _open_stock(made: Plan, row: Row, product: Product, terms: Terms) -> None:
    for variant in row.variants:
        count = variant.stock if variant.stock is not None else terms.stock
        if count is not None and terms.warehouse is not None:
            made.stock.append(OpenStockItem(variant.sku, terms.warehouse, product.id, count, reason="import"))


def refused(row: Row, refusal: Refusal) -> Refused:
    """The row, and what is told of it."""
    return Refused(row, refusal.code, told(refusal))
