"""The books add up: numbers run without a gap, and no invoice has more taken off than stands on it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from write_side.database import Connection
from write_side.invoices import store as invoices
from write_side.invoices.credit_notes import store as credit_notes


async def differences(conn: Connection) -> list[str]:
    """Numbers that are missing or given twice, and invoices whose credit notes come to more than was taken off them or
    stands on them; one line each."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        issued, notes = await invoices.all_invoices(conn), await credit_notes.all_notes(conn)
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
    ]


def _gaps(what: str, numbers: Iterable[str]) -> Iterator[str]:
    years: dict[str, list[int]] = {}
    for number in numbers:
        year, _, n = number.partition("-")
        years.setdefault(year, []).append(int(n))
    for year, given in sorted(years.items()):
        if sorted(given) != list(range(1, len(given) + 1)):
            yield f"{what} of {year}: {len(given)} numbers up to {max(given)}, from {min(given)} on"
