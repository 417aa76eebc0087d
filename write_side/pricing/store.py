"""The SQL of prices: the only place that names `priced_variant` and `price`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shared.events.pricing import PriceRemoved, PriceSet, PricingEvent
from shared.shards import product_key
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent
from write_side.pricing.domain import PricedVariant

_PRICED = """SELECT v.id, v.product_id, v.sku, v.version,
                    coalesce(json_object_agg(p.currency, p.amount_minor) FILTER (WHERE p.currency IS NOT NULL), '{}')
                        AS prices
             FROM priced_variant v LEFT JOIN price p ON p.variant_id = v.id"""
_prices = msgspec.json.Decoder(dict[str, int])


async def find_priced(conn: Connection, skus: Sequence[str]) -> dict[str, PricedVariant]:
    """SKU → its prices; SKUs that never had one are left out."""
    return await _found(conn, f"{_PRICED} WHERE v.sku = ANY ($1) GROUP BY v.id", skus)


async def all_priced(conn: Connection, ids: Sequence[UUID] | None = None) -> list[PricedVariant]:
    """Every variant's prices, or those of some, for the comparison with the log."""
    return list((await _found(conn, *among(_PRICED, ids, "v.id", " GROUP BY v.id"))).values())


async def _found(conn: Connection, query: str, *args: Any) -> dict[str, PricedVariant]:
    rows = await conn.fetch(query, *args)
    return {
        row["sku"]: PricedVariant(
            row["id"], row["version"], row["product_id"], row["sku"], _prices.decode(row["prices"])
        )
        for row in rows
    }


async def prices_of(conn: Connection, skus: Sequence[str], currency: str) -> dict[str, int]:
    """SKU → minor units; SKUs not sold in this currency are left out. The face for quotes."""
    rows = await conn.fetch("SELECT sku, amount_minor FROM pricing_of($1, ARRAY[$2])", skus, currency)
    return {row["sku"]: row["amount_minor"] for row in rows}


async def save_prices(
    conn: Connection, changed: Sequence[tuple[PricedVariant, PriceSet | PriceRemoved]]
) -> list[NewEvent]:
    """Rows of changed prices, a few statements for any number; answers the events to append.

    Raises `asyncpg.SerializationError`, on which `commands.run` tries again, if another price of one of these SKUs was
    changed since they were read.
    """
    if not changed:
        return []
    await _save_versions(conn, [priced for priced, _ in changed])
    await _save_amounts(conn, [(priced, event) for priced, event in changed if isinstance(event, PriceSet)])
    for priced, event in changed:
        if isinstance(event, PriceRemoved):
            query = "DELETE FROM price WHERE variant_id = $1 AND currency = $2"
            await conn.execute(query, priced.id, event.currency)
    return [_new_event(priced, event) for priced, event in changed]


def _new_event(priced: PricedVariant, event: PricingEvent) -> NewEvent:
    return NewEvent("price", priced.id, priced.version, product_key(priced.product_id), event)


async def _save_versions(conn: Connection, priced: Sequence[PricedVariant]) -> None:
    done = await conn.execute(
        """INSERT INTO priced_variant AS v (id, product_id, sku, version)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) AS t(id, product_id, sku, version)
           ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version WHERE v.version = EXCLUDED.version - 1""",
        [p.id for p in priced], [p.product_id for p in priced], [p.sku for p in priced], [p.version for p in priced],
    )  # fmt: skip
    if done != f"INSERT 0 {len(priced)}":
        raise asyncpg.SerializationError("a price was changed since it was read")


async def _save_amounts(conn: Connection, changed: Sequence[tuple[PricedVariant, PriceSet]]) -> None:
    await conn.execute(
        """INSERT INTO price (variant_id, currency, amount_minor)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[])
           ON CONFLICT (variant_id, currency) DO UPDATE SET amount_minor = EXCLUDED.amount_minor""",
        [priced.id for priced, _ in changed],
        [event.currency for _, event in changed],
        [event.amount_minor for _, event in changed],
    )


async def rewrite_prices(conn: Connection, priced: PricedVariant) -> None:
    """Make the rows say this; for a repair."""
    columns = msgspec.structs.asdict(priced)
    prices = columns.pop("prices")
    await overwrite(conn, "priced_variant", columns)
    rows = [{"currency": currency, "amount_minor": amount} for currency, amount in prices.items()]
    await replace(conn, "price", ("variant_id", priced.id), rows)
