"""Releases, pure: what is authorized and will not be captured, since it can't be shipped, or as a favour.

A release is a refund of money that never was taken: it counts like one, line by line, so that what was captured,
released and given back always comes to what the order costs.
"""

from collections.abc import Sequence
from uuid import UUID

from shared.events.refunds import AmountReleased
from shared.money import least_charge
from write_side.errors import Refusal
from write_side.payments import Work, can
from write_side.refunds.domain import Bought, NewRefund, NothingToRefund, Refund
from write_side.refunds.requesting import parts_of, unreleased_cards

LEAST_ON_CREDIT = 50  # minor units: as little as an order may cost


class NotAuthorized(Refusal):
    """No money of this order is authorized: there is nothing to let go of."""

    code = "not_authorized"


class NotReleasable(Refusal):
    """What this order is paid by takes all or nothing: let it be captured, and ask for a refund."""

    code = "not_releasable"


class AlreadyCaptured(Refusal):
    """The capture has begun; what should not have been taken is refunded."""

    code = "already_captured"


class NothingLeftToCapture(Refusal):
    """Of what is authorized too little would be left to capture: cancel the order instead."""

    code = "nothing_left_to_capture"


def release(
    bought: Bought, work: Work, earlier: Sequence[Refund], wanted: NewRefund, release_id: UUID
) -> AmountReleased:
    """What is not to be captured.

    Refuses `not_authorized`, `already_captured`, `not_releasable`, `nothing_left_to_capture`, and what `parts_of`
    refuses.
    """
    payment = work.payment
    if work.capturing or payment.state == "captured":
        raise AlreadyCaptured("the money is taken, or about to be; ask for a refund", payment_state=payment.state)
    if payment.state != "authorized" or work.todo == "void" or payment.intent_id is None:
        raise NotAuthorized("nothing is authorized for this order", payment_state=payment.state)
    if not can(payment.method).captures_less:
        raise NotReleasable(f"what is paid by {payment.method} is captured as a whole", payment_method=payment.method)
    parts = parts_of(bought, earlier, wanted)
    left = payment.amount_minor - payment.released_minor - parts.amount_minor
    least = LEAST_ON_CREDIT if can(payment.method).on_credit else least_charge(payment.currency)
    if left < max(least, unreleased_cards(bought, earlier, parts.lines)):  # those are paid in money alone
        raise NothingLeftToCapture(f"{max(left, 0)} minor units would be left to capture", left_minor=max(left, 0))
    if parts.amount_minor == 0:
        raise NothingToRefund("nothing is left to release, or it costs nothing", left_minor=left)
    return AmountReleased(
        release_id, payment.order_id, payment.id, payment.intent_id, parts.amount_minor, payment.currency,
        wanted.reason, parts.lines, parts.shipping_minor, parts.restocked,
    )  # fmt: skip
