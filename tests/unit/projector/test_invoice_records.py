"""What analysts see of invoices and their credit notes, and of orders on invoice, told from the events alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import Struct, structs

from projector.read_models import invoice_records, order_records
from shared.documents.invoices import InvoiceRecord, RecordedTax
from shared.documents.order_records import OrderRecord
from shared.events.gift_cards import GiftPart
from shared.events.invoices import (
    CreditFreed,
    CreditNoteIssued,
    CreditUsed,
    InvoiceCredited,
    InvoiceIssued,
    InvoiceOverdue,
    InvoicePaid,
)
from shared.events.orders import OrderPlaced, OrderTax
from shared.events.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentReduced,
    PaymentRequested,
    PaymentVoided,
)
from shared.events.refunds import AmountReleased, RefundedLine, RefundFailed, RefundRequested, RefundSucceeded
from tests.unit.projector.events import ORDER, PAYMENT, START, folded, placed, recorded, shown

INVOICE, ACCOUNT, REFUND, NOTE = (UUID(int=n) for n in (1, 2, 3, 4))
DUE = datetime(2026, 12, 27, tzinfo=UTC)
ISSUED = InvoiceIssued(INVOICE, ORDER, ACCOUNT, 2654, "CHF", DUE, "2026-0000001")
VAT = OrderTax("VAT", 81_000, 1000, 77, included=False)


def off(amount_minor: int, total: int) -> InvoiceCredited:
    return InvoiceCredited(INVOICE, ORDER, REFUND, amount_minor, total)


def note(amount_minor: int, *taxes: OrderTax) -> CreditNoteIssued:
    return CreditNoteIssued(
        NOTE, "2026-0000003", INVOICE, "2026-0000001", ORDER, ACCOUNT, REFUND, amount_minor, 77, "CHF", "damaged",
        START, list(taxes),
    )  # fmt: skip


def paid(amount_minor: int) -> InvoicePaid:
    return InvoicePaid(INVOICE, ORDER, "2026-12-01/17", amount_minor)


def invoice(*more: Struct) -> InvoiceRecord:
    body = shown(invoice_records.MODEL, f"order:{ORDER}", ISSUED, *more).documents[str(INVOICE)] or b""
    assert b"2026-12-01/17" not in body, "what the bank knows the money by is nobody's business here"
    return msgspec.json.decode(body, type=InvoiceRecord)


def test_an_invoice_is_a_record_of_what_is_to_come_and_of_what_was_taken_off() -> None:
    histories: list[list[Struct]] = [
        [], [InvoiceOverdue(INVOICE, ORDER)], [off(1077, 1077)], [off(2654, 2654)], [paid(2654)],
        [off(1077, 1077), paid(1577), off(577, 1654)],
    ]  # fmt: skip
    found = [invoice(*history) for history in histories]
    assert [(each.state, each.open_minor, each.owed_minor) for each in found] == [
        ("open", 2654, 0), ("overdue", 2654, 0), ("open", 1577, 0), ("credited", 0, 0), ("paid", 0, 0),
        ("paid", 0, 577),
    ]  # fmt: skip
    last = found[-1]
    assert (last.amount_minor, last.credited_minor, last.paid_minor) == (2654, 1654, 1577)
    assert (last.number, last.order_id, last.account_id, last.due_at) == ("2026-0000001", ORDER, ACCOUNT, DUE)
    assert (last.issued_at, last.paid_at) == (found[0].updated_at, START + timedelta(seconds=3))
    assert last.days_to_payment == 0
    assert [each.overdue_at is not None for each in found] == [False, True, False, False, False, False]
    assert (found[0].paid_at, found[0].days_to_payment, last.position) == (None, None, 4)


def test_credit_notes_stand_in_their_invoice_with_each_rate_and_one_without_any_where_none_is_told() -> None:
    told, untold = invoice(off(1077, 1077), note(1077, VAT)), invoice(off(1077, 1077), note(1077))
    [filed] = told.credit_notes
    assert (filed.number, filed.refund_id, filed.reason) == ("2026-0000003", REFUND, "damaged")
    assert (filed.amount_minor, filed.tax_minor, filed.issued_at) == (1077, 77, START)
    assert filed.taxes == [RecordedTax("VAT", 81_000, 1000, 77, included=False)]
    assert [each.taxes for each in untold.credit_notes] == [[RecordedTax("", None, 1000, 77, included=False)]]


@pytest.mark.parametrize("model", [invoice_records.MODEL, order_records.MODEL])
def test_the_credit_of_an_account_is_no_invoice_s(model: Any) -> None:
    for event in (CreditUsed(ACCOUNT, ORDER, 100, 100), CreditFreed(ACCOUNT, ORDER, 100, 0)):
        assert model.touches(recorded(event, f"account:{ACCOUNT}", 1), event) == ()


def order_of(*more: Struct, method: str = "invoice") -> OrderRecord:
    asked = PaymentRequested(PAYMENT, ORDER, 2654, "CHF", method)
    body = shown(order_records.MODEL, f"order:{ORDER}", placed(), asked, *more).documents[str(ORDER)] or b""
    return msgspec.json.decode(body, type=OrderRecord)


AUTHORIZED, CAPTURED = PaymentAuthorized(PAYMENT, ORDER, "i", 2654), PaymentCaptured(PAYMENT, ORDER, "i", 2654)


def test_what_is_on_invoice_and_not_paid_yet_is_told_apart_in_an_order() -> None:
    voided, reduced = PaymentVoided(PAYMENT, ORDER, "cancelled"), PaymentReduced(PAYMENT, ORDER, 654)
    histories: list[tuple[list[Struct], int]] = [
        ([], 0),  # nobody has confirmed it
        ([AUTHORIZED], 2654),
        ([AUTHORIZED, reduced], 2000),
        ([AUTHORIZED, voided], 0),
        ([AUTHORIZED, CAPTURED, ISSUED], 2654),
        ([AUTHORIZED, CAPTURED, ISSUED, off(1077, 1077), note(1077)], 1577),
        ([AUTHORIZED, CAPTURED, ISSUED, off(1077, 1077), InvoiceOverdue(INVOICE, ORDER)], 1577),
        ([AUTHORIZED, CAPTURED, ISSUED, paid(2654)], 0),
        ([AUTHORIZED, CAPTURED, ISSUED, paid(2654), off(1077, 1077)], 0),
    ]
    assert [order_of(*history).unpaid_minor for history, _ in histories] == [due for _, due in histories]
    assert order_of(AUTHORIZED, CAPTURED, method="card").unpaid_minor == 0
    assert [order_of(method=method).payment_method for method in ("card", "invoice")] == ["card", "invoice"]


def test_an_order_tells_its_taxes_by_rate_and_those_of_all_credit_notes_of_its_invoice_whoever_was_refunded() -> None:
    back = [RefundedLine("lamp", 1, 1077)]
    asked = RefundRequested(REFUND, ORDER, PAYMENT, "i", 1077, "CHF", "damaged", back, 0, [])
    history = (AUTHORIZED, CAPTURED, ISSUED, asked, off(1077, 1077))
    replacement_s = structs.replace(note(1577, VAT), credit_note_id=UUID(int=5), refund_id=UUID(int=6))
    told = order_of(*history, note(1077), RefundSucceeded(REFUND, ORDER, "r"), replacement_s)
    assert told.taxes == [RecordedTax("VAT", 81_000, 2000, 154, included=False)]
    assert (told.country, told.position, order_of(*history).credit_notes) == ("CH", 10, [])
    notes = [(each.refund_id, each.issued_at, each.amount_minor, each.taxes) for each in told.credit_notes]
    assert notes == [
        (REFUND, START, 1077, [RecordedTax("", None, 1000, 77, included=False)]),
        (UUID(int=6), START, 1577, [RecordedTax("VAT", 81_000, 1000, 77, included=False)]),
    ]


def test_an_order_from_before_rates_were_told_has_all_of_its_tax_without_one_and_what_is_not_taxed_has_none() -> None:
    old = structs.replace(placed(), taxes=[])
    untaxed = structs.replace(old, totals=structs.replace(old.totals, tax_minor=0, total_minor=2500))
    assert _taxes_of(old) == [RecordedTax("", None, 2500, 154, included=False)]
    assert _taxes_of(untaxed) == []


def _taxes_of(order: OrderPlaced) -> list[RecordedTax]:
    body = shown(order_records.MODEL, f"order:{ORDER}", order).documents[str(ORDER)] or b""
    return msgspec.json.decode(body, type=OrderRecord).taxes


def test_what_gift_cards_got_or_pays_for_other_goods_is_back_whatever_becomes_of_the_rest() -> None:
    parts: dict[str, Any] = {"gift_cards": [GiftPart(UUID(int=30), 1000)], "moved_minor": 54}
    asked = RefundRequested(REFUND, ORDER, PAYMENT, "i", 2654, "CHF", "damaged", [], 0, [], **parts)
    ends = [(), (RefundFailed(REFUND, ORDER, None, "expired_card"),), (RefundSucceeded(REFUND, ORDER, "r"),)]
    found = [order_of(AUTHORIZED, CAPTURED, asked, *end).refunds[0].back_minor for end in ends]
    assert found == [1054, 1054, 2654]
    released = AmountReleased(REFUND, ORDER, PAYMENT, "i", 54, "CHF", "missing", [], 0, [])
    assert order_of(AUTHORIZED, released).refunds[0].back_minor == 54


def test_a_refund_tells_its_taxes_by_rate_once_it_has_succeeded_and_one_that_tells_none_has_none() -> None:
    asked = RefundRequested(REFUND, ORDER, PAYMENT, "i", 1077, "CHF", "damaged", [], 0, [], tax_minor=77, taxes=[VAT])
    succeeded, failed = RefundSucceeded(REFUND, ORDER, "r"), RefundFailed(REFUND, ORDER, "r", "lost_or_stolen_card")
    as_one, untaxed = structs.replace(asked, taxes=[]), structs.replace(asked, tax_minor=0, taxes=[])
    older = structs.replace(untaxed, tax_minor=None)
    released = AmountReleased(REFUND, ORDER, PAYMENT, "i", 1077, "CHF", "missing", [], 0, [], 77, [VAT])
    by_rate = [RecordedTax("VAT", 81_000, 1000, 77, included=False)]
    histories: list[tuple[list[Struct], int, list[RecordedTax]]] = [
        ([asked], 0, []),
        ([asked, succeeded], 1077, by_rate),
        ([asked, succeeded, failed], 0, []),
        ([as_one, succeeded], 1077, [RecordedTax("", None, 1000, 77, included=False)]),
        ([untaxed, succeeded], 1077, []),
        ([older, succeeded], 0, []),
        ([released], 1077, by_rate),
    ]
    for history, amount, taxes in histories:
        [told] = order_of(AUTHORIZED, CAPTURED, *history, method="card").refunds
        assert (told.told_minor, told.taxes) == (amount, taxes)
        assert told.told_minor <= told.back_minor


def test_the_memory_of_an_order_is_up_to_its_invoice_s_last_event() -> None:
    ((_, state),) = folded(order_records.MODEL, f"order:{ORDER}", placed(), ISSUED, paid(2654)).items()
    assert isinstance(state, order_records.RecordedOrder)
    assert (state.position, state.order.position, state.order.updated_at) == (3, 3, START + timedelta(seconds=3))
