"""The books add up: numbers run without a gap, no invoice has more taken off than stands on it, and whatever was taken
off one has a credit note."""

from collections import Counter
from collections.abc import Iterable, Iterator
from uuid import UUID

from doorbuster.verify import events_of
from shared.codec import decode_events
from shared.events.invoices import InvoiceCredited
from write_side.database import Connection
from write_side.invoices import store as invoices
from write_side.invoices.credit_notes import store as credit_notes


async def differences(conn: Connection) -> list[str]:
    """Numbers that are missing or given twice, invoices whose credit notes come to more than was taken off them or
    stands on them, and refunds that were taken off one without a credit note; one line each."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        issued, notes = await invoices.all_invoices(conn), await credit_notes.all_notes(conn)
        credited = await _credited(conn)
    noted = Counter[str]()
    for note in notes:
        noted[str(note.invoice_id)] += note.amount_minor
    return [
        *_gaps("invoices", (invoice.number for invoice in issued if invoice.number)),
        *_gaps("credit notes", (note.number for note in notes)),
        *(
            f"invoice {each.id}: {noted[str(each.id)]} in credit notes, {each.credited_minor} of "
            f"{each.amount_minor} was taken off"
            for each in issued
            if not noted[str(each.id)] <= each.credited_minor <= each.amount_minor
        ),
        *(
            f"refund {id_}: taken off invoice {credited[id_]}, and there is no credit note about it"
            for id_ in sorted(credited.keys() - {note.refund_id for note in notes})
        ),
    ]


async def _credited(conn: Connection) -> dict[UUID, UUID]:
    """Refund → the invoice that it was taken off, of those that have a credit note if all is well."""
    found = {}
    async for recorded in events_of(conn, "invoice", await credit_notes.begin(conn)):
        for event in decode_events(recorded.type, recorded.payload):
            if isinstance(event, InvoiceCredited):
                found[event.refund_id] = event.invoice_id
    return found


def _gaps(what: str, numbers: Iterable[str]) -> Iterator[str]:
    years: dict[str, list[int]] = {}
    for number in numbers:
        year, _, n = number.partition("-")
        years.setdefault(year, []).append(int(n))
    for year, given in sorted(years.items()):
        if sorted(given) != list(range(1, len(given) + 1)):
            yield f"{what} of {year}: {len(given)} numbers up to {max(given)}, from {min(given)} on"
