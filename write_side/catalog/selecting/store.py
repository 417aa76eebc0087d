"""The SQL that finds products by what they have in common, some at a time, and when SKUs are for sale."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.events.catalog import Status
from write_side.catalog.domain import Product
from write_side.catalog.store import all_products
from write_side.database import Connection

LOOKED_AT = 5_000  # products, by one call: it takes no longer than another, however few are meant


class Selected(NamedTuple):
    """Which products are meant: all of it must be so, None and no SKUs mean any."""

    category_ids: Sequence[UUID] | None
    brand: str | None
    status: Status | None
    skus: Sequence[str]


async def select_products(
    conn: Connection, wanted: Selected, after: UUID, until: UUID, limit: int
) -> tuple[list[Product], UUID]:
    """Some of them in the order of their ids, and behind which the next are: `until` at the end."""
    query = "SELECT id FROM product WHERE id > $1 AND id <= $2 ORDER BY id OFFSET $3 LIMIT 1"
    bound: UUID = (None if wanted.skus else await conn.fetchval(query, after, until, LOOKED_AT)) or until
    rows = await conn.fetch(
        """SELECT id FROM product
           WHERE id > $1 AND id <= $2 AND ($3::uuid[] IS NULL OR category_id = ANY ($3))
             AND ($4::text IS NULL OR brand = $4) AND ($5::text IS NULL OR status = $5)
             AND ($6::text[] IS NULL OR id IN (SELECT product_id FROM variant WHERE sku = ANY ($6)))
           ORDER BY id LIMIT $7""",
        after, bound, *wanted[:3], wanted.skus or None, limit,
    )  # fmt: skip
    ids = [row["id"] for row in rows]
    found = await all_products(conn, ids)
    return sorted(found, key=lambda product: product.id), ids[-1] if len(ids) == limit else bound


async def sold_from(conn: Connection, skus: Sequence[str]) -> dict[str, datetime | None]:
    """SKU → from when on it is for sale, None where it is now. What isn't, and comes at no moment that was set, is left
    out."""
    rows = await conn.fetch(
        """SELECT v.sku, CASE WHEN p.publish_at > statement_timestamp() THEN p.publish_at END AS comes_at
           FROM variant v JOIN product p ON p.id = v.product_id
           WHERE v.sku = ANY ($1) AND NOT v.retired AND p.status = 'active'
             AND catalog_status(p.status, p.publish_at, p.unpublish_at) <> 'archived'""",
        skus,
    )
    return {row["sku"]: row["comes_at"] for row in rows}
