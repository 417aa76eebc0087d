"""The SQL of credit notes, the only place that names their table."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.invoices import CreditNoteIssued
from shared.events.orders import OrderTax
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, among, insert, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.invoices.credit_notes.domain import CreditNote, evolve
from write_side.invoices.store import last_number_in

_NOTE = """SELECT id, number, invoice_id, invoice_number, order_id, account_id, refund_id, amount_minor, tax_minor,
                  currency, reason, issued_at, version, taxes
           FROM credit_note"""
_taxes = msgspec.json.Decoder(list[OrderTax])
LAST_NUMBER = last_number_in("credit_note")


async def hold_numbers(conn: Connection) -> None:
    """Nobody else issues a credit note until the transaction ends: a number that is given back with a transaction is
    the next one's. Held ahead of the stock, behind invoices and credit."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('numbers of credit notes', 0))")


async def last_number(conn: Connection, year: int) -> str | None:
    """The last number of a year's credit notes, None if there is none yet; whoever goes by it holds the numbers."""
    # A statement of its own, behind the lock: it sees the credit note of whoever held that before.
    last: str | None = await conn.fetchval(LAST_NUMBER, str(year), f"{year + 1}-")
    return last


async def save(conn: Connection, event: CreditNoteIssued, cause: Metadata) -> Positions:
    """The row of a new credit note, and the event."""
    note = evolve(event, 1)
    await insert(conn, "credit_note", _columns(note))
    return await event_log.append(conn, [NewEvent("credit_note", note.id, 1, order_key(note.order_id), event)], cause)


async def find(conn: Connection, note_id: UUID) -> CreditNote | None:
    """One credit note."""
    row = await conn.fetchrow(f"{_NOTE} WHERE id = $1", note_id)
    return None if row is None else _note(row)


async def of_refund(conn: Connection, refund_id: UUID) -> CreditNote | None:
    """The credit note of a refund; None where it took nothing off an invoice, or there were none yet."""
    row = await conn.fetchrow(f"{_NOTE} WHERE refund_id = $1", refund_id)
    return None if row is None else _note(row)


async def refunds_with_note(conn: Connection, refund_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these refunds that have a credit note."""
    rows = await conn.fetch("SELECT refund_id FROM credit_note WHERE refund_id = ANY ($1)", refund_ids)
    return {row["refund_id"] for row in rows}


async def begin(conn: Connection) -> int:
    """From behind which position of the log on whatever is taken off an invoice has a credit note."""
    return int(await conn.fetchval("SELECT position FROM credit_notes_since"))


async def of_account(conn: Connection, account_id: UUID) -> list[CreditNote]:
    """An account's credit notes, the oldest first."""
    rows = await conn.fetch(f"{_NOTE} WHERE account_id = $1 ORDER BY id", account_id)
    return [_note(row) for row in rows]


async def page(
    conn: Connection, number: str | None, invoice_id: UUID | None, after: UUID | None, limit: int
) -> list[CreditNote]:
    """Credit notes, the newest first, behind one of them."""
    # Plans are made before values are known: only what is given is looked for, by its index.
    given = "number = $1" if number else "$1::text IS NULL", "invoice_id = $2" if invoice_id else "$2::uuid IS NULL"
    query = f"{_NOTE} WHERE {' AND '.join(given)} AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
    return [_note(row) for row in await conn.fetch(query, number, invoice_id, after, limit)]


async def all_notes(conn: Connection, ids: Sequence[UUID] | None = None) -> list[CreditNote]:
    """Every row, or those of some, for the comparison with the log."""
    return [_note(row) for row in await conn.fetch(*among(_NOTE, ids))]


async def rewrite_note(conn: Connection, note: CreditNote) -> None:
    """Make the row say this; for a repair."""
    await overwrite(conn, "credit_note", _columns(note))


def _columns(note: CreditNote) -> dict[str, object]:
    return structs.asdict(note) | {"taxes": as_json(note.taxes).decode()}


def _note(row: asyncpg.Record) -> CreditNote:
    return CreditNote(**dict(row) | {"taxes": _taxes.decode(row["taxes"])})
