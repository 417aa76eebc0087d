"""Who wins every race between a customer who pays and an order that ends: the whole table."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shared.events.orders import Totals
from shared.ids import uuid7
from write_side.orders.domain import Order
from write_side.orders.verdicts import judge, only_made
from write_side.payments import Payment, Seen, Work
from write_side.payments.declines import Decline

ID, NOW = UUID(int=1), datetime.now(UTC)
ORDER = Order(
    ID, "7F3K-29QM", ID, ID, ID, ID, "", "", "DE", [], Totals("EUR", 0, 0, 0, 0), [], NOW,
    "pending_payment", None, False, 1,
)  # fmt: skip
CARD = Decline("ch_1", "card_declined", "generic_decline")
AT_THEIR_BANK = Decline("payment_intent_authentication_failure", "payment_intent_authentication_failure", None)


def order(state: str, reason: str | None = None) -> Order:
    return msgspec.structs.replace(ORDER, state=state, closing_reason=reason)


def work(
    state: str, intent_id: str | None = "pi_1", last_decline: str | None = None, declines: Sequence[str] = ()
) -> Work:
    payment = Payment(ID, ID, 1000, "EUR", state, intent_id, 2)  # type: ignore[arg-type]
    return Work(payment, None, False, 0, last_decline, declines=declines)


def seen(status: str, **other: Any) -> Seen:
    shown = Seen("pi_1", status, 1000, "EUR", 1000 if status in ("requires_capture", "succeeded") else 0, ID, ID)
    return msgspec.structs.replace(shown, **other)


DECLINED = seen("requires_payment_method", decline=CARD)
WAITING, CONFIRMED = order("pending_payment"), order("confirmed")
JUST_PLACED = msgspec.structs.replace(WAITING, id=uuid7(), expires_at=NOW + timedelta(minutes=5))
CANCELLING, EXPIRING = order("closing", "cancelled"), order("closing", "expired")


@pytest.mark.parametrize(
    ("order", "work", "seen", "fresh", "verdict"),
    [
        # The intent shows up: worker, session and webhook may each be first.
        (WAITING, work("requested", None), seen("requires_payment_method"), False, "record"),
        (EXPIRING, work("requested", None), seen("requires_payment_method"), False, "record"),
        (WAITING, work("pending"), seen("requires_payment_method"), False, "ignore"),
        (WAITING, work("pending"), seen("requires_action"), False, "ignore"),
        (WAITING, work("pending"), seen("requires_capture", intent_id="pi_2"), False, "alarm"),
        (WAITING, work("pending"), seen("requires_action", intent_id="pi_2"), False, "alarm"),
        (WAITING, work("pending"), seen("requires_payment_method", intent_id="pi_2"), False, "ignore"),
        (WAITING, work("pending"), seen("canceled", intent_id="pi_2"), False, "ignore"),
        # Paid.
        (WAITING, work("pending"), seen("requires_capture"), False, "confirm"),
        (WAITING, work("declined"), seen("requires_capture"), False, "confirm"),
        (WAITING, work("pending"), seen("succeeded"), False, "confirm"),
        (CONFIRMED, work("authorized"), seen("requires_capture"), False, "ignore"),
        (CONFIRMED, work("authorized"), seen("succeeded"), False, "capture"),
        (CONFIRMED, work("captured"), seen("succeeded"), False, "ignore"),
        (CONFIRMED, work("captured"), seen("requires_capture"), False, "ignore"),
        # Not what the order costs.
        (WAITING, work("pending"), seen("requires_capture", authorized_minor=999), False, "alarm"),
        (WAITING, work("pending"), seen("requires_capture", currency="USD"), False, "alarm"),
        (EXPIRING, work("pending"), seen("requires_capture", authorized_minor=999), True, "alarm"),
        # Declined, perhaps several times.
        (WAITING, work("pending"), DECLINED, False, "decline"),
        (WAITING, work("declined", last_decline="ch_0"), DECLINED, False, "decline"),
        (WAITING, work("declined", last_decline="ch_1"), DECLINED, False, "ignore"),
        (CONFIRMED, work("authorized"), DECLINED, False, "ignore"),
        (EXPIRING, work("pending"), DECLINED, False, "ignore"),
        # Somebody is at their bank: the stock is held for them, if it has not been long enough.
        (JUST_PLACED, work("pending"), seen("requires_action"), False, "extend"),
        (JUST_PLACED, work("declined"), seen("processing"), False, "extend"),
        (JUST_PLACED, work("pending"), seen("requires_payment_method"), False, "ignore"),
        (EXPIRING, work("pending"), seen("requires_action"), True, "ignore"),
        # The order closes while somebody pays.
        (EXPIRING, work("pending"), seen("requires_capture"), False, "wake"),
        (EXPIRING, work("pending"), seen("requires_capture"), True, "confirm"),
        (EXPIRING, work("pending"), seen("succeeded"), True, "confirm"),
        (CANCELLING, work("pending"), seen("requires_capture"), False, "wake"),
        (CANCELLING, work("pending"), seen("requires_capture"), True, "ignore"),
        (CANCELLING, work("authorized"), seen("requires_capture"), True, "ignore"),
        (CANCELLING, work("pending"), seen("succeeded"), True, "alarm"),
        (CANCELLING, work("authorized"), seen("succeeded"), False, "alarm"),
        # Nothing can be charged any more.
        (EXPIRING, work("pending"), seen("canceled"), False, "end"),
        (CANCELLING, work("authorized"), seen("canceled"), False, "end"),
        (WAITING, work("pending"), seen("canceled"), False, "end"),
        (CONFIRMED, work("authorized"), seen("canceled"), False, "end"),
        (order("expired", "expired"), work("voided"), seen("requires_capture"), False, "ignore"),
        (order("cancelled", "cancelled"), work("voided"), seen("canceled"), False, "ignore"),
    ],
)
def test_the_verdict(order: Order, work: Work, seen: Seen, fresh: bool, verdict: str) -> None:
    assert judge(order, work, seen, NOW, fresh=fresh) == verdict


KNOWN = work("declined", last_decline="ch_2", declines=["ch_1", "ch_2"])


@pytest.mark.parametrize(
    ("work", "decline", "version", "verdict"),
    [
        # A webhook may be of long ago: what it tells was counted when another one, or a look, told of it.
        (KNOWN, CARD, None, "stale"),
        (work("declined", last_decline="ch_2", declines=["ch_2"]), CARD, None, "decline"),
        # A look shows the last try: one of before told after it has taken its place.
        (KNOWN, CARD, KNOWN.payment.version, "restate"),
        (KNOWN, msgspec.structs.replace(CARD, id="ch_2"), KNOWN.payment.version, "ignore"),
        (KNOWN, msgspec.structs.replace(CARD, id="ch_3"), KNOWN.payment.version, "decline"),
        # More was heard while it was under way: ch_2 may have come after what it saw.
        (KNOWN, CARD, KNOWN.payment.version - 1, "stale"),
        (KNOWN, msgspec.structs.replace(CARD, id="ch_3"), KNOWN.payment.version - 1, "decline"),
        # No charge was made of it, so that two of them look the same.
        (KNOWN, AT_THEIR_BANK, None, "decline"),
        (KNOWN, AT_THEIR_BANK, KNOWN.payment.version, "decline"),
        (KNOWN, AT_THEIR_BANK, KNOWN.payment.version - 1, "stale"),
        (work("declined", last_decline=AT_THEIR_BANK.id), AT_THEIR_BANK, None, "ignore"),
    ],
)
def test_a_decline_is_counted_once_in_whatever_order_it_is_told(
    work: Work, decline: Decline, version: int | None, verdict: str
) -> None:
    told = seen("requires_payment_method", decline=decline)
    assert judge(WAITING, work, told, NOW, fresh=False, version=version) == verdict


@pytest.mark.parametrize("status", ["requires_payment_method", "requires_action", "processing", "requires_capture"])
@pytest.mark.parametrize("decline", [None, CARD])
def test_what_is_only_made_says_nothing_new_once_it_is_recorded(status: str, decline: Decline | None) -> None:
    shown = seen(status, decline=decline)
    orders = (WAITING, JUST_PLACED, CANCELLING, EXPIRING)
    verdicts = {judge(order, work("pending"), shown, NOW, fresh=False) for order in orders}
    assert only_made(shown) is (verdicts == {"ignore"})


@pytest.mark.parametrize("state", ["pending", "declined", "authorized", "captured", "voided"])
def test_that_it_was_made_is_no_news_of_an_intent_that_is_known(state: str) -> None:
    for order in (WAITING, JUST_PLACED, CONFIRMED, CANCELLING, EXPIRING):
        for fresh in (False, True):
            assert judge(order, work(state), seen("requires_payment_method"), NOW, fresh=fresh) == "ignore"
