"""What was taken off an invoice without a credit note is given one: a process of a version from before there were any
refunds so while it is replaced. Exactly once, with the checkpoint; nobody has to know of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import takewhile

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.invoices import InvoiceCredited
from write_side import invoices
from write_side.database import Connection
from write_side.invoices import TakenOff
from write_side.reactions import Reaction
from write_side.refunds import store, taxing
from write_side.refunds.handlers import lock_bought

SCAN = 500  # events looked at in one go: hardly any has no credit note


def reactions() -> list[Reaction]:
    """What is taken off an invoice is looked at. Each locks an order and an invoice: one in a transaction, as refunds
    do."""
    return [Reaction("missing_credit_notes", (tag_of(InvoiceCredited),), _note, SCAN, _without_note, most=1)]


async def _without_note(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """One question for all of them."""
    noted = await invoices.refunds_with_note(conn, [_credited(recorded).refund_id for recorded in events])
    return [recorded for recorded in events if _credited(recorded).refund_id not in noted]


async def _note(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
    assert isinstance(event, InvoiceCredited)
    refund = await store.find(conn, event.refund_id)
    assert refund is not None, "an invoice is lowered by a refund"
    bought = await lock_bought(conn, refund.order_id)
    before = takewhile(lambda each: each.id != refund.id, await store.as_it_went(conn, refund.order_id))
    off = TakenOff(refund.id, event.amount_minor, *taxing.tax_charged(refund, bought, list(before)), refund.reason)
    await invoices.note_missing(conn, event.invoice_id, off, datetime.now(UTC), cause)


def _credited(recorded: Recorded) -> InvoiceCredited:
    [event] = decode_events(recorded.type, recorded.payload)
    assert isinstance(event, InvoiceCredited)
    return event
