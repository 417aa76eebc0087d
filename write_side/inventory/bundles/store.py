"""The SQL of bundles: the only place that names their tables."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.inventory import BundleAvailabilityChanged, BundleComponent, BundleEvent
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


async def find_one(conn: Connection, sku: str) -> Bundle | None:
    """A SKU's bundle; also one that is made of nothing any more."""
    row = await conn.fetchrow(f"SELECT {_BUNDLE} FROM bundle WHERE sku = $1", sku)  # noqa: S608
    return None if row is None else _bundle(row)


async def lock(conn: Connection, skus: Sequence[str]) -> list[Bundle]:
    """The same of several, the rows locked in the order of their SKUs; orders don't wait for them."""
    query = f"SELECT {_BUNDLE} FROM bundle WHERE sku = ANY ($1) ORDER BY sku FOR NO KEY UPDATE"  # noqa: S608
    return [_bundle(row) for row in await conn.fetch(query, skus)]


async def held(conn: Connection, skus: Sequence[str]) -> set[str]:
    """Those of these SKUs that any bundle holds."""
    query = """SELECT u.sku FROM unnest($1::text[]) AS u(sku)
               WHERE EXISTS (SELECT FROM bundle b WHERE b.component_skus ? u.sku)"""
    return {row["sku"] for row in await conn.fetch(query, skus)}


async def holding(conn: Connection, sku: str, after: str, limit: int) -> list[Bundle]:
    """So many of the bundles that a SKU is a component of, by their own SKUs, behind this one."""
    rows = await conn.fetch(
        f"""SELECT * FROM (SELECT {_BUNDLE} FROM bundle WHERE component_skus ? $1 OFFSET 0) AS holder
            WHERE sku > $2 ORDER BY sku LIMIT $3""",  # noqa: S608  # OFFSET 0: else all bundles may be walked by SKU
        sku, after, limit,
    )  # fmt: skip
    return [_bundle(row) for row in rows]


async def walking(conn: Connection) -> int | None:
    """The event that concerns bundles which are still to be looked at, if one does."""
    position: int | None = await conn.fetchval("SELECT position FROM bundle_walk")
    return position


async def walked(conn: Connection, position: int) -> str:
    """How far the walk through the bundles that an event concerns has come: up to this SKU."""
    return await conn.fetchval("SELECT after FROM bundle_walk WHERE position = $1", position) or ""


async def walk_on(conn: Connection, position: int, after: str) -> None:
    """It goes on behind this SKU."""
    query = "INSERT INTO bundle_walk VALUES ($1, $2) ON CONFLICT (position) DO UPDATE SET after = excluded.after"
    await conn.execute(query, position, after)


async def end_walk(conn: Connection, position: int) -> None:
    """It came to the last one."""
    await conn.execute("DELETE FROM bundle_walk WHERE position = $1", position)


async def stock_of(conn: Connection, components: Iterable[BundleComponent]) -> dict[str, Stocked]:
    """SKU → what can be sold of it, over all warehouses."""
    query = """SELECT sku, sum(on_hand - reserved)::bigint AS available, max(low_at) AS low_at
               FROM stock_item WHERE sku = ANY ($1) GROUP BY sku"""
    rows = await conn.fetch(query, list({component.sku for component in components}))
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
    return await event_log.append(conn, [_new(bundle, event)], cause)


async def save_levels(
    conn: Connection, moved: Sequence[tuple[Bundle, BundleAvailabilityChanged]], cause: Metadata
) -> None:
    """Locked bundles as these events leave them: what shoppers see of them alone."""
    await conn.execute(
        """UPDATE bundle b SET availability = m.availability, version = m.version
           FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS m(id, availability, version) WHERE b.id = m.id""",
        [after.id for after, _ in moved], [after.availability for after, _ in moved],
        [after.version for after, _ in moved],
    )  # fmt: skip
    await event_log.append(conn, [_new(after, event) for after, event in moved], cause)


def _new(after: Bundle, event: BundleEvent) -> NewEvent:
    return NewEvent("bundle", after.id, after.version, product_key(after.product_id), event)


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
