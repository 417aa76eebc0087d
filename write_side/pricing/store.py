"""The SQL of what variants cost. With schema/functions/pricing.sql, the only place that names its tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceEvent,
    PriceRemoved,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
    Tier,
)
from shared.shards import product_key
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent
from write_side.pricing.choosing import PriceBook, PriceRows
from write_side.pricing.domain import PricedVariant, Repriced, Scheduled

_PRICED = """SELECT v.id, v.version, v.product_id, v.sku,
                    (SELECT json_object_agg(p.currency, p.amount_minor) FROM price p
                     WHERE p.variant_id = v.id) AS prices,
                    (SELECT json_agg(s ORDER BY s.starts_at, s.currency) FROM scheduled_price s
                     WHERE s.variant_id = v.id) AS scheduled,
                    (SELECT json_object_agg(l.price_list_id, l.tiers) FROM (
                         SELECT t.price_list_id, json_agg(t ORDER BY t.from_quantity) AS tiers FROM list_price t
                         WHERE t.variant_id = v.id GROUP BY 1) AS l) AS lists
             FROM priced_variant v"""
_prices = msgspec.json.Decoder(dict[str, int])
_scheduled = msgspec.json.Decoder(list[Scheduled])
_lists = msgspec.json.Decoder(dict[UUID, list[Tier]])
_book = msgspec.json.Decoder(PriceRows)


async def find_priced(conn: Connection, skus: Sequence[str]) -> dict[str, PricedVariant]:
    """SKU → its prices; SKUs that never had one are left out."""
    return await _found(conn, f"{_PRICED} WHERE v.sku = ANY ($1)", skus)


async def all_priced(conn: Connection, ids: Sequence[UUID] | None = None) -> list[PricedVariant]:
    """Every variant's prices, or those of some, for the comparison with the log."""
    return list((await _found(conn, *among(_PRICED, ids, "v.id"))).values())


async def currencies_in_use(conn: Connection) -> list[str]:
    """In which currencies any SKU has a price of its own, or will have."""
    rows = await conn.fetch("SELECT currency FROM price UNION SELECT currency FROM scheduled_price ORDER BY 1")
    return [row["currency"] for row in rows]


async def _found(conn: Connection, query: str, *args: Any) -> dict[str, PricedVariant]:
    return {row["sku"]: _priced(row) for row in await conn.fetch(query, *args)}


def _priced(row: asyncpg.Record) -> PricedVariant:
    return PricedVariant(
        row["id"], row["version"], row["product_id"], row["sku"], _prices.decode(row["prices"] or "{}"),
        _scheduled.decode(row["scheduled"] or "[]"), _lists.decode(row["lists"] or "{}"),
    )  # fmt: skip


async def book_of(conn: Connection, skus: Sequence[str], currency: str) -> PriceBook:
    """All that these SKUs cost in a currency. The face for carts and quotes."""
    return open_book(await conn.fetchval("SELECT pricing_book($1, ARRAY[$2])", skus, currency))


def open_book(answer: str) -> PriceBook:
    """What `pricing_book` answers, to choose from."""
    return PriceBook(_book.decode(answer))


async def hold_begun(conn: Connection, limit: int) -> tuple[datetime, list[PricedVariant]]:
    """Now, by the one clock of all workers, and variants with a scheduled price whose time has come.

    They are held until the transaction ends; those that somebody else holds are left out.
    """
    now: datetime = await conn.fetchval("SELECT clock_timestamp()")
    held = await conn.fetch(
        """SELECT v.id FROM priced_variant v
           WHERE v.id IN (SELECT s.variant_id FROM scheduled_price s WHERE s.starts_at <= $1)
           ORDER BY v.id LIMIT $2 FOR UPDATE SKIP LOCKED""",
        now, limit,
    )  # fmt: skip
    # Read behind the lock: another worker may have written them down since the statement above began.
    return now, await all_priced(conn, [row["id"] for row in held])


async def lists_priced_by(conn: Connection, ids: Sequence[UUID], moment: datetime) -> list[UUID]:
    """Those of these price lists that still ask something that was said by then."""
    query = """SELECT list.id FROM unnest($1::uuid[]) AS list (id)
               WHERE EXISTS (SELECT FROM list_price t WHERE t.price_list_id = list.id AND t.said_at <= $2)"""
    return [row["id"] for row in await conn.fetch(query, ids, moment)]


async def hold_priced_by(conn: Connection, price_list_id: UUID, moment: datetime, limit: int) -> list[PricedVariant]:
    """Variants of which a price list asks something that was said by then, held until the transaction ends; those that
    somebody else holds are left out."""
    held = await conn.fetch(
        """SELECT v.id FROM priced_variant v
           WHERE v.id IN (SELECT t.variant_id FROM list_price t WHERE t.price_list_id = $1 AND t.said_at <= $2)
           ORDER BY v.id LIMIT $3 FOR UPDATE SKIP LOCKED""",
        price_list_id, moment, limit,
    )  # fmt: skip
    return await all_priced(conn, [row["id"] for row in held])


async def page_of_list(
    conn: Connection, price_list_id: UUID, after: str | None, limit: int
) -> list[tuple[str, list[Tier]]]:
    """What a price list says, by SKU, behind one of them."""
    rows = await conn.fetch(
        """SELECT v.sku, json_agg(t ORDER BY t.from_quantity) AS tiers
           FROM list_price t JOIN priced_variant v ON v.id = t.variant_id
           WHERE t.price_list_id = $1 AND ($2::text IS NULL OR v.sku > $2) GROUP BY v.sku ORDER BY v.sku LIMIT $3""",
        price_list_id, after, limit,
    )  # fmt: skip
    return [(row["sku"], msgspec.json.decode(row["tiers"], type=list[Tier])) for row in rows]


async def save_prices(conn: Connection, changed: Sequence[Repriced]) -> list[NewEvent]:
    """Rows of changed prices, a few statements for any number; answers the events to append.

    Raises `asyncpg.SerializationError`, on which `commands.run` tries again, if another price of one of these SKUs was
    changed since they were read.
    """
    if not changed:
        return []
    await _save_versions(conn, changed)
    await _save_own(conn, changed)
    await _save_lists(conn, changed)
    await _save_scheduled(conn, changed)
    return [new for repriced in changed for new in _new_events(repriced)]


def _new_events(repriced: Repriced) -> list[NewEvent]:
    priced, events = repriced
    key, first = product_key(priced.product_id), priced.version - len(events) + 1
    return [NewEvent("price", priced.id, first + n, key, event) for n, event in enumerate(events)]


async def _save_versions(conn: Connection, changed: Sequence[Repriced]) -> None:
    for steps in {len(events) for _, events in changed}:  # nearly always one event each
        some = [priced for priced, events in changed if len(events) == steps]
        done = await conn.execute(
            """INSERT INTO priced_variant AS v (id, product_id, sku, version)
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])
               ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version WHERE v.version = EXCLUDED.version - $5""",
            [p.id for p in some], [p.product_id for p in some], [p.sku for p in some], [p.version for p in some],
            steps,
        )  # fmt: skip
        if done != f"INSERT 0 {len(some)}":
            raise asyncpg.SerializationError("a price was changed since it was read")


def _told_of(changed: Sequence[Repriced], *kinds: type[PriceEvent]) -> list[tuple[PricedVariant, Any]]:
    return [(priced, event) for priced, events in changed for event in events if isinstance(event, kinds)]


async def _save_own(conn: Connection, changed: Sequence[Repriced]) -> None:
    own = {(priced.id, event.currency): priced for priced, event in _told_of(changed, PriceSet, PriceRemoved)}
    rows = [(id_, currency, priced.prices.get(currency)) for (id_, currency), priced in own.items()]
    gone = [(id_, currency) for id_, currency, amount in rows if amount is None]
    rows = [row for row in rows if row[2] is not None]
    if gone:
        query = "DELETE FROM price WHERE (variant_id, currency) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))"
        await conn.execute(query, *zip(*gone, strict=True))
    if rows:
        await conn.execute(
            """INSERT INTO price (variant_id, currency, amount_minor)
               SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[])
               ON CONFLICT (variant_id, currency) DO UPDATE SET amount_minor = EXCLUDED.amount_minor""",
            *zip(*rows, strict=True),
        )  # fmt: skip


async def _save_lists(conn: Connection, changed: Sequence[Repriced]) -> None:
    told = _told_of(changed, ListPriceSet, ListPriceRemoved)
    if not told:
        return
    query = "DELETE FROM list_price WHERE (variant_id, price_list_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))"
    await conn.execute(query, [priced.id for priced, _ in told], [event.price_list_id for _, event in told])
    await conn.executemany(
        "INSERT INTO list_price (variant_id, price_list_id, from_quantity, amount_minor) VALUES ($1, $2, $3, $4)",
        [
            (priced.id, event.price_list_id, tier.from_quantity, tier.amount_minor)
            for priced, event in told
            for tier in priced.lists.get(event.price_list_id, [])
        ],
    )


async def _save_scheduled(conn: Connection, changed: Sequence[Repriced]) -> None:
    told = _told_of(changed, PriceScheduled, PriceUnscheduled)
    told += [(priced, event) for priced, event in _told_of(changed, PriceSet) if event.since is not None]
    variants = {priced.id: priced for priced, _ in told}
    if not variants:
        return
    await conn.execute("DELETE FROM scheduled_price WHERE variant_id = ANY ($1)", list(variants))
    await conn.executemany(
        "INSERT INTO scheduled_price (variant_id, currency, starts_at, amount_minor) VALUES ($1, $2, $3, $4)",
        [
            (priced.id, one.currency, one.starts_at, one.amount_minor)
            for priced in variants.values()
            for one in priced.scheduled
        ],
    )


async def rewrite_prices(conn: Connection, priced: PricedVariant) -> None:
    """Make the rows say this; for a repair."""
    columns = msgspec.structs.asdict(priced)
    prices, scheduled, lists = (columns.pop(name) for name in ("prices", "scheduled", "lists"))
    await overwrite(conn, "priced_variant", columns)
    of_variant = ("variant_id", priced.id)
    rows = [{"currency": currency, "amount_minor": amount} for currency, amount in prices.items()]
    await replace(conn, "price", of_variant, rows)
    await replace(conn, "scheduled_price", of_variant, [msgspec.structs.asdict(one) for one in scheduled])
    tiers = [{"price_list_id": id_} | msgspec.structs.asdict(tier) for id_, said in lists.items() for tier in said]
    await replace(conn, "list_price", of_variant, tiers)
