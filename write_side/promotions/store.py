"""The SQL of promotions. With schema/functions/promotions.sql, the only place that names their tables."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.promotions import PromotionAnnounced, PromotionEvent, PromotionTerms
from shared.shards import promotion_key
from write_side import event_log
from write_side.database import Connection, among, overwrite, replace, uses_by_order
from write_side.event_log import NewEvent, Positions
from write_side.promotions.domain import CodeTaken, Promotion, PromotionUses, Use, evolve

_SELECT = "SELECT id, terms, state, used, version, granted_minor FROM promotion"
_terms = msgspec.json.Decoder(PromotionTerms)
_positions = msgspec.json.Decoder(dict[int, int])
_uses = msgspec.json.Decoder(dict[UUID, Use])


async def announce(conn: Connection, event: PromotionAnnounced, cause: Metadata) -> Positions:
    """A new promotion's row and event; refuses `code_taken`."""
    terms = as_json(event.terms).decode()
    query = """INSERT INTO promotion (id, terms, state, used, version) VALUES ($1, $2, 'running', 0, 1)
               ON CONFLICT ((terms ->> 'code')) WHERE terms ->> 'code' <> '' DO NOTHING RETURNING id"""
    if await conn.fetchval(query, event.promotion_id, terms) is None:
        raise CodeTaken(f"another promotion has the code {event.terms.code}", pointer="/code")
    return await _append(conn, event, 1, cause)


async def lock(conn: Connection, promotion_id: UUID) -> Promotion | None:
    """A promotion, held until the transaction ends: no order takes a use of it meanwhile."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1 FOR UPDATE", promotion_id)
    return None if row is None else _promotion(row)


async def save(
    conn: Connection, promotion: Promotion, event: PromotionEvent, cause: Metadata
) -> tuple[Promotion, Positions]:
    """A locked promotion's row after an event, and the event."""
    now = evolve(promotion, event, promotion.version + 1)
    query = "UPDATE promotion SET terms = $2, state = $3, version = $4 WHERE id = $1"
    await conn.execute(query, now.id, as_json(now.terms).decode(), now.state, now.version)
    return now, await _append(conn, event, now.version, cause)


async def _append(conn: Connection, event: PromotionEvent, version: int, cause: Metadata) -> Positions:
    new = NewEvent("promotion", event.promotion_id, version, promotion_key(event.promotion_id), event)
    return await event_log.append(conn, [new], cause)


async def find(conn: Connection, promotion_id: UUID) -> Promotion | None:
    """One promotion."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1", promotion_id)
    return None if row is None else _promotion(row)


async def hold(conn: Connection, order_id: UUID) -> None:
    """Lock the promotions that an order holds uses of, in the order in which everybody does, until the transaction
    ends: ahead of all else that it is paid back to, and of the first event."""
    query = """SELECT FROM promotion p
               WHERE p.id IN (SELECT u.promotion_id FROM promotion_use u WHERE u.order_id = $1)
               ORDER BY p.id FOR UPDATE"""
    await conn.execute(query, order_id)


async def give_back(conn: Connection, order_id: UUID, cause: Metadata) -> Positions:
    """The uses that an order holds are free again. To be asked ahead of its stock, as placing holds both."""
    said = await conn.fetchval("SELECT promotions_give_back_now($1, $2)", order_id, as_json(cause))
    return _positions.decode(said)


async def find_by_code(conn: Connection, code: str) -> UUID | None:
    """The promotion that has this code, or had it."""
    query = "SELECT id FROM promotion WHERE terms ->> 'code' = $1 AND terms ->> 'code' <> ''"
    found: UUID | None = await conn.fetchval(query, code)
    return found


async def page(conn: Connection, after: UUID | None, limit: int) -> list[Promotion]:
    """Promotions, the newest first, behind one of them."""
    query = f"{_SELECT} WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
    return [_promotion(row) for row in await conn.fetch(query, after, limit)]


async def offered_to(
    conn: Connection, codes: Sequence[str], customer: UUID
) -> tuple[list[Promotion], dict[UUID, int]]:
    """What is on offer by itself or by one of these codes, and how often this customer (the person whom
    limits count) uses what is limited so."""
    rows = await conn.fetch("SELECT id, terms, state, used, version, granted_minor FROM promotions_offered($1)", codes)
    if not rows:
        return [], {}
    ids = [row["id"] for row in rows]
    uses = await conn.fetch("SELECT promotion_id, n FROM promotions_uses($1, $2)", ids, [customer])
    return [_promotion(row) for row in rows], {row["promotion_id"]: row["n"] for row in uses}


async def all_promotions(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Promotion]:
    """Every promotion's row, or those of some, for the comparison with the log."""
    return [_promotion(row) for row in await conn.fetch(*among(_SELECT, ids))]


async def all_uses(conn: Connection, ids: Sequence[UUID] | None = None) -> list[PromotionUses]:
    """Who holds a use of every promotion, or of some, for the comparison with the log."""
    found = await uses_by_order(conn, "promotion", "promotion_id", "to_json(u)", ids)
    return [PromotionUses(id_, _uses.decode(uses)) for id_, uses in found]


async def rewrite_promotion(conn: Connection, promotion: Promotion, uses: PromotionUses) -> None:
    """Make the rows say this; for a repair."""
    columns = msgspec.structs.asdict(promotion) | {"terms": as_json(promotion.terms).decode()}
    await overwrite(conn, "promotion", columns)
    rows = [{"order_id": order} | msgspec.structs.asdict(use) for order, use in uses.orders.items()]
    await replace(conn, "promotion_use", ("promotion_id", promotion.id), rows)


def _promotion(row: asyncpg.Record) -> Promotion:
    return Promotion(**dict(row) | {"terms": _terms.decode(row["terms"])})
