"""Catalog commands: load, decide, save."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.catalog import CategoryTranslation, ProductCreated, ProductFacts, Status
from shared.ids import uuid7
from shared.pointers import escaped
from write_side import commands, event_log, product_types
from write_side.catalog import domain, refusals, store
from write_side.catalog.categories import store as categories
from write_side.catalog.domain import Category, CategoryInput, Product, ProductInput
from write_side.catalog.store import Change, SoldVariant
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.errors import check_version
from write_side.event_log import Positions


class ProductState(Struct, frozen=True):
    """A product as a command leaves it; `version` is what If-Match asks for."""

    id: UUID
    version: int
    product: ProductFacts


class CategoryState(Struct, frozen=True):
    """A category as a command leaves it; `version` is what If-Match asks for."""

    id: UUID
    version: int
    parent_id: UUID | None
    slug: str
    name: str
    translations: dict[str, CategoryTranslation] = {}


async def create_product(pool: Pool, given: ProductInput, cause: Metadata, call: Call | None) -> Answer[ProductState]:
    """A new product; refuses what `facts` and `product_types.check` refuse, `slug_taken`, `sku_taken`,
    `external_ref_taken`."""
    product_id = uuid7()

    async def decide(conn: Connection) -> tuple[ProductState, Positions]:
        await _check_claims(conn, given, None)
        slug = given.slug or await _free_slug(conn, given)
        facts = domain.facts_of(given, slug, {variant.sku: uuid7() for variant in given.variants})
        await _check_type(conn, facts)
        event = ProductCreated(product_id, facts)
        return await _saved(conn, domain.evolve_product(None, 1, event), event, cause)

    return await commands.run(pool, decide, call)


async def replace_product(
    pool: Pool, product_id: UUID, given: ProductInput, expected: int | None, cause: Metadata, call: Call | None
) -> Answer[ProductState]:
    """The whole of a product's facts anew; refuses `version_conflict` unless it stands at `expected`."""

    async def decide(conn: Connection) -> tuple[ProductState, Positions]:
        product = await _product_at(conn, product_id, expected)
        await _check_claims(conn, given, product_id)
        ids = {variant.sku: uuid7() for variant in given.variants} | product.variant_ids()
        facts = domain.facts_of(given, given.slug or product.facts.slug, ids)
        await _check_type(conn, facts)
        return await _revised(conn, product, facts, cause)

    return await commands.run(pool, decide, call)


async def set_status(
    pool: Pool, product_id: UUID, status: Status, expected: int | None, cause: Metadata, call: Call | None
) -> Answer[ProductState]:
    """Draft, active or archived; refuses `version_conflict` if a version is expected and it stands at another,
    and active what its product type refuses."""

    async def decide(conn: Connection) -> tuple[ProductState, Positions]:
        product = await _product_at(conn, product_id, expected)
        facts = domain.with_status(product, status)
        if status == "active":
            await _check_type(conn, facts)
        return await _revised(conn, product, facts, cause)

    return await commands.run(pool, decide, call)


async def _product_at(conn: Connection, product_id: UUID, expected: int | None) -> Product:
    product = await store.find_product(conn, product_id)
    if product is None:
        raise refusals.UnknownProduct(f"there is no product {product_id}")
    check_version(product.version, expected)
    return product


async def _revised(
    conn: Connection, product: Product, facts: ProductFacts, cause: Metadata
) -> tuple[ProductState, Positions]:
    event = domain.revise(product, facts)
    if event is None:
        return ProductState(product.id, product.version, product.facts), {}
    return await _saved(conn, domain.evolve_product(product, product.version + 1, event), event, cause)


async def _saved(conn: Connection, product: Product, event: Struct, cause: Metadata) -> tuple[ProductState, Positions]:
    new = await store.save_products(conn, [Change(product, event)])
    return ProductState(product.id, product.version, product.facts), await event_log.append(conn, new, cause)


async def _free_slug(conn: Connection, given: ProductInput) -> str:
    candidates = domain.slug_candidates(given.name, given.variants[0].sku if given.variants else "")
    return domain.free_slug(candidates, await store.slugs_in_use(conn, candidates))


async def _check_claims(conn: Connection, given: ProductInput, product_id: UUID | None) -> None:
    """Slug, SKUs, reference and category, against what others have (`product_id`: the product itself)."""
    if given.slug and (await store.slugs_in_use(conn, [given.slug])).get(given.slug, product_id) != product_id:
        raise refusals.SlugTaken(f"another product has the slug {given.slug}", pointer="/slug", slug=given.slug)
    owners = await store.owners_of(conn, [variant.sku for variant in given.variants])
    for index, variant in enumerate(given.variants):
        if owners.get(variant.sku, product_id) != product_id:
            said = f"{variant.sku} belongs to another product"
            raise refusals.SkuTaken(said, pointer=f"/variants/{index}/sku", sku=variant.sku)
    ref = given.external_ref
    if ref and (await store.refs_in_use(conn, [ref])).get(ref, product_id) != product_id:
        raise refusals.ExternalRefTaken(f"another product is {ref}", pointer="/external_ref")
    if given.category_id and await categories.find_category(conn, given.category_id) is None:
        raise refusals.NoSuchCategory(f"there is no category {given.category_id}", pointer="/category_id")
    await _check_related(conn, given, product_id)


async def _check_type(conn: Connection, facts: ProductFacts) -> None:
    declared = await product_types.by_name(conn, [facts.product_type] if facts.product_type else [])
    for_sale = facts.status == "active"
    product_types.check(facts.attributes, declared.get(facts.product_type), for_sale=for_sale)


async def _check_related(conn: Connection, given: ProductInput, product_id: UUID | None) -> None:
    wanted = [other for others in given.related.values() for other in others]
    known = await store.known_ids(conn, wanted) - {product_id} if wanted else set()
    for kind, others in given.related.items():
        for index, other in enumerate(others):
            if other not in known:
                said = f"{other} is this product, or none"
                raise refusals.NoSuchProduct(said, pointer=f"/related/{escaped(kind)}/{index}")


async def create_category(
    pool: Pool, given: CategoryInput, cause: Metadata, call: Call | None
) -> Answer[CategoryState]:
    """A new category; refuses what its names may not be, `slug_taken`, `no_such_category`, `category_too_deep`."""
    category_id = uuid7()

    async def decide(conn: Connection) -> tuple[CategoryState, Positions]:
        event = domain.create_category(await categories.lock_tree(conn), given, category_id)
        category = domain.evolve_category(None, 1, event)
        new = await categories.save_category(conn, category, event)
        return _category_state(category), await event_log.append(conn, [new], cause)

    return await commands.run(pool, decide, call)


async def replace_category(
    pool: Pool, category_id: UUID, given: CategoryInput, expected: int | None, cause: Metadata, call: Call | None
) -> Answer[CategoryState]:
    """Rename, translate or move; refuses `category_cycle` and `version_conflict` besides."""

    async def decide(conn: Connection) -> tuple[CategoryState, Positions]:
        tree = await categories.lock_tree(conn)
        category = next((one for one in tree if one.id == category_id), None)
        if category is None:
            raise refusals.UnknownCategory(f"there is no category {category_id}")
        check_version(category.version, expected)
        event = domain.revise_category(tree, category, given)
        if event is None:
            return _category_state(category), {}
        after = domain.evolve_category(category, category.version + 1, event)
        new = await categories.save_category(conn, after, event)
        return _category_state(after), await event_log.append(conn, [new], cause)

    return await commands.run(pool, decide, call)


def _category_state(category: Category) -> CategoryState:
    c = category
    return CategoryState(c.id, c.version, c.parent_id, c.slug, c.name, c.translations)


async def get_product(pool: Pool, product_id: UUID) -> ProductState:
    """A product as the rows have it; raises `UnknownProduct`."""
    async with pool.acquire() as conn:
        product = await _product_at(conn, product_id, None)
    return ProductState(product.id, product.version, product.facts)


async def get_category(pool: Pool, category_id: UUID) -> CategoryState:
    """A category as the rows have it; raises `UnknownCategory`."""
    async with pool.acquire() as conn:
        category = await categories.find_category(conn, category_id)
    if category is None:
        raise refusals.UnknownCategory(f"there is no category {category_id}")
    return _category_state(category)


async def variant_of(conn: Connection, sku: str) -> SoldVariant:
    """What a SKU stands for; raises `UnknownSku`. The face for stock and prices."""
    return (await variants_of(conn, {"": sku}))[sku]


async def variants_of(
    conn: Connection, named: Mapping[str, str], before: Collection[str] = ()
) -> dict[str, SoldVariant]:
    """What SKUs stand for, which were named at these places; raises `UnknownSku`. What was named `before` may have gone
    since: it is left out."""
    found = await store.find_variants(conn, list(named.values())) if named else {}
    refusals.check_sold(named, {*found, *before})
    return found


async def product_of(conn: Connection, sku: str) -> UUID:
    """The product that sells a SKU; raises `UnknownSku`."""
    return (await variant_of(conn, sku)).product_id


async def category_ids(conn: Connection, paths: Sequence[Sequence[str]], cause: Metadata) -> dict[str, UUID]:
    """Slug → id of the categories that these paths of names lead to, made where they are missing.

    A category is the same if `path_slug` is; several are made in one transaction (the caller's, appending last).
    """
    known = {category.slug: category.id for category in await categories.all_categories(conn)}
    if all(domain.path_slug(path) in known for path in paths):
        return known
    tree = await categories.lock_tree(conn)
    made = domain.create_paths(tree, paths, uuid7)
    events = [await categories.save_category(conn, domain.evolve_category(None, 1, event), event) for event in made]
    await event_log.append(conn, events, cause)
    return {category.slug: category.id for category in tree} | {event.slug: event.category_id for event in made}
