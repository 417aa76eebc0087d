"""The SQL of doorbuster sales. With schema/functions/sales.sql, the only place that names their tables."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.sales import Gate, PassGiven, PassMoved, SaleAnnounced, SaleEvent, SaleTerms
from shared.shards import cart_key, sale_key
from write_side import event_log
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent, Positions
from write_side.sales import domain
from write_side.sales.domain import Gated, Sale, SalePass, SkuInSale, check_passes, evolve

# In the order of bytes, as Python sorts: whatever the database's collation.
_SELECT = """SELECT s.id, s.terms, s.gate, s.state, s.version,
                    ARRAY(SELECT g.sku FROM sale_sku g WHERE g.sale_id = s.id ORDER BY g.sku COLLATE "C") AS gated
             FROM sale s"""
_PASS = "SELECT id, sale_id, position, cart_id, until, version FROM sale_pass"
_terms = msgspec.json.Decoder(SaleTerms)
_gate = msgspec.json.Decoder(Gate)


async def check(conn: Connection, skus: Sequence[str], cart_id: UUID) -> None:
    """Raises `PassRequired` unless this cart may hold all of these now."""
    check_passes(await kept_from(conn, skus, cart_id), skus, cart_id)


async def kept_from(conn: Connection, skus: Sequence[str], cart_id: UUID) -> dict[str, Gated]:
    """Which of these this cart may not hold now → the sale that keeps it."""
    query = "SELECT sku, sale_id, carts FROM sales_gates($1, $2, $3)"
    rows = await conn.fetch(query, skus, [cart_id], datetime.now(UTC))
    return domain.kept_from(gates_by_sku(Gated(*row) for row in rows), skus, cart_id)


def gates_by_sku(gates: Iterable[Gated]) -> dict[str, Gated]:
    """SKU → the sale that keeps it."""
    return {gate.sku: gate for gate in gates}


async def announce(conn: Connection, event: SaleAnnounced, cause: Metadata) -> tuple[Sale, Positions]:
    """A new sale's rows and event; refuses `sku_in_sale`."""
    sale = evolve(None, event, 1)
    query = "INSERT INTO sale (id, terms, gate, state, version) VALUES ($1, $2, $3, $4, $5)"
    await conn.execute(query, sale.id, *_texts(sale), sale.state, sale.version)
    await _keep_skus(conn, sale)
    return sale, await _append(conn, sale, event, cause)


async def lock(conn: Connection, sale_id: UUID) -> Sale | None:
    """A sale, held until the transaction ends."""
    row = await conn.fetchrow(f"{_SELECT} WHERE s.id = $1 FOR UPDATE", sale_id)
    return None if row is None else _sale(row)


async def find(conn: Connection, sale_id: UUID) -> Sale | None:
    """One sale."""
    row = await conn.fetchrow(f"{_SELECT} WHERE s.id = $1", sale_id)
    return None if row is None else _sale(row)


async def page(conn: Connection, after: UUID | None, limit: int) -> list[Sale]:
    """Sales, the newest first, behind one of them."""
    query = f"{_SELECT} WHERE $1::uuid IS NULL OR s.id < $1 ORDER BY s.id DESC LIMIT $2"
    return [_sale(row) for row in await conn.fetch(query, after, limit)]


async def save(conn: Connection, sale: Sale, event: SaleEvent, cause: Metadata) -> tuple[Sale, Positions]:
    """A locked sale's rows after an event, and the event; refuses `sku_in_sale`."""
    now = evolve(sale, event, sale.version + 1)
    query = "UPDATE sale SET terms = $2, gate = $3, state = $4, version = $5 WHERE id = $1"
    await conn.execute(query, now.id, *_texts(now), now.state, now.version)
    if now.gated != sale.gated:
        await conn.execute("DELETE FROM sale_sku WHERE sale_id = $1", now.id)
        await _keep_skus(conn, now)
    return now, await _append(conn, now, event, cause)


async def _keep_skus(conn: Connection, sale: Sale) -> None:
    query = """INSERT INTO sale_sku (sku, sale_id) SELECT sku, $2 FROM unnest($1::text[]) AS sku
               ON CONFLICT (sku) DO NOTHING"""
    await conn.execute(query, sale.gated, sale.id)
    query = "SELECT sku, sale_id FROM sale_sku WHERE sku = ANY ($1) AND sale_id <> $2 LIMIT 1"
    if other := await conn.fetchrow(query, sale.gated, sale.id):
        raise SkuInSale(
            f"{other['sku']} is in another sale; end that one first", sku=other["sku"], sale_id=str(other["sale_id"])
        )


async def _append(conn: Connection, sale: Sale, event: SaleEvent, cause: Metadata) -> Positions:
    return await event_log.append(conn, [NewEvent("sale", sale.id, sale.version, sale_key(sale.id), event)], cause)


async def latest_pass(conn: Connection, sale_id: UUID, cart_id: UUID) -> SalePass | None:
    """The pass of a cart that is good for longest."""
    query = f"{_PASS} WHERE cart_id = $2 AND sale_id = $1 ORDER BY until DESC LIMIT 1"
    row = await conn.fetchrow(query, sale_id, cart_id)
    return None if row is None else _pass(row)


async def give_pass(conn: Connection, event: PassGiven, cause: Metadata) -> Positions | None:
    """A pass's row and event; None if its turn was taken: the row decides, however many show one ticket at once."""
    query = """INSERT INTO sale_pass (id, sale_id, position, cart_id, until) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (sale_id, position) DO NOTHING RETURNING id"""
    row = (event.pass_id, event.sale_id, event.position, event.cart_id, event.until)
    if await conn.fetchval(query, *row) is None:
        return None
    new = NewEvent("sale_pass", event.pass_id, 1, cart_key(event.cart_id), event)
    return await event_log.append(conn, [new], cause)


async def good_passes(conn: Connection, cart_ids: Sequence[UUID], now: datetime) -> list[SalePass]:
    """The passes of carts that are good now, those first that are so for longest."""
    query = f"{_PASS} WHERE cart_id = ANY ($1) AND until > $2 ORDER BY until DESC"
    return [_pass(row) for row in await conn.fetch(query, cart_ids, now)]


async def save_moved(
    conn: Connection, passes: Sequence[SalePass], events: Sequence[PassMoved], cause: Metadata
) -> Positions:
    """The rows of those of these passes that went into another cart, and the events."""
    if not events:
        return {}
    query = """UPDATE sale_pass SET cart_id = t.cart_id, version = version + 1
               FROM unnest($1::uuid[], $2::uuid[]) AS t(id, cart_id) WHERE sale_pass.id = t.id"""
    await conn.execute(query, [event.pass_id for event in events], [event.cart_id for event in events])
    version = {each.id: each.version + 1 for each in passes}
    new = [
        NewEvent("sale_pass", event.pass_id, version[event.pass_id], cart_key(event.from_cart_id), event)
        for event in events
    ]
    return await event_log.append(conn, new, cause)


async def all_sales(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Sale]:
    """Every sale's rows, or those of some, for the comparison with the log."""
    return [_sale(row) for row in await conn.fetch(*among(_SELECT, ids, "s.id"))]


async def all_passes(conn: Connection, ids: Sequence[UUID] | None = None) -> list[SalePass]:
    """Every pass's row, or those of some, for the comparison with the log."""
    return [_pass(row) for row in await conn.fetch(*among(_PASS, ids))]


async def rewrite_sale(conn: Connection, sale: Sale) -> None:
    """Make the rows say this; for a repair."""
    terms, gate = _texts(sale)
    columns = {"id": sale.id, "terms": terms, "gate": gate, "state": sale.state, "version": sale.version}
    await overwrite(conn, "sale", columns)
    await replace(conn, "sale_sku", ("sale_id", sale.id), [{"sku": sku} for sku in sale.gated])


async def rewrite_pass(conn: Connection, sale_pass: SalePass) -> None:
    """Make the row say this; for a repair."""
    await overwrite(conn, "sale_pass", msgspec.structs.asdict(sale_pass))


def _texts(sale: Sale) -> tuple[str, str]:
    return as_json(sale.terms).decode(), as_json(sale.gate).decode()


def _sale(row: asyncpg.Record) -> Sale:
    terms, gate = _terms.decode(row["terms"]), _gate.decode(row["gate"])
    return Sale(row["id"], terms, gate, row["state"], row["gated"], row["version"])


def _pass(row: asyncpg.Record) -> SalePass:
    return SalePass(row["id"], row["sale_id"], row["position"], row["cart_id"], row["until"], row["version"])
