"""The SQL of invoices and credit. With schema/functions/invoices.sql, the only place that names their tables."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.invoices import CreditSet, InvoiceEvent
from shared.shards import account_key, order_key
from write_side import event_log
from write_side.database import Connection, among, overwrite, replace, uses_by_order
from write_side.event_log import NewEvent, Positions
from write_side.invoices.domain import Credit, CreditUses, Invoice, State, evolve, evolve_credit

_CREDIT = "SELECT id, limit_minor, currency, days, used_minor, version FROM credit"
_INVOICE = """SELECT id, order_id, account_id, amount_minor, currency, due_at, state, credited_minor, paid_minor,
                     reference, version, number
              FROM invoice"""
_uses = msgspec.json.Decoder(dict[UUID, int])


async def find_credit(conn: Connection, account_id: UUID, *, lock: bool = False) -> Credit | None:
    """An account's credit; locked, no order takes of it until the transaction ends."""
    row = await conn.fetchrow(f"{_CREDIT} WHERE id = $1 {'FOR UPDATE' if lock else ''}", account_id)
    return None if row is None else Credit(*row)


async def save_credit(
    conn: Connection, credit: Credit | None, event: CreditSet, cause: Metadata
) -> tuple[Credit, Positions]:
    """The row of a locked credit, or a new one, after its terms were set, and the event."""
    now = evolve_credit(credit, event, credit.version + 1 if credit else 1)
    query = "INSERT INTO credit (id, limit_minor, currency, days, used_minor, version) VALUES ($1, $2, $3, $4, $5, $6)"
    if credit is not None:
        query = """UPDATE credit SET limit_minor = $2, currency = $3, days = $4, used_minor = $5, version = $6
                   WHERE id = $1"""
    await conn.execute(query, *structs.astuple(now))
    new = NewEvent("credit", now.id, now.version, account_key(now.id), event)
    return now, await event_log.append(conn, [new], cause)


async def find_user(conn: Connection, order_id: UUID) -> UUID | None:
    """The account whose credit an order uses."""
    account_id: UUID | None = await conn.fetchval("SELECT account_id FROM credit_use WHERE order_id = $1", order_id)
    return account_id


async def free(conn: Connection, order_id: UUID, account_id: UUID, amount_minor: int, cause: Metadata) -> Positions:
    """So much of what an order took of the credit is free again."""
    if not amount_minor:
        return {}
    rows = await conn.fetch(
        """SELECT shard, at FROM event_append_waiting(
               invoices_take(ARRAY[1], ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY[-$3::bigint]), $4)""",
        order_id, account_id, amount_minor, as_json(cause),
    )  # fmt: skip
    return {row["shard"]: row["at"] for row in rows}


async def find(conn: Connection, invoice_id: UUID) -> Invoice | None:
    """One invoice."""
    row = await conn.fetchrow(f"{_INVOICE} WHERE id = $1", invoice_id)
    return None if row is None else Invoice(*row)


async def lock(conn: Connection, invoice_id: UUID) -> Invoice | None:
    """One invoice, held until the transaction ends."""
    row = await conn.fetchrow(f"{_INVOICE} WHERE id = $1 FOR UPDATE", invoice_id)
    return None if row is None else Invoice(*row)


async def lock_of_order(conn: Connection, order_id: UUID) -> Invoice | None:
    """An order's invoice, held until the transaction ends."""
    row = await conn.fetchrow(f"{_INVOICE} WHERE order_id = $1 FOR UPDATE", order_id)
    return None if row is None else Invoice(*row)


async def save(
    conn: Connection, invoice: Invoice | None, event: InvoiceEvent, cause: Metadata
) -> tuple[Invoice, Positions]:
    """The row of a locked invoice, or a new one, after an event, and the event."""
    now = evolve(invoice, event, invoice.version + 1 if invoice else 1)
    if invoice is None:
        await conn.execute(
            """INSERT INTO invoice (id, order_id, account_id, amount_minor, currency, due_at, state, credited_minor,
                                    paid_minor, reference, version, number)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
            *structs.astuple(now),
        )
    else:
        await conn.execute(
            """UPDATE invoice SET state = $2, credited_minor = $3, paid_minor = $4, reference = $5, version = $6
               WHERE id = $1""",
            now.id, now.state, now.credited_minor, now.paid_minor, now.reference, now.version,
        )  # fmt: skip
    new = NewEvent("invoice", now.id, now.version, order_key(now.order_id), event)
    return now, await event_log.append(conn, [new], cause)


# Said for the index of numbers, which leaves out invoices from before there were any: plans are made before values are
# known, and a plan without it reads all invoices.
_NUMBERED = "number <> ''"


def last_number_in(table: str) -> str:
    """The query for the last number of a year: $1 is the year, $2 what the next one's begin with.

    Those of more than seven digits go by what is counted: as text 2026-10000000 would stand before 2026-9999999, and be
    given again and again.
    """
    return f"""SELECT coalesce(
        (SELECT number FROM {table} WHERE length(number) > 12 AND split_part(number, '-', 1) = $1
         ORDER BY split_part(number, '-', 2)::bigint DESC LIMIT 1),
        (SELECT number FROM {table} WHERE {_NUMBERED} AND number > $1 || '-' AND number < $2
         ORDER BY number DESC LIMIT 1))"""  # noqa: S608  # tables of ours


LAST_NUMBER = last_number_in("invoice")


async def last_number(conn: Connection, year: int) -> str | None:
    """The last number of a year's invoices, None if there is none yet. Nobody else issues one until the transaction
    ends: a number that is given back with a transaction is the next one's."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('numbers of invoices', 0))")
    # A statement of its own: it sees the invoice of whoever held the lock before.
    last: str | None = await conn.fetchval(LAST_NUMBER, str(year), f"{year + 1}-")
    return last


async def due(conn: Connection, now: datetime, limit: int) -> list[UUID]:
    """Open invoices whose time is over."""
    query = """SELECT id FROM invoice WHERE state = 'open' AND due_at <= $1 AND credited_minor < amount_minor
               ORDER BY due_at LIMIT $2"""
    return [row["id"] for row in await conn.fetch(query, now, limit)]


async def page(
    conn: Connection, state: State | None, number: str | None, after: UUID | None, limit: int
) -> list[Invoice]:
    """Invoices, the newest first, behind one of them."""
    numbered = f"number = $2 AND {_NUMBERED}" if number else "$2::text IS NULL"
    query = f"""{_INVOICE} WHERE ($1::text IS NULL OR state = $1) AND {numbered} AND ($3::uuid IS NULL OR id < $3)
                ORDER BY id DESC LIMIT $4"""
    return [Invoice(*row) for row in await conn.fetch(query, state, number, after, limit)]


async def all_credits(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Credit]:
    """Every row, or those of some, for the comparison with the log."""
    return [Credit(*row) for row in await conn.fetch(*among(_CREDIT, ids))]


async def all_uses(conn: Connection, ids: Sequence[UUID] | None = None) -> list[CreditUses]:
    """Which orders use how much of every credit, or of some, for the comparison with the log."""
    found = await uses_by_order(conn, "credit", "account_id", "u.amount_minor", ids)
    return [CreditUses(id_, _uses.decode(uses)) for id_, uses in found]


async def all_invoices(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Invoice]:
    """Every row, or those of some, for the comparison with the log."""
    return [Invoice(*row) for row in await conn.fetch(*among(_INVOICE, ids))]


async def rewrite_credit(conn: Connection, credit: Credit, uses: CreditUses) -> None:
    """Make the rows say this; for a repair."""
    await overwrite(conn, "credit", structs.asdict(credit))
    rows = [{"order_id": order, "amount_minor": amount} for order, amount in uses.orders.items()]
    await replace(conn, "credit_use", ("account_id", credit.id), rows)


async def rewrite_invoice(conn: Connection, invoice: Invoice) -> None:
    """Make the row say this; for a repair."""
    await overwrite(conn, "invoice", structs.asdict(invoice))


async def of_account(conn: Connection, account_id: UUID) -> list[Invoice]:
    """An account's invoices, the oldest first."""
    rows = await conn.fetch(f"{_INVOICE} WHERE account_id = $1 ORDER BY id", account_id)
    return [Invoice(*row) for row in rows]
