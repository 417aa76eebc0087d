"""The SQL of quotes and orders. With schema/functions/orders.sql, the only place that names their tables."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct, structs

from shared.envelope import Metadata, as_json
from shared.events.gift_cards import GiftPart
from shared.events.orders import (
    Allocation,
    Discount,
    OrderExtended,
    OrderRedacted,
    OrderTax,
    PricedLine,
    QuoteIssued,
    QuoteRedacted,
    Replaces,
    Shipping,
    Totals,
)
from shared.shards import cart_key, order_key
from write_side import event_log
from write_side.carts import CartHead
from write_side.catalog import SoldVariant
from write_side.database import Connection, Pool, among, overwrite, replace
from write_side.event_log import NewEvent, Positions
from write_side.gift_cards import GiftCard, paid_by
from write_side.inventory import PurchaseLimit, StockItem
from write_side.invoices import Credit
from write_side.orders.calls import Known, Outcome, Placing, Settling
from write_side.orders.domain import Order, Quote
from write_side.orders.refusals import UnknownOrder
from write_side.pricing import open_book
from write_side.promotions import Promotion
from write_side.sales import Gated, gates_by_sku

_positions = msgspec.json.Decoder(dict[int, int])
_facts = msgspec.json.Decoder()

_QUOTE = """SELECT id, cart_id, cart_version, person_id, mail, address, country, tax_basis_points, lines, totals,
                   expires_at, version, codes, discounts, channel, groups, account_id, shipping,
                   taxes, duties_due, gift_cards, payment_method, bundles,
                   nearest FROM quote"""
_quoted_lines = msgspec.json.Decoder(list[PricedLine])
_quoted_totals = msgspec.json.Decoder(Totals)
_discounts = msgspec.json.Decoder(list[Discount])
_shipping = msgspec.json.Decoder(Shipping)
_taxes = msgspec.json.Decoder(list[OrderTax])
_gift_cards = msgspec.json.Decoder(list[GiftPart])
_replaces = msgspec.json.Decoder(Replaces)

_ORDER = """SELECT o.id, o.number, o.quote_id, o.cart_id, o.payment_id, o.person_id, o.mail, o.address, o.country,
                   o.currency, o.lines_minor, o.shipping_minor, o.tax_minor, o.total_minor, o.discount_minor,
                   o.expires_at, o.state, o.closing_reason, o.deducted, o.version, o.discounts, o.account_id,
                   o.shipping, o.taxes, o.duties_due, o.gift_cards, o.replaces,
                   o.bundles, o.adds_to, o.additions
            FROM customer_order o"""
_LINES = """SELECT order_id, sku, product_id, variant_id, name, quantity, unit_price_minor, total_minor, tax_minor,
                   discount_minor, price_list_id, from_quantity, tax_included, included_tax_minor, gift_quantity,
                   gift_card, bundle
            FROM order_line WHERE order_id = ANY ($1) ORDER BY order_id, n"""
_ALLOCATIONS = """SELECT order_id, sku, warehouse, quantity FROM order_allocation
                  WHERE order_id = ANY ($1) ORDER BY order_id, n"""

K = TypeVar("K")
L = TypeVar("L")

_LOOKED_AT: dict[str, msgspec.json.Decoder[list[Any]]] = {
    "quotes": msgspec.json.Decoder(list[Quote]),
    "carts": msgspec.json.Decoder(list[CartHead]),
    "sold": msgspec.json.Decoder(list[SoldVariant]),
    "stock": msgspec.json.Decoder(list[StockItem]),
    "promotions": msgspec.json.Decoder(list[Promotion]),
    "uses": msgspec.json.Decoder(list[tuple[UUID, UUID, int]]),
    "gates": msgspec.json.Decoder(list[Gated]),
    "limits": msgspec.json.Decoder(list[PurchaseLimit]),
    "bought": msgspec.json.Decoder(list[tuple[UUID, str, int]]),
    "gift_cards": msgspec.json.Decoder(list[GiftCard]),
    "credits": msgspec.json.Decoder(list[Credit]),
}


async def save_quote(conn: Connection, event: QuoteIssued, cause: Metadata) -> Positions:
    """A quote's row and event."""
    await insert_quote(conn, event)
    return await append_quote(conn, event, cause)


async def insert_quote(conn: Connection, event: QuoteIssued) -> None:
    """A quote's row, for who appends its event as the last act."""
    await conn.execute(
        """INSERT INTO quote (id, cart_id, cart_version, person_id, mail, address, country, tax_basis_points, lines,
                              totals, expires_at, version, codes, discounts, channel, groups, account_id, shipping,
                              taxes, duties_due, gift_cards, payment_method, bundles, nearest)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                   $21, $22, $23)""",
        event.quote_id, event.cart_id, event.cart_version, event.person_id, event.mail, event.address, event.country,
        event.tax_basis_points, as_json(event.lines).decode(), as_json(event.totals).decode(), event.expires_at,
        event.codes, as_json(event.discounts).decode(), event.channel, event.groups, event.account_id,
        _text(event.shipping), as_json(event.taxes).decode(), event.duties_due, as_json(event.gift_cards).decode(),
        event.payment_method, as_json(event.bundles).decode(), event.nearest,
    )  # fmt: skip


async def append_quote(conn: Connection, event: QuoteIssued, cause: Metadata) -> Positions:
    """And the event."""
    return await event_log.append(conn, [NewEvent("quote", event.quote_id, 1, cart_key(event.cart_id), event)], cause)


async def look(pool: Pool, quote_ids: Sequence[UUID]) -> Known:
    """What placing orders from these quotes is decided from."""
    row = await pool.fetchrow("SELECT * FROM orders_look($1)", quote_ids)
    assert row is not None
    found = {name: kind.decode(row[name]) if row[name] else [] for name, kind in _LOOKED_AT.items()}
    return Known(
        quotes={quote.id: quote for quote in found["quotes"]},
        ordered=frozenset(row["ordered"] or ()),
        carts={cart.id: cart for cart in found["carts"]},
        sold={variant.sku: variant for variant in found["sold"]},
        prices=open_book(row["prices"]),
        stock=found["stock"],
        promotions=found["promotions"],
        uses=_nested((person, promotion, n) for promotion, person, n in found["uses"]),
        gates=gates_by_sku(found["gates"]),
        limits=found["limits"],
        bought=_nested(found["bought"]),
        gift_cards={card.id: card for card in found["gift_cards"]},
        credits={credit.id: credit for credit in found["credits"]},
    )


def _nested(rows: Iterable[tuple[K, L, int]]) -> dict[K, dict[L, int]]:
    nested: dict[K, dict[L, int]] = {}
    for outer, inner, n in rows:
        nested.setdefault(outer, {})[inner] = n
    return nested


async def hold_limits(conn: Connection, person_id: UUID) -> None:
    """Wait for whoever decides what a person may still have of what is limited, and let the next one wait."""
    await conn.execute("SELECT orders_hold_limits($1)", [person_id])


async def bought_by(conn: Connection, person_id: UUID, limits: Sequence[PurchaseLimit]) -> dict[str, int]:
    """SKU → how many a person has of what is limited."""
    rows = await conn.fetch(
        "SELECT l.sku, orders_bought($1, l.sku, l.days) AS n FROM unnest($2::text[], $3::int[]) AS l(sku, days)",
        person_id, [limit.sku for limit in limits], [limit.window_days for limit in limits],
    )  # fmt: skip
    return {row["sku"]: row["n"] for row in rows}


async def nearest_to(conn: Connection, order: Order) -> list[str]:
    """Warehouses, the nearest to where an order goes first, as its quote says."""
    return list(await conn.fetchval("SELECT nearest FROM quote WHERE id = $1", order.quote_id) or ())


async def place(pool: Pool, commands: Sequence[Placing]) -> list[Outcome]:
    """Place orders: one call, one transaction, an outcome for each command."""
    rows = await pool.fetch("SELECT * FROM orders_place($1)", as_json(commands).decode())
    return [Outcome(r["outcome"], r["answer"], r["positions"], _facts.decode(r["facts"])) for r in rows]


async def place_replacement(conn: Connection, command: Struct) -> Positions:
    """Place an order whose stock is held already, in the transaction of a caller (see `orders_replace`)."""
    found: str = await conn.fetchval("SELECT orders_replace($1)", as_json(command).decode())
    return decoded(found)


async def place_addition(conn: Connection, command: Struct) -> Outcome:
    """Place an order that adds to another one, in the transaction of a caller who holds that (see `orders_add`)."""
    row = await conn.fetchrow("SELECT * FROM orders_add($1)", as_json(command).decode())
    assert row is not None
    return Outcome(row["outcome"], None, row["positions"], _facts.decode(row["facts"]))


async def fallen_through(conn: Connection, after: UUID, limit: int) -> list[UUID]:
    """Orders in exchange that were cancelled or expired, and whose goods are here and not paid back yet; behind one."""
    query = """SELECT id FROM customer_order
               WHERE replaces IS NOT NULL AND state IN ('cancelled', 'expired') AND id > $1
                     AND returns_to_pay_back((replaces ->> 'return_id')::uuid)
               ORDER BY id LIMIT $2"""
    return [row["id"] for row in await conn.fetch(query, after, limit)]


def decoded(positions: str | None) -> Positions:
    """shard → position, as SQL functions answer it."""
    return _positions.decode(positions or "{}")


async def lock_order(conn: Connection, order_id: UUID) -> Order | None:
    """An order, held until the transaction ends; without its lines, which no decision asks for.

    Whoever needs order and payment locks the order first.
    """
    row = await conn.fetchrow(f"{_ORDER} WHERE o.id = $1 FOR UPDATE", order_id)
    return None if row is None else _order(row, [], [])


async def lock_whole(conn: Connection, order_id: UUID) -> Order:
    """The same with its lines; refuses `unknown_order`."""
    found = await _orders(conn, await conn.fetch(f"{_ORDER} WHERE o.id = $1 FOR UPDATE", order_id))
    if not found:
        raise UnknownOrder("there is no such order")
    return found[0]


async def find_head(conn: Connection, order_id: UUID) -> Order | None:
    """An order without its lines."""
    row = await conn.fetchrow(f"{_ORDER} WHERE o.id = $1", order_id)
    return None if row is None else _order(row, [], [])


async def find_order(conn: Connection, order_id: UUID) -> Order | None:
    """An order with its lines."""
    return next(iter(await _orders(conn, await conn.fetch(f"{_ORDER} WHERE o.id = $1", order_id))), None)


async def with_gift_cards(conn: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these orders that gift cards were bought by."""
    query = "SELECT DISTINCT order_id FROM order_line WHERE order_id = ANY ($1) AND gift_card"
    return {row["order_id"] for row in await conn.fetch(query, ids)}


async def find_by_number(conn: Connection, number: str) -> UUID | None:
    """The order that people call so."""
    found: UUID | None = await conn.fetchval("SELECT id FROM customer_order WHERE number = $1", number)
    return found


async def numbers_of(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What people call these orders; ids that are no order's are left out."""
    rows = await conn.fetch("SELECT id, number FROM customer_order WHERE id = ANY ($1)", ids)
    return {row["id"]: row["number"] for row in rows}


async def expired(conn: Connection, limit: int) -> list[UUID]:
    """Orders that nobody paid in time."""
    query = """SELECT id FROM customer_order WHERE state = 'pending_payment' AND expires_at <= clock_timestamp()
               ORDER BY expires_at LIMIT $1"""
    return [row["id"] for row in await conn.fetch(query, limit)]


async def save_closing(conn: Connection, order: Order, reason: str) -> None:
    """The row of a locked order that is about to be cancelled or to expire, and its payment's."""
    await conn.execute(
        "UPDATE customer_order SET state = 'closing', closing_reason = $2, version = version + 1 WHERE id = $1",
        order.id, reason,
    )  # fmt: skip
    await conn.execute("SELECT payments_void($1)", order.payment_id)


async def extend(conn: Connection, order: Order, expires_at: datetime, cause: Metadata) -> Positions:
    """Hold the stock of a locked order longer."""
    await conn.execute(
        "UPDATE customer_order SET expires_at = $2, version = version + 1 WHERE id = $1", order.id, expires_at
    )
    event = NewEvent("order", order.id, order.version + 1, order_key(order.id), OrderExtended(order.id, expires_at))
    return await event_log.append(conn, [event], cause)


async def settle(conn: Connection, stock: str, reason: str, commands: Sequence[Settling]) -> list[Positions]:
    """End the waiting of locked orders, as one call (see `orders_settle`)."""
    query = "SELECT positions FROM orders_settle($1, $2, $3)"
    rows = await conn.fetch(query, stock, reason, as_json(commands).decode())
    return [_positions.decode(row["positions"]) for row in rows]


async def of_person(conn: Connection, person_id: UUID) -> list[Order]:
    """A person's orders with their lines, oldest first."""
    return await _orders(conn, await conn.fetch(f"{_ORDER} WHERE o.person_id = $1 ORDER BY o.id", person_id))


async def quotes_of_person(conn: Connection, person_id: UUID) -> list[Quote]:
    """A person's quotes, oldest first."""
    return [_quote(row) for row in await conn.fetch(f"{_QUOTE} WHERE person_id = $1 ORDER BY id", person_id)]


async def unfinished_of_person(conn: Connection, person_id: UUID) -> list[Order]:
    """A person's orders that may have something to come: all that are neither cancelled nor expired, without lines."""
    query = f"{_ORDER} WHERE o.person_id = $1 AND o.state NOT IN ('cancelled', 'expired') ORDER BY o.id"
    return [_order(row, [], []) for row in await conn.fetch(query, person_id)]


async def is_being_refunded(conn: Connection, order_id: UUID) -> bool:
    """Whether money of this order may still be on its way back."""
    return bool(await conn.fetchval("SELECT refunds_open($1)", order_id))


async def is_being_returned(conn: Connection, order_id: UUID) -> bool:
    """Whether goods of this order may still come back."""
    return bool(await conn.fetchval("SELECT returns_open($1)", order_id))


async def is_being_invoiced(conn: Connection, order_id: UUID) -> bool:
    """Whether something of this order's invoice is still to be paid."""
    return bool(await conn.fetchval("SELECT invoices_open($1)", order_id))


async def named_among(conn: Connection, person_ids: Sequence[UUID]) -> list[UUID]:
    """Which of these persons are still named by an order or a quote."""
    query = """SELECT person_id FROM customer_order WHERE person_id = ANY ($1) AND mail <> ''
               UNION SELECT person_id FROM quote WHERE person_id = ANY ($1) AND mail <> ''"""
    return [row["person_id"] for row in await conn.fetch(query, person_ids)]


async def lock_unclaimed(conn: Connection, person_id: UUID, most: int) -> list[UUID]:
    """So many orders of a person that belong to no account, held until the transaction ends."""
    query = """SELECT id FROM customer_order WHERE person_id = $1 AND account_id IS NULL
               ORDER BY id LIMIT $2 FOR UPDATE"""
    return [row["id"] for row in await conn.fetch(query, person_id, most)]


async def set_account(conn: Connection, ids: Sequence[UUID], account_id: UUID) -> list[tuple[UUID, int]]:
    """Locked orders come to an account; their new versions, in the order of their ids."""
    query = "UPDATE customer_order SET account_id = $2, version = version + 1 WHERE id = ANY ($1) RETURNING id, version"
    return sorted((row["id"], row["version"]) for row in await conn.fetch(query, list(ids), account_id))


async def lock_named(conn: Connection, person_id: UUID, most: int) -> tuple[list[UUID], list[UUID]]:
    """So many orders and quotes that still name a person, held until the transaction ends. The carts of the quotes are
    held first, as placing holds them: until then none of these quotes becomes another order."""
    query = "SELECT id, cart_id FROM quote WHERE person_id = $1 AND mail <> '' ORDER BY id LIMIT $2"
    quotes = await conn.fetch(query, person_id, most)
    await conn.execute("SELECT carts_lock($1)", list({row["cart_id"] for row in quotes}))
    query = "SELECT id FROM customer_order WHERE person_id = $1 AND mail <> '' ORDER BY id LIMIT $2 FOR UPDATE"
    orders = await conn.fetch(query, person_id, most)
    return [row["id"] for row in orders], [row["id"] for row in quotes]


async def redact(
    conn: Connection, person_id: UUID, order_ids: Sequence[UUID], quote_ids: Sequence[UUID]
) -> list[NewEvent]:
    """Empty mail and address in rows of a person that `lock_named` holds; the events that say so."""
    changed = "SET mail = '', address = '', version = version + 1 WHERE id = ANY ($1) AND mail <> ''"
    orders = await conn.fetch(f"UPDATE customer_order {changed} RETURNING id, version", order_ids)
    quotes = await conn.fetch(f"UPDATE quote {changed} RETURNING id, version, cart_id", quote_ids)
    of_orders = [
        NewEvent("order", row["id"], row["version"], order_key(row["id"]), OrderRedacted(row["id"], person_id))
        for row in orders
    ]
    return of_orders + [
        NewEvent("quote", row["id"], row["version"], cart_key(row["cart_id"]),
                 QuoteRedacted(row["id"], row["cart_id"], person_id))
        for row in quotes
    ]  # fmt: skip


async def all_orders(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Order]:
    """Every order's rows, or those of some, for the comparison with the log."""
    return await _orders(conn, await conn.fetch(*among(_ORDER, ids, "o.id")))


async def known(conn: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are orders."""
    return {row["id"] for row in await conn.fetch("SELECT id FROM customer_order WHERE id = ANY ($1)", ids)}


async def allocated_items(
    conn: Connection, ids: Sequence[UUID] | None = None
) -> list[tuple[UUID, int, str, str, UUID]]:
    """(order, its nth allocation from 0, SKU, warehouse, stock item) of all orders, or of some."""
    query = """SELECT order_id, row_number() OVER (PARTITION BY order_id ORDER BY n)::int - 1, sku, warehouse, item_id
               FROM order_allocation"""
    return [tuple(row) for row in await conn.fetch(*among(query, ids, "order_id"))]


async def items_of(conn: Connection, order_id: UUID) -> list[tuple[str, str, UUID]]:
    """(SKU, warehouse, stock item) of an order's allocations."""
    query = "SELECT sku, warehouse, item_id FROM order_allocation WHERE order_id = $1 ORDER BY n"
    return [tuple(row) for row in await conn.fetch(query, order_id)]


async def find_quote(conn: Connection, quote_id: UUID) -> Quote:
    """A quote that there is."""
    [quote] = await all_quotes(conn, [quote_id])
    return quote


async def all_quotes(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Quote]:
    """Every quote's row, or those of some, for the comparison with the log."""
    return [_quote(row) for row in await conn.fetch(*among(_QUOTE, ids))]


def _columns(row: asyncpg.Record) -> dict[str, Any]:
    """Those of a quote or an order, its documents read."""
    columns = dict(row)
    columns["discounts"] = _discounts.decode(row["discounts"])
    columns["shipping"] = _shipping.decode(row["shipping"]) if row["shipping"] else None
    columns["taxes"] = _taxes.decode(row["taxes"])
    columns["gift_cards"] = _gift_cards.decode(row["gift_cards"])
    columns["bundles"] = _quoted_lines.decode(row["bundles"])
    return columns


def _quote(row: asyncpg.Record) -> Quote:
    columns = _columns(row)
    columns["lines"] = _quoted_lines.decode(row["lines"])
    columns["totals"] = _quoted_totals.decode(row["totals"])
    return Quote(**columns)


async def _orders(conn: Connection, rows: Sequence[asyncpg.Record]) -> list[Order]:
    ids = [row["id"] for row in rows]
    lines: dict[UUID, list[PricedLine]] = {id_: [] for id_ in ids}
    allocations: dict[UUID, list[Allocation]] = {id_: [] for id_ in ids}
    for line in await conn.fetch(_LINES, ids):
        order_id, *columns = line.values()
        lines[order_id].append(PricedLine(*columns))
    for allocation in await conn.fetch(_ALLOCATIONS, ids):
        order_id, *columns = allocation.values()
        allocations[order_id].append(Allocation(*columns))
    return [_order(row, lines[row["id"]], allocations[row["id"]]) for row in rows]


def _order(row: asyncpg.Record, lines: list[PricedLine], allocations: list[Allocation]) -> Order:
    columns = _columns(row)
    columns["replaces"] = _replaces.decode(row["replaces"]) if row["replaces"] else None
    names = ("currency", "lines_minor", "shipping_minor", "tax_minor", "total_minor", "discount_minor")
    totals = Totals(*(columns.pop(name) for name in names))
    return Order(**columns, totals=totals, lines=lines, allocations=allocations)


def _text(value: Struct | None) -> str | None:
    return None if value is None else as_json(value).decode()


async def rewrite_quote(conn: Connection, quote: Quote) -> None:
    """Make the row say this; for a repair."""
    documents = ("lines", "totals", "discounts", "taxes", "gift_cards", "bundles")
    texts = {name: as_json(getattr(quote, name)).decode() for name in documents}
    await overwrite(conn, "quote", structs.asdict(quote) | texts | {"shipping": _text(quote.shipping)})


async def rewrite_order(conn: Connection, order: Order, items: Mapping[tuple[str, str], UUID]) -> None:
    """Make the rows say this, for a repair; `items` is (SKU, warehouse) → stock item."""
    columns = structs.asdict(order)
    lines, allocations, totals = (columns.pop(name) for name in ("lines", "allocations", "totals"))
    columns["discounts"], columns["shipping"] = as_json(order.discounts).decode(), _text(order.shipping)
    columns["taxes"], columns["bundles"] = as_json(order.taxes).decode(), as_json(order.bundles).decode()
    columns["gift_cards"], columns["gift_minor"] = as_json(order.gift_cards).decode(), paid_by(order.gift_cards)
    columns["replaces"], columns["credit_minor"] = _text(order.replaces), order.credit_minor
    await overwrite(conn, "customer_order", columns | structs.asdict(totals))
    of_order = ("order_id", order.id)
    await replace(conn, "order_line", of_order, [{"n": n} | structs.asdict(line) for n, line in enumerate(lines, 1)])
    taken = [{"n": n, "item_id": items[a.sku, a.warehouse]} | structs.asdict(a) for n, a in enumerate(allocations, 1)]
    await replace(conn, "order_allocation", of_order, taken)
