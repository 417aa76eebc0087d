"""The SQL of product types, the only place that names their table."""

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.product_types import Attribute, ProductTypeEvent, ProductTypeTranslation
from shared.shards import PRODUCT_TYPES
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.product_types.domain import ProductType, evolve

_SELECT = "SELECT id, name, attributes, state, version, translations FROM product_type"
_attributes = msgspec.json.Decoder(list[Attribute])
_translations = msgspec.json.Decoder(dict[str, ProductTypeTranslation])


async def lock_all(conn: Connection) -> list[ProductType]:
    """The types in force; whoever else wants to declare one waits until the transaction ends: an attribute is the same
    in all of them."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('product types', 0))")
    return [_of(row) for row in await conn.fetch(f"{_SELECT} WHERE state = 'in_force'")]


async def find(conn: Connection, type_id: UUID) -> ProductType | None:
    """One type."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1", type_id)
    return None if row is None else _of(row)


async def by_name(conn: Connection, names: Collection[str]) -> dict[str, ProductType]:
    """The types in force that products name so."""
    query = f"{_SELECT} WHERE name = ANY($1) AND state = 'in_force'"
    found = [_of(row) for row in await conn.fetch(query, list(names))] if names else []
    return {product_type.name: product_type for product_type in found}


async def page(conn: Connection, after: str, limit: int) -> list[ProductType]:
    """Types in force by name, behind one of them."""
    query = f"{_SELECT} WHERE state = 'in_force' AND name > $1 ORDER BY name LIMIT $2"
    return [_of(row) for row in await conn.fetch(query, after, limit)]


async def save(
    conn: Connection, product_type: ProductType | None, event: ProductTypeEvent, cause: Metadata
) -> tuple[ProductType, Positions]:
    """The row of a type after an event, and the event."""
    now = evolve(product_type, event, 1 if product_type is None else product_type.version + 1)
    await conn.execute(
        """INSERT INTO product_type (id, name, attributes, state, version, translations)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (id) DO UPDATE SET name = excluded.name, attributes = excluded.attributes,
                                          state = excluded.state, version = excluded.version,
                                          translations = excluded.translations""",
        now.id, now.name, as_json(now.attributes).decode(), now.state, now.version, as_json(now.translations).decode(),
    )  # fmt: skip
    new = NewEvent("product_type", now.id, now.version, PRODUCT_TYPES, event)
    return now, await event_log.append(conn, [new], cause)


async def all_types(conn: Connection, ids: Sequence[UUID] | None = None) -> list[ProductType]:
    """Every type's row, or those of some, for the comparison with the log."""
    return [_of(row) for row in await conn.fetch(*among(_SELECT, ids))]


async def rewrite_type(conn: Connection, product_type: ProductType) -> None:
    """Make the row say this; for a repair."""
    told = {name: as_json(getattr(product_type, name)).decode() for name in ("attributes", "translations")}
    await overwrite(conn, "product_type", msgspec.structs.asdict(product_type) | told)


def _of(row: asyncpg.Record) -> ProductType:
    attributes, translations = _attributes.decode(row["attributes"]), _translations.decode(row["translations"])
    return ProductType(row["id"], row["name"], attributes, row["state"], row["version"], translations)
