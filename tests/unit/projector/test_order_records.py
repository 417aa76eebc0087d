"""What analysts are told of an order: its lines, what went back, and how its payment came to be."""

from typing import Any
from uuid import UUID

import msgspec

from projector.read_models import order_records
from shared.documents.order_records import OrderRecord
from shared.events.fraud import PaymentDisputed
from shared.events.fulfilment import ParcelLine, ParcelShipped
from shared.events.orders import OrderReaddressed
from shared.events.payments import PaymentAuthorized, PaymentCaptured, PaymentDeclined, PaymentRetried
from shared.events.refunds import AmountReleased, RefundedLine, RefundRequested, RefundSucceeded
from shared.events.returns import ReturnLabelled, ReturnRequested
from tests.unit.projector.events import HISTORY, ORDER, PAYMENT, folded, placed, shown


def record_of(*more: Any) -> OrderRecord:
    rendered = shown(order_records.MODEL, f"order:{ORDER}", placed(), *more)
    return msgspec.json.decode(rendered.documents[str(ORDER)] or b"", type=OrderRecord)


def test_an_order_record_tells_of_each_line_what_it_brought_and_what_went_back() -> None:
    back: Any = (UUID(int=1), ORDER, PAYMENT, "pi_1", 1077, "CHF", "returned", [RefundedLine("lamp", 1, 1077)], 0, [])
    asked = (*HISTORY, RefundRequested(*back))
    [line] = record_of(*asked).lines
    assert (line.quantity, line.charged_minor, line.refunded_quantity, line.refunded_minor) == (2, 2154, 0, 0)
    [line] = record_of(*asked, RefundSucceeded(UUID(int=1), ORDER, "re_1")).lines
    assert (line.refunded_quantity, line.refunded_minor, line.released_minor) == (1, 1077, 0)
    [line] = record_of(*HISTORY, AmountReleased(*back)).lines
    assert (line.released_quantity, line.released_minor, line.refunded_minor) == (1, 1077, 0)


def test_an_order_record_tells_whose_try_recovered_a_declined_payment() -> None:
    declined = PaymentDeclined(PAYMENT, ORDER, "x", None, "stolen_card")
    again = msgspec.structs.replace(declined, again=True)  # as the last one, or as one that no retry follows
    authorized = PaymentAuthorized(PAYMENT, ORDER, "pi_1", 2654)
    tries = [
        ((), None, 0, None),
        ((authorized,), None, 0, None),
        ((declined,), "stolen_card", 1, None),
        ((declined, authorized), "stolen_card", 1, "customer"),
        ((declined, PaymentRetried(PAYMENT, ORDER, 1), authorized), "stolen_card", 1, "retry"),
        ((declined, PaymentRetried(PAYMENT, ORDER, 1), declined, authorized), "stolen_card", 2, "customer"),
        ((declined, PaymentRetried(PAYMENT, ORDER, 1), again, authorized), "stolen_card", 1, "customer"),
    ]
    for events, reason, declines, recovered_by in tries:
        record = record_of(*events)
        assert (record.first_decline_reason, record.declines, record.recovered_by) == (reason, declines, recovered_by)
    assert record_of(declined, authorized, PaymentCaptured(PAYMENT, ORDER, "pi_1", 2600)).captured_minor == 2600


def test_nothing_that_leads_to_a_person_is_remembered_beside_an_order_record() -> None:
    lines, back = [ParcelLine("lamp", 1)], (UUID(int=3), ORDER)
    state = folded(
        order_records.MODEL, f"order:{ORDER}", placed(), *HISTORY,
        OrderReaddressed(ORDER, UUID(int=9), "sealed address"),
        ParcelShipped(UUID(int=2), ORDER, "post", "OUT-1", lines),
        ReturnRequested(*back, lines, "too small", "customer"),
        ReturnLabelled(*back, "post", "BACK-1", "https://labels.example/1"),
    )  # fmt: skip
    kept = msgspec.json.encode(state).decode()
    assert "post" in kept
    for found in ("OUT-1", "BACK-1", "labels.example", "sealed address"):
        assert found not in kept


def test_disputes_stand_in_their_order_each_as_it_was_told_last() -> None:
    def told(id_: str, status: str, currency: str = "CHF") -> PaymentDisputed:
        return PaymentDisputed(PAYMENT, ORDER, id_, status, "fraudulent", 2654, currency)

    record = record_of(*HISTORY, told("a", "needs_response"), told("b", "needs_response", "EUR"), told("a", "lost"))
    assert [(each.dispute_id, each.status, each.amount_minor, each.currency) for each in record.disputes] == [
        ("a", "lost", 2654, "CHF"), ("b", "needs_response", 2654, "EUR"),
    ]  # fmt: skip
    began, told_at = record.disputes[0].began_at, record.disputes[0].told_at
    assert (told_at - began).seconds == 2
    assert (record.updated_at, record.position, record.payment_state) == (told_at, 9, "authorized")
