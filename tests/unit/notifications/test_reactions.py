"""Which mail an event calls for."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.events.gift_cards import GiftCardIssued
from shared.events.orders import (
    OrderAddedTo,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderExpired,
    OrderReaddressed,
)
from shared.events.payments import PaymentDeclined
from shared.events.returns import ReplacementPlaced, ReturnCancelled
from write_side.notifications.domain import (
    ADDED,
    COMPLETED,
    ENDED,
    GIFT_CARD,
    LEFT_WITHOUT,
    ORDER_CONFIRMATION,
    PAYMENT_DECLINED,
    READDRESSED,
    REPLACED,
    RETURN_CANCELLED,
)
from write_side.notifications.reactions import Wanted, mail_about

EVENT, ORDER, OTHER, SUBJECT = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
LATER = datetime(2026, 11, 27, tzinfo=UTC)
BOUGHT = GiftCardIssued(SUBJECT, "…4711", 5000, "EUR", None, ORDER)


def declined(**tries: Any) -> PaymentDeclined:
    return PaymentDeclined(SUBJECT, ORDER, "card_declined", None, **tries)


@pytest.mark.parametrize(
    ("event", "mail"),
    [
        (OrderConfirmed(ORDER, SUBJECT), Wanted(ORDER, ORDER_CONFIRMATION)),
        (OrderCancelled(ORDER, "order_left"), Wanted(ORDER, LEFT_WITHOUT)),
        (OrderCancelled(ORDER, "payment_not_accepted"), Wanted(ORDER, ENDED)),
        (OrderExpired(ORDER), Wanted(ORDER, ENDED)),
        (OrderCompleted(ORDER), Wanted(ORDER, COMPLETED)),
        (declined(retries=2), Wanted(ORDER, PAYMENT_DECLINED)),
        (declined(retries=2, again=True), Wanted(ORDER, PAYMENT_DECLINED)),  # ours got no answer; one mail an order
        (BOUGHT, Wanted(ORDER, GIFT_CARD, SUBJECT)),
        (ReturnCancelled(SUBJECT, ORDER), Wanted(ORDER, RETURN_CANCELLED, SUBJECT)),
    ],
)
def test_an_order_hears_of_what_happened_to_it(event: Any, mail: Wanted) -> None:
    assert mail_about(EVENT, event) == mail


def test_an_order_that_goes_elsewhere_twice_hears_of_it_twice() -> None:
    assert mail_about(EVENT, OrderReaddressed(ORDER, SUBJECT, "s1.x")) == Wanted(ORDER, READDRESSED, EVENT)


def test_what_was_added_or_sent_instead_is_told_by_a_mail_of_its_own_order() -> None:
    assert mail_about(EVENT, OrderAddedTo(ORDER, OTHER, "7F3K-29QM")) == Wanted(OTHER, ADDED, ORDER)
    placed = ReplacementPlaced(SUBJECT, ORDER, OTHER, UUID(int=5), 1999, 0, "EUR", early=False)
    assert mail_about(EVENT, placed) == Wanted(OTHER, REPLACED, SUBJECT)


@pytest.mark.parametrize(
    "event",
    [
        declined(),
        declined(retries=1, retry_at=LATER),
        GiftCardIssued(SUBJECT, "…4711", 5000, "EUR", None),
        OrderCompleted(ORDER, nothing_went=True),
    ],
    ids=["at the checkout", "tried again by ourselves", "staff issued it", "all of it was paid back"],
)
def test_who_knows_already_gets_no_mail(event: Any) -> None:
    assert mail_about(EVENT, event) is None
