"""The SQL of orders. With schema/functions/orders.sql and the stores of this context's folders, the only place that
names their tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.orders import Allocation, OrderExtended, PricedLine
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent, Positions
from write_side.gift_cards import paid_by
from write_side.orders.domain import Order
from write_side.orders.refusals import UnknownOrder
from write_side.orders.rows import as_order, text

_ORDER = """SELECT o.id, o.number, o.quote_id, o.cart_id, o.payment_id, o.person_id, o.mail, o.address, o.country,
                   o.currency, o.lines_minor, o.shipping_minor, o.tax_minor, o.total_minor, o.discount_minor,
                   o.expires_at, o.state, o.closing_reason, o.deducted, o.version, o.discounts, o.account_id,
                   o.shipping, o.taxes, o.duties_due, o.gift_cards, o.replaces,
                   o.bundles, o.adds_to, o.additions, o.counted_as, o.locale, o.names, o.dropped
            FROM customer_order o"""
_LINES = """SELECT order_id, sku, product_id, variant_id, name, quantity, unit_price_minor, total_minor, tax_minor,
                   discount_minor, price_list_id, from_quantity, tax_included, included_tax_minor, gift_quantity,
                   gift_card, bundle
            FROM order_line WHERE order_id = ANY ($1) ORDER BY order_id, n"""
_ALLOCATIONS = """SELECT order_id, sku, warehouse, quantity FROM order_allocation
                  WHERE order_id = ANY ($1) ORDER BY order_id, n"""


async def lock_order(conn: Connection, order_id: UUID) -> Order | None:
    """An order, held until the transaction ends; without its lines, which no decision asks for.

    Whoever needs order and payment locks the order first.
    """
    row = await conn.fetchrow(f"{_ORDER} WHERE o.id = $1 FOR UPDATE", order_id)
    return None if row is None else as_order(row, [], [])


async def lock_whole(conn: Connection, order_id: UUID) -> Order:
    """The same with its lines; refuses `unknown_order`."""
    found = await _orders(conn, await conn.fetch(f"{_ORDER} WHERE o.id = $1 FOR UPDATE", order_id))
    if not found:
        raise UnknownOrder("there is no such order")
    return found[0]


async def find_head(conn: Connection, order_id: UUID) -> Order | None:
    """An order without its lines."""
    row = await conn.fetchrow(f"{_ORDER} WHERE o.id = $1", order_id)
    return None if row is None else as_order(row, [], [])


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


async def fallen_through(conn: Connection, after: UUID, limit: int) -> list[UUID]:
    """Orders in exchange that were cancelled or expired, and whose goods are here and not paid back yet; behind one."""
    query = """SELECT id FROM customer_order
               WHERE replaces IS NOT NULL AND state IN ('cancelled', 'expired') AND id > $1
                     AND returns_to_pay_back((replaces ->> 'return_id')::uuid)
               ORDER BY id LIMIT $2"""
    return [row["id"] for row in await conn.fetch(query, after, limit)]


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


async def of_person(conn: Connection, person_id: UUID) -> list[Order]:
    """A person's orders with their lines, oldest first."""
    return await _orders(conn, await conn.fetch(f"{_ORDER} WHERE o.person_id = $1 ORDER BY o.id", person_id))


async def unfinished_of_person(conn: Connection, person_id: UUID) -> list[Order]:
    """A person's orders that may have something to come: all that are neither cancelled nor expired, without lines."""
    query = f"{_ORDER} WHERE o.person_id = $1 AND o.state NOT IN ('cancelled', 'expired') ORDER BY o.id"
    return [as_order(row, [], []) for row in await conn.fetch(query, person_id)]


async def is_being_refunded(conn: Connection, order_id: UUID) -> bool:
    """Whether money of this order may still be on its way back."""
    return bool(await conn.fetchval("SELECT refunds_open($1)", order_id))


async def is_being_returned(conn: Connection, order_id: UUID) -> bool:
    """Whether goods of this order may still come back."""
    return bool(await conn.fetchval("SELECT returns_open($1)", order_id))


async def is_being_invoiced(conn: Connection, order_id: UUID) -> bool:
    """Whether something of this order's invoice is still to be paid."""
    return bool(await conn.fetchval("SELECT invoices_open($1)", order_id))


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


async def deducted_of(conn: Connection, item_id: UUID) -> dict[UUID, int]:
    """Order → how many of a stock item were taken off for it, of those orders that are paid and not over yet."""
    rows = await conn.fetch(
        """SELECT a.order_id, a.quantity
           FROM order_allocation a
           JOIN customer_order o ON o.id = a.order_id AND o.deducted AND o.state IN ('confirmed', 'closing')
           WHERE a.item_id = $1 AND a.order_id >= (
               SELECT id FROM customer_order WHERE deducted AND state IN ('confirmed', 'closing')
               ORDER BY id LIMIT 1)""",
        item_id,
    )
    found: dict[UUID, int] = {}
    for row in rows:
        found[row["order_id"]] = found.get(row["order_id"], 0) + row["quantity"]
    return found


async def allocated(conn: Connection, ids: Sequence[UUID], sku: str) -> dict[UUID, int]:
    """Order → how many of a SKU are taken for it, anywhere."""
    query = """SELECT order_id, sum(quantity) AS n FROM order_allocation
               WHERE order_id = ANY ($1) AND sku = $2 GROUP BY order_id"""
    return {row["order_id"]: row["n"] for row in await conn.fetch(query, ids, sku)}


async def items_of(conn: Connection, order_id: UUID) -> dict[tuple[str, str], UUID]:
    """(SKU, warehouse) → stock item of an order's allocations."""
    query = "SELECT sku, warehouse, item_id FROM order_allocation WHERE order_id = $1 ORDER BY n"
    return {(row["sku"], row["warehouse"]): row["item_id"] for row in await conn.fetch(query, order_id)}


async def rewrite_order(conn: Connection, order: Order, items: Mapping[tuple[str, str], UUID]) -> None:
    """Make the rows say this, for a repair; `items` is (SKU, warehouse) → stock item."""
    columns = structs.asdict(order)
    lines, allocations, totals = (columns.pop(name) for name in ("lines", "allocations", "totals"))
    columns["discounts"], columns["shipping"] = as_json(order.discounts).decode(), text(order.shipping)
    columns["taxes"], columns["bundles"] = as_json(order.taxes).decode(), as_json(order.bundles).decode()
    columns["gift_cards"], columns["gift_minor"] = as_json(order.gift_cards).decode(), paid_by(order.gift_cards)
    columns["names"], columns["dropped"] = as_json(order.names).decode(), as_json(order.dropped).decode()
    columns["replaces"], columns["credit_minor"] = text(order.replaces), order.credit_minor
    await overwrite(conn, "customer_order", columns | structs.asdict(totals))
    of_order = ("order_id", order.id)
    await replace(conn, "order_line", of_order, [{"n": n} | structs.asdict(line) for n, line in enumerate(lines, 1)])
    taken = [{"n": n, "item_id": items[a.sku, a.warehouse]} | structs.asdict(a) for n, a in enumerate(allocations, 1)]
    await replace(conn, "order_allocation", of_order, taken)


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
    return [as_order(row, lines[row["id"]], allocations[row["id"]]) for row in rows]
