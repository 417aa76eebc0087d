"""The SQL of bundles: the only place that names their table."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.inventory import BundleComponent, BundleEvent
from shared.shards import product_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.inventory.bundles.domain import Bundle, Stocked

_BUNDLE = "id, sku, product_id, components, availability, version"
_components = msgspec.json.Decoder(list[BundleComponent])


async def lock_all(conn: Connection) -> None:
    """Nobody else composes a bundle until the transaction ends: of two, neither sees that the other nests it."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('composing bundles', 0))")


async def find(conn: Connection, skus: Iterable[str]) -> dict[str, list[BundleComponent]]:
    """Bundle → what it is made of, of those SKUs that are bundles."""
    query = "SELECT sku, components FROM bundle WHERE sku = ANY ($1) AND components <> '[]'"
    return {row["sku"]: _components.decode(row["components"]) for row in await conn.fetch(query, list(skus))}


async def find_one(conn: Connection, sku: str, lock: str = "") -> Bundle | None:
    """A SKU's bundle; also one that is made of nothing any more."""
    row = await conn.fetchrow(f"SELECT {_BUNDLE} FROM bundle WHERE sku = $1 {lock}", sku)  # noqa: S608
    return None if row is None else _bundle(row)


async def lock(conn: Connection, sku: str) -> Bundle | None:
    """The same, the row locked; orders don't wait for it."""
    return await find_one(conn, sku, "FOR NO KEY UPDATE")


async def holding(conn: Connection, skus: Sequence[str]) -> dict[str, list[str]]:
    """SKU → the bundles that it is a component of, of these SKUs and of whatever else is in the bundles with them."""
    query = "SELECT sku, components FROM bundle WHERE component_skus ?| $1::text[] ORDER BY sku"
    found: dict[str, list[str]] = {}
    for row in await conn.fetch(query, list(skus)):
        for component in _components.decode(row["components"]):
            found.setdefault(component.sku, []).append(row["sku"])
    return found


async def stock_of(conn: Connection, components: Iterable[BundleComponent]) -> dict[str, Stocked]:
    """SKU → what can be sold of it, over all warehouses."""
    query = """SELECT sku, sum(on_hand - reserved)::bigint AS available, max(low_at) AS low_at
               FROM stock_item WHERE sku = ANY ($1) GROUP BY sku"""
    rows = await conn.fetch(query, [component.sku for component in components])
    return {row["sku"]: Stocked(row["available"], row["low_at"]) for row in rows}


async def save(conn: Connection, bundle: Bundle, event: BundleEvent, cause: Metadata) -> Positions:
    """The bundle as the event leaves it."""
    columns = _columns(bundle)
    if bundle.version == 1:
        await conn.execute(
            f"INSERT INTO bundle ({_BUNDLE}) VALUES ($1, $2, $3, $4, $5, $6)",  # noqa: S608
            *columns.values(),
        )
    else:
        await conn.execute(
            "UPDATE bundle SET components = $2, availability = $3, version = $4 WHERE id = $1",
            bundle.id, columns["components"], bundle.availability, bundle.version,
        )  # fmt: skip
    new = NewEvent("bundle", bundle.id, bundle.version, product_key(bundle.product_id), event)
    return await event_log.append(conn, [new], cause)


async def all_bundles(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Bundle]:
    """Every row, or those of some, for the comparison with the log."""
    return [_bundle(row) for row in await conn.fetch(*among(f"SELECT {_BUNDLE} FROM bundle", ids))]  # noqa: S608


async def rewrite_bundle(conn: Connection, bundle: Bundle) -> None:
    """Make the row say this; for a repair."""
    await overwrite(conn, "bundle", _columns(bundle))


def _columns(bundle: Bundle) -> dict[str, Any]:
    return msgspec.structs.asdict(bundle) | {"components": as_json(bundle.components).decode()}


def _bundle(row: asyncpg.Record) -> Bundle:
    return Bundle(**dict(row) | {"components": _components.decode(row["components"])})
