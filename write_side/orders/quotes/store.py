"""The SQL of quotes. With schema/functions/orders.sql, the only place that names their table."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.orders import QuoteIssued
from shared.shards import cart_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.orders.domain import Order, Quote
from write_side.orders.rows import as_quote, text

_QUOTE = """SELECT id, cart_id, cart_version, person_id, mail, address, country, tax_basis_points, lines, totals,
                   expires_at, version, codes, discounts, channel, groups, account_id, shipping,
                   taxes, duties_due, gift_cards, payment_method, bundles,
                   nearest, counted_as, locale, names FROM quote"""


async def save_quote(conn: Connection, event: QuoteIssued, cause: Metadata) -> Positions:
    """A quote's row and event."""
    await insert_quote(conn, event)
    return await append_quote(conn, event, cause)


async def insert_quote(conn: Connection, event: QuoteIssued) -> None:
    """A quote's row, for who appends its event as the last act."""
    await conn.execute(
        """INSERT INTO quote (id, cart_id, cart_version, person_id, mail, address, country, tax_basis_points, lines,
                              totals, expires_at, version, codes, discounts, channel, groups, account_id, shipping,
                              taxes, duties_due, gift_cards, payment_method, bundles, nearest,
                              counted_as, locale, names)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                   $21, $22, $23, $24, $25, $26)""",
        event.quote_id, event.cart_id, event.cart_version, event.person_id, event.mail, event.address, event.country,
        event.tax_basis_points, as_json(event.lines).decode(), as_json(event.totals).decode(), event.expires_at,
        event.codes, as_json(event.discounts).decode(), event.channel, event.groups, event.account_id,
        text(event.shipping), as_json(event.taxes).decode(), event.duties_due, as_json(event.gift_cards).decode(),
        event.payment_method, as_json(event.bundles).decode(), event.nearest, event.counted_as,
        event.locale, as_json(event.names).decode(),
    )  # fmt: skip


async def append_quote(conn: Connection, event: QuoteIssued, cause: Metadata) -> Positions:
    """And the event."""
    return await event_log.append(conn, [NewEvent("quote", event.quote_id, 1, cart_key(event.cart_id), event)], cause)


async def find_quote(conn: Connection, quote_id: UUID) -> Quote:
    """A quote that there is."""
    [quote] = await all_quotes(conn, [quote_id])
    return quote


async def quotes_of_person(conn: Connection, person_id: UUID) -> list[Quote]:
    """A person's quotes, oldest first."""
    return [as_quote(row) for row in await conn.fetch(f"{_QUOTE} WHERE person_id = $1 ORDER BY id", person_id)]


async def all_quotes(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Quote]:
    """Every quote's row, or those of some, for the comparison with the log."""
    return [as_quote(row) for row in await conn.fetch(*among(_QUOTE, ids))]


async def nearest_to(conn: Connection, order: Order) -> list[str]:
    """Warehouses, the nearest to where an order goes first, as its quote says."""
    return list(await conn.fetchval("SELECT nearest FROM quote WHERE id = $1", order.quote_id) or ())


async def rewrite_quote(conn: Connection, quote: Quote) -> None:
    """Make the row say this; for a repair."""
    documents = ("lines", "totals", "discounts", "taxes", "gift_cards", "bundles", "names")
    texts = {name: as_json(getattr(quote, name)).decode() for name in documents}
    await overwrite(conn, "quote", structs.asdict(quote) | texts | {"shipping": text(quote.shipping)})
