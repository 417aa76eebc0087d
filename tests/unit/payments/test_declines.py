"""What a decline means, and when it is tried again: at most three times, within ten minutes, never against the bank."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.payments import PaymentDeclined, PaymentRetried
from write_side.payments import domain
from write_side.payments.declines import PASSING, PAUSES, RETRIES, WINDOW, Decline, may_pass, next_try, reason_of
from write_side.payments.domain import Payment, Seen, Work

ID = UUID(int=1)
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
PAYMENT = Payment(ID, ID, 1000, "EUR", "pending", "pi_1", 2)


def refused(decline_code: str | None, code: str = "card_declined", advice: str | None = None, **other: Any) -> Decline:
    return Decline("ch_1", code, decline_code, advice, "pm_1", **({"method_type": "card"} | other))


@pytest.mark.parametrize(
    ("decline", "reason", "passes"),
    [
        (refused("insufficient_funds"), "insufficient_funds", True),
        (refused("try_again_later"), "try_again_later", True),
        (refused("issuer_not_available"), "try_again_later", True),
        (refused(None, "processing_error"), "processing_error", True),
        (refused("insufficient_funds", advice="try_again_later"), "insufficient_funds", True),
        (refused("generic_decline", advice="try_again_later"), "try_again_later", True),
        # The bank's advice goes before our table.
        (refused("insufficient_funds", advice="do_not_try_again"), "insufficient_funds", False),
        (refused("processing_error", advice="confirm_card_data"), "processing_error", False),
        (refused("generic_decline"), "card_declined", False),
        # Hard, whatever is advised; and the customer is not told that a card was reported.
        (refused("lost_card", advice="try_again_later"), "card_declined", False),
        (refused("stolen_card", advice="try_again_later"), "card_declined", False),
        (refused("fraudulent"), "card_declined", False),
        (refused("pickup_card"), "card_declined", False),
        (refused("a code of next year", advice="try_again_later"), "card_declined", False),
        (refused(None, "incorrect_number"), "incorrect_details", False),
        (refused(None, "incorrect_cvc", advice="try_again_later"), "incorrect_details", False),
        (refused(None, "expired_card"), "expired_card", False),
        (refused("currency_not_supported"), "not_supported", False),
        (refused("card_velocity_exceeded"), "limit_exceeded", False),
        # Only the customer can help.
        (refused("authentication_required", "authentication_required"), "authentication_required", False),
        (refused(None, "payment_intent_authentication_failure"), "authentication_failed", False),
        # Not a card: no such table.
        (refused("insufficient_funds", method_type="us_bank_account"), "insufficient_funds", False),
    ],
)  # fmt: skip
def test_codes_are_told_apart(decline: Decline, reason: str, passes: bool) -> None:
    assert (reason_of(decline), may_pass(decline)) == (reason, passes)


def test_only_a_charge_is_told_from_any_other() -> None:
    failed = Decline("payment_intent_authentication_failure", "payment_intent_authentication_failure", None)
    assert (refused("generic_decline").charge, failed.charge) == ("ch_1", None), "failing twice at a bank is twice"


CODES = st.sampled_from(["insufficient_funds", "try_again_later", "stolen_card", "generic_decline", None])
ADVICE = st.sampled_from([None, "try_again_later", "do_not_try_again", "confirm_card_data"])


@given(st.lists(st.tuples(CODES, ADVICE, st.integers(0, 400)), max_size=12))
def test_whatever_the_bank_says_there_are_three_retries_within_ten_minutes(story: list[Any]) -> None:
    """Each try is declined, some time after the worker has begun it."""
    payment, now, begun = PAYMENT, NOW, list[datetime]()
    for n, (code, advice, seconds) in enumerate(story):
        decline = refused(code, advice=advice)
        event = domain.decline(payment, decline, now)
        payment = domain.evolve(payment, event, payment.version + 1)
        if event.retry_at is None:
            assert not may_pass(decline) or begun, "the first decline that may pass is always tried again"
            break
        assert may_pass(decline)
        now = event.retry_at + timedelta(seconds=seconds * (n % 2))  # the worker may come late
        work = Work(payment, "retry", False, 1, decline.id)
        seen = Seen("pi_1", "requires_payment_method", 1000, "EUR", 0, ID, ID, decline)
        retried = domain.retry(work, seen, now)
        assert retried is not None
        payment = domain.evolve(payment, retried, payment.version + 1)
        if not isinstance(retried, PaymentRetried):
            break
        begun.append(now)
    assert len(begun) <= RETRIES
    assert all(at - NOW <= WINDOW for at in begun)
    assert all(later - earlier >= PAUSES[0] for earlier, later in pairwise(begun))


def test_pauses_grow_and_fit_into_the_ten_minutes() -> None:
    assert len(PAUSES) == RETRIES
    assert all(later > earlier for earlier, later in pairwise(PAUSES))
    assert sum(PAUSES, timedelta()) < WINDOW
    assert next_try(refused("insufficient_funds"), RETRIES, None, NOW) is None


DECLINE = refused("insufficient_funds")
WAITS = Work(
    domain.evolve(PAYMENT, domain.decline(PAYMENT, DECLINE, NOW), 3), "retry", False, 1, DECLINE.id
)  # fmt: skip
SHOWN = Seen("pi_1", "requires_payment_method", 1000, "EUR", 0, ID, ID, DECLINE)


@pytest.mark.parametrize(
    ("work", "seen"),
    [
        (Work(WAITS.payment, None, False, 1, DECLINE.id), SHOWN),  # others have settled it
        (Work(WAITS.payment, "void", False, 1, DECLINE.id), SHOWN),  # the order ends
        (WAITS, Seen("pi_1", "requires_action", 1000, "EUR", 0, ID, ID, None)),  # the customer is at their bank
        (WAITS, Seen("pi_1", "requires_action", 1000, "EUR", 0, ID, ID, DECLINE)),
        (WAITS, Seen("pi_1", "requires_payment_method", 1000, "EUR", 0, ID, ID, Decline("ch_2", "expired_card", None))),
    ],
)
def test_what_the_customer_has_taken_up_is_left_to_them(work: Work, seen: Seen) -> None:
    assert domain.retry(work, seen, NOW) is None
    assert domain.retry(WAITS, SHOWN, NOW) is not None


def test_the_words_for_what_may_pass_are_words_of_ours() -> None:
    assert {reason_of(refused(code)) for code in PASSING} == PASSING


def test_nothing_is_begun_too_late_or_once_too_often_and_that_is_said() -> None:
    assert WAITS.payment.retry_until == NOW + WINDOW
    assert isinstance(domain.retry(WAITS, SHOWN, NOW + WINDOW), PaymentRetried)
    late = domain.retry(WAITS, SHOWN, NOW + WINDOW + timedelta(seconds=1))
    assert isinstance(late, PaymentDeclined)
    assert (late.retry_at, late.again) == (None, True), "it was counted when it was refused"
    spent = Work(domain.evolve(WAITS.payment, PaymentRetried(ID, ID, RETRIES), 9), "retry", False, 1, DECLINE.id)
    assert isinstance(domain.retry(spent, SHOWN, NOW), PaymentDeclined)
    assert next_try(DECLINE, 1, NOW + PAUSES[1], NOW) is not None
    assert next_try(DECLINE, 1, NOW + PAUSES[1] - timedelta(seconds=1), NOW) is None
