"""The SQL of categories: the only place that names `category`."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from shared.envelope import as_json
from shared.events.catalog import CategoryCreated, CategoryEvent
from shared.shards import CATEGORIES
from write_side.catalog.domain import Category
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent

_category = msgspec.json.Decoder(Category)
_CATEGORY = "SELECT row_to_json(category) AS told FROM category"


async def lock_tree(conn: Connection) -> list[Category]:
    """All categories; whoever else wants to change the tree waits until the transaction ends.

    Two moves that each see no cycle could make one together, so row locks would not do.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('category tree', 0))")
    return await all_categories(conn)


async def all_categories(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Category]:
    """The tree, or some of it, in no order."""
    return [_category.decode(row["told"]) for row in await conn.fetch(*among(_CATEGORY, ids))]


async def find_category(conn: Connection, category_id: UUID) -> Category | None:
    """A category by its id."""
    told = await conn.fetchval(f"{_CATEGORY} WHERE id = $1", category_id)
    return None if told is None else _category.decode(told)


async def categories_around(conn: Connection, skus: Sequence[str]) -> dict[str, frozenset[UUID]]:
    """SKU → the category that its product is in, and all above; SKUs that are in none are left out."""
    rows = await conn.fetch("SELECT sku, categories FROM catalog_around($1)", skus)
    return {row["sku"]: frozenset(row["categories"]) for row in rows}


async def save_category(conn: Connection, category: Category, event: CategoryEvent) -> NewEvent:
    """The row of a new or revised category; answers the event to append. The caller holds the tree."""
    query = (
        "INSERT INTO category (id, parent_id, slug, name, version, translations) VALUES ($1, $2, $3, $4, $5, $6)"
        if isinstance(event, CategoryCreated)
        else "UPDATE category SET parent_id = $2, slug = $3, name = $4, version = $5, translations = $6 WHERE id = $1"
    )
    c = category
    await conn.execute(query, c.id, c.parent_id, c.slug, c.name, c.version, as_json(c.translations).decode())
    return NewEvent("category", c.id, c.version, CATEGORIES, event)


async def rewrite_category(conn: Connection, category: Category) -> None:
    """Make the row say this; for a repair."""
    columns = msgspec.structs.asdict(category) | {"translations": as_json(category.translations).decode()}
    await overwrite(conn, "category", columns)
