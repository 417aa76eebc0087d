"""What the read models of orders show, told from events alone."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import structs

from projector.model import Keys
from projector.read_models import order_records, order_status
from shared.documents.order_records import OrderRecord
from shared.documents.orders import OrderStatus, StatusShipping, StatusTax
from shared.events.fulfilment import ParcelLine
from shared.events.gift_cards import GiftPart
from shared.events.orders import (
    CreditPart,
    GoodsDropped,
    OrderAddedTo,
    OrderClosing,
    OrderCompleted,
    OrderExpired,
    OrderReaddressed,
    OrderRedacted,
    Replaces,
)
from shared.events.payments import PaymentCaptured, PaymentDeclined, PaymentVoided
from shared.events.picking import PickStarted
from shared.events.refunds import RefundedLine, RefundFailed, RefundPending, RefundRequested, RefundSucceeded
from shared.events.returns import (
    ReturnApproved,
    ReturnCancelled,
    ReturnedUnits,
    ReturnLabelled,
    ReturnReceived,
    ReturnRequested,
)
from shared.money import Money
from shared.sealed import seal
from tests.unit.projector.events import HISTORY, ORDER, PAYMENT, PERSON, PERSONS_KEY, START, folded, placed, shown


def status(keys: Keys) -> OrderStatus:
    rendered = shown(order_status.MODEL, f"order:{ORDER}", placed(), *HISTORY, keys=keys)
    return msgspec.json.decode(rendered.documents[str(ORDER)] or b"", type=OrderStatus)


def test_a_customer_sees_the_order_and_what_happened_to_it() -> None:
    seen = status({PERSON: PERSONS_KEY})
    assert (seen.state, seen.payment_state, seen.mail) == ("confirmed", "authorized", "ada@example.org")
    assert seen.address is not None
    assert seen.address.city == "Bern"
    assert seen.total == Money(2654, "CHF")
    assert seen.taxes == [StatusTax("VAT", 81_000, Money(2000, "CHF"), Money(154, "CHF"), included=False)]
    assert (seen.sent_by, seen.duties_due) == (StatusShipping("express", "Express", 1, 2), True)
    happened = [step.what for step in seen.history]
    assert happened == ["order_placed", "payment_declined", "payment_authorized", "order_confirmed"]


def test_a_decline_that_is_said_again_is_no_further_step_but_the_reason_there_is_now() -> None:
    again = PaymentDeclined(PAYMENT, ORDER, "x", None, "insufficient_funds", START, again=True)
    rendered = shown(order_status.MODEL, f"order:{ORDER}", placed(), *HISTORY[:3], again, keys={PERSON: PERSONS_KEY})
    seen = msgspec.json.decode(rendered.documents[str(ORDER)] or b"", type=OrderStatus)
    assert [step.what for step in seen.history] == ["order_placed", "payment_declined"]
    assert (seen.decline_reason, seen.retry_at) == ("insufficient_funds", START)


def test_a_redacted_order_names_nobody_though_the_key_is_still_remembered() -> None:
    events = (placed(), *HISTORY, OrderRedacted(ORDER, PERSON), PaymentCaptured(PAYMENT, ORDER, "pi_1", 2654))
    rendered = shown(order_status.MODEL, f"order:{ORDER}", *events, keys={PERSON: PERSONS_KEY})
    seen = msgspec.json.decode(rendered.documents[str(ORDER)] or b"", type=OrderStatus)
    assert (seen.mail, seen.address) == (None, None)
    assert (seen.total, seen.payment_state) == (Money(2654, "CHF"), "captured")


def test_an_erased_person_leaves_the_order_without_mail_and_address() -> None:
    seen = status({PERSON: None})
    assert (seen.mail, seen.address, seen.number) == (None, None, "A-1")


def test_an_order_shows_what_went_back_and_what_is_on_its_way() -> None:
    def refund(n: int, amount: int, quantity: int) -> RefundRequested:
        lines = [RefundedLine("lamp", quantity, amount)]
        return RefundRequested(UUID(int=n), ORDER, PAYMENT, "pi_1", amount, "CHF", "returned", lines, 0, [])

    def seen(*more: Any) -> tuple[OrderStatus, OrderRecord]:
        events = (placed(), *HISTORY, PaymentCaptured(PAYMENT, ORDER, "pi_1", 2654), *more)
        shown_to_all = [
            shown(model, f"order:{ORDER}", *events, keys={PERSON: PERSONS_KEY}).documents[str(ORDER)] or b""
            for model in (order_status.MODEL, order_records.MODEL)
        ]
        return msgspec.json.decode(shown_to_all[0], type=OrderStatus), msgspec.json.decode(
            shown_to_all[1], type=OrderRecord
        )

    asked = (refund(1, 1077, 1), RefundPending(UUID(int=1), ORDER, "re_1"))
    status_now, record = seen(*asked)
    assert (status_now.payment_state, status_now.refunded.amount_minor, record.refunded_minor) == ("captured", 0, 0)
    assert [(r.state, r.quantities) for r in status_now.refunds] == [("pending", {"lamp": 1})]
    gone = (*asked, RefundSucceeded(UUID(int=1), ORDER, "re_1"))
    status_now, record = seen(*gone)
    assert status_now.payment_state == record.payment_state == "partially_refunded"
    assert record.refunded_minor == 1077
    rest = (*gone, refund(2, 1577, 1), RefundSucceeded(UUID(int=2), ORDER, "re_2"))
    status_now, record = seen(*rest)
    assert (status_now.payment_state, status_now.refunded, record.payment_state) == (
        "refunded", Money(2654, "CHF"), "refunded"
    )  # fmt: skip
    status_now, _ = seen(*rest, RefundFailed(UUID(int=2), ORDER, "re_2", "lost_or_stolen_card"))
    assert (status_now.payment_state, status_now.refunded.amount_minor) == ("partially_refunded", 1077)
    assert status_now.history[-1].what == "refund_failed"
    to_card = msgspec.structs.replace(refund(3, 1577, 1), gift_cards=[GiftPart(UUID(int=9), 500)])
    status_now, record = seen(*gone, to_card)
    assert (status_now.refunded.amount_minor, record.refunded_minor) == (1577, 1577), "a gift card has it at once"
    _, record = seen(*gone, to_card, RefundFailed(UUID(int=3), ORDER, None, "refused"))
    assert (record.refunded_minor, record.gift_back_minor) == (1577, 500), "and keeps it"
    _, record = seen(*gone, to_card, RefundSucceeded(UUID(int=3), ORDER, "re_3"))
    assert (record.refunded_minor, record.gift_back_minor) == (2654, 500), "which is all of it, once"


def test_what_was_sent_in_exchange_and_not_paid_stays_unpaid_though_what_the_goods_had_cost_goes_back() -> None:
    """That was taken of the first order, so that nothing was ever paid for this one but by what came back."""
    taken, back = CreditPart(UUID(int=5), "pi_0", 1190), UUID(int=1)
    exchanged = structs.replace(placed(), replaces=Replaces(UUID(int=3), UUID(int=4), [taken]))
    events = (
        exchanged, *HISTORY[:2], OrderClosing(ORDER, "expired"), OrderExpired(ORDER),
        PaymentVoided(PAYMENT, ORDER, "expired"),
        RefundRequested(back, ORDER, taken.payment_id, "pi_0", 1190, "CHF", "not_exchanged", [], 0, []),
        RefundSucceeded(back, ORDER, "re_1"),
    )  # fmt: skip
    keys: Keys = {PERSON: PERSONS_KEY}
    seen, record = [
        shown(model, f"order:{ORDER}", *events, keys=keys).documents[str(ORDER)] or b""
        for model in (order_status.MODEL, order_records.MODEL)
    ]
    status_now = msgspec.json.decode(seen, type=OrderStatus)
    assert (status_now.state, status_now.payment_state, status_now.refunded.amount_minor) == ("expired", "voided", 1190)
    assert msgspec.json.decode(record, type=OrderRecord).payment_state == "voided"


def test_what_was_added_to_an_order_shows_with_both() -> None:
    first = shown(order_status.MODEL, f"order:{ORDER}", placed(), OrderAddedTo(ORDER, UUID(int=77), "7F3K-29QM"))
    seen = msgspec.json.decode(first.documents[str(ORDER)] or b"", type=OrderStatus)
    assert (seen.additions, seen.history[-1].what, seen.adds_to) == ([UUID(int=77)], "order_added_to", None)
    added = structs.replace(placed(), adds_to=UUID(int=78))
    other = shown(order_status.MODEL, f"order:{ORDER}", added).documents[str(ORDER)]
    assert msgspec.json.decode(other or b"", type=OrderStatus).adds_to == UUID(int=78)


def test_an_order_that_goes_elsewhere_shows_where_and_its_record_holds_nothing_of_it() -> None:
    there = b'{"name":"Bob","line1":"2","city":"Bern","postal_code":"3","country":"CH"}'
    moved = seal(PERSONS_KEY, PERSON, "address", there.decode())
    events = (placed(), *HISTORY, OrderReaddressed(ORDER, PERSON, moved))
    rendered = shown(order_status.MODEL, f"order:{ORDER}", *events, keys={PERSON: PERSONS_KEY})
    seen = msgspec.json.decode(rendered.documents[str(ORDER)] or b"", type=OrderStatus)
    assert seen.address is not None
    assert (seen.address.city, seen.history[-1].what) == ("Bern", "order_readdressed")
    ((_, state),) = folded(order_records.MODEL, f"order:{ORDER}", *events).items()
    assert b"s1." not in msgspec.json.encode(state)


def test_an_order_shows_what_comes_back() -> None:
    asked = [ReturnRequested(UUID(int=n), ORDER, [ParcelLine("lamp", 2)], "used", "customer") for n in (1, 2)]
    units = [ReturnedUnits("lamp", 1, "sellable", True)]
    events = (
        placed(), *HISTORY, *asked, ReturnApproved(UUID(int=1), ORDER, "BER"),
        ReturnLabelled(UUID(int=1), ORDER, "SimEx", "1", "label:1"), ReturnCancelled(UUID(int=2), ORDER),
        ReturnReceived(UUID(int=1), ORDER, "HAM", units, None),
    )  # fmt: skip
    seen, noted = [
        shown(model, f"order:{ORDER}", *events, keys={PERSON: PERSONS_KEY}).documents[str(ORDER)] or b""
        for model in (order_status.MODEL, order_records.MODEL)
    ]
    back, other = msgspec.json.decode(seen, type=OrderStatus).returns
    assert (back.state, back.warehouse, back.quantities, back.label) == ("received", "HAM", {"lamp": 1}, "label:1")
    assert other.state == "cancelled"
    record = msgspec.json.decode(noted, type=OrderRecord)
    assert (record.returned_items, record.return_reasons) == (1, ["used"])


def test_an_order_record_holds_nothing_of_the_person_but_the_country() -> None:
    rendered = shown(order_records.MODEL, f"order:{ORDER}", placed(), *HISTORY)
    ((_, state),) = folded(order_records.MODEL, f"order:{ORDER}", placed()).items()
    body = rendered.documents[str(ORDER)] or b""
    record = msgspec.json.decode(body, type=OrderRecord)
    assert (record.state, record.items, record.total_minor, record.country) == ("confirmed", 2, 2654, "CH")
    assert b"Ada" not in body
    assert b"example.org" not in body
    assert b"s1." not in msgspec.json.encode(state), "not even sealed"


def test_an_order_of_which_nothing_went_is_over_with_nobody_at_its_shelf() -> None:
    dropped = GoodsDropped(ORDER, [ParcelLine("LAMP", 1)], [])
    events = (placed(), *HISTORY, PickStarted(UUID(int=8), ORDER, []), dropped)
    over = OrderCompleted(ORDER, nothing_went=True)
    for ends, state, fulfilment in (((), "confirmed", "picking"), ((over,), "completed", "none")):
        for model in (order_status.MODEL, order_records.MODEL):
            rendered = shown(model, f"order:{ORDER}", *events, *ends, keys={PERSON: PERSONS_KEY})
            seen = msgspec.json.decode(rendered.documents[str(ORDER)] or b"")
            assert (seen["state"], seen["fulfilment"]) == (state, fulfilment)
    rendered = shown(order_status.MODEL, f"order:{ORDER}", *events, over, keys={PERSON: PERSONS_KEY})
    told = msgspec.json.decode(rendered.documents[str(ORDER)] or b"")
    assert [step["what"] for step in told["history"]][-2:] == ["goods_dropped", "order_completed"]
