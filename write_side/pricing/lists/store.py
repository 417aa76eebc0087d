"""The SQL of price lists. With schema/functions/pricing.sql, the only place that names their table."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.pricing import PriceListAnnounced, PriceListEvent, PriceListTerms
from shared.shards import price_list_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.pricing.lists.domain import PriceList, evolve

_SELECT = "SELECT id, terms, state, version FROM price_list"
_terms = msgspec.json.Decoder(PriceListTerms)


async def announce(conn: Connection, event: PriceListAnnounced, cause: Metadata) -> tuple[PriceList, Positions]:
    """A new price list's row and event."""
    new = evolve(None, event, 1)
    query = "INSERT INTO price_list (id, terms, state, version) VALUES ($1, $2, $3, $4)"
    await conn.execute(query, new.id, as_json(new.terms).decode(), new.state, new.version)
    return new, await _append(conn, event, 1, cause)


async def lock(conn: Connection, price_list_id: UUID) -> PriceList | None:
    """A price list, held until the transaction ends."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1 FOR UPDATE", price_list_id)
    return None if row is None else _price_list(row)


async def save(
    conn: Connection, price_list: PriceList, event: PriceListEvent, cause: Metadata
) -> tuple[PriceList, Positions]:
    """A locked price list's row after an event, and the event."""
    now = evolve(price_list, event, price_list.version + 1)
    query = "UPDATE price_list SET terms = $2, state = $3, version = $4 WHERE id = $1"
    await conn.execute(query, now.id, as_json(now.terms).decode(), now.state, now.version)
    return now, await _append(conn, event, now.version, cause)


async def _append(conn: Connection, event: PriceListEvent, version: int, cause: Metadata) -> Positions:
    new = NewEvent("price_list", event.price_list_id, version, price_list_key(event.price_list_id), event)
    return await event_log.append(conn, [new], cause)


async def find(conn: Connection, price_list_id: UUID) -> PriceList | None:
    """One price list."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1", price_list_id)
    return None if row is None else _price_list(row)


async def page(conn: Connection, after: UUID | None, limit: int) -> list[PriceList]:
    """Price lists, the newest first, behind one of them."""
    query = f"{_SELECT} WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
    return [_price_list(row) for row in await conn.fetch(query, after, limit)]


async def ended_by(conn: Connection, moment: datetime) -> list[UUID]:
    """Those that were ended, whenever, or whose time was over by then."""
    query = "SELECT id FROM price_list WHERE state = 'ended' OR (terms ->> 'ends_at')::timestamptz <= $1"
    return [row["id"] for row in await conn.fetch(query, moment)]


async def all_price_lists(conn: Connection, ids: Sequence[UUID] | None = None) -> list[PriceList]:
    """Every price list's row, or those of some, for the comparison with the log."""
    return [_price_list(row) for row in await conn.fetch(*among(_SELECT, ids))]


async def rewrite_price_list(conn: Connection, price_list: PriceList) -> None:
    """Make the row say this; for a repair."""
    columns = msgspec.structs.asdict(price_list) | {"terms": as_json(price_list.terms).decode()}
    await overwrite(conn, "price_list", columns)


def _price_list(row: asyncpg.Record) -> PriceList:
    return PriceList(row["id"], _terms.decode(row["terms"]), row["state"], row["version"])
