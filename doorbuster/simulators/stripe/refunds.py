"""Money on its way back: refunds and chargebacks. Pure, like `intents`."""

from typing import Any

from msgspec.structs import replace

from .errors import StripeError
from .objects import Change, Charge, Dispute, Moment, Refund, Told
from .params import merged

EVIDENCE_SECONDS = 7 * 86_400


def refund(charge: Charge, params: dict[str, Any], at: Moment, *, slow: bool = False) -> Change:
    """Give back a captured charge, all that is left of it unless `amount` says less. `slow`: it is pending at first."""
    left = charge.amount - charge.amount_refunded
    if charge.disputed:
        raise _refused(f"Charge {charge.id} has been charged back; cannot issue a refund.", "charge_disputed")
    if charge.refunded or left == 0:
        raise _refused(f"Charge {charge.id} has already been refunded.", "charge_already_refunded")
    if not charge.captured:
        raise _refused(f"Charge {charge.id} has no captured amount to refund.", "charge_not_refundable")
    amount = params.get("amount", left)
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise StripeError(message, param="amount", kept=True)
    given = Refund(
        id=at.new_id("re_3"),
        amount=amount,
        balance_transaction=at.new_id("txn_3"),
        charge=charge.id,
        created=at.now,
        currency=charge.currency,
        metadata=merged({}, params.get("metadata", {})),
        payment_intent=charge.payment_intent,
        reason=params.get("reason"),
        status="pending" if slow else "succeeded",
    )
    charge = replace(charge, amount_refunded=charge.amount_refunded + amount, refunded=amount == left)
    return Change(given, [given, charge], [("refund.created", given), ("charge.refunded", charge)])


def settle(given: Refund, charge: Charge, succeeded: bool) -> Change:
    """The bank's late answer: a pending refund succeeds or fails, and one that succeeded may come back."""
    if given.status == "failed" or (succeeded and given.status == "succeeded"):
        raise _refused(f"Refund {given.id} is settled: {given.status}.", "refund_settled")
    if succeeded:
        given = replace(given, status="succeeded")
        return Change(given, [given], [("refund.updated", given), ("charge.refund.updated", given)])
    given = replace(given, status="failed", failure_reason="lost_or_stolen_card")
    charge = replace(charge, amount_refunded=charge.amount_refunded - given.amount, refunded=False)
    return Change(given, [given, charge], [("refund.failed", given), ("charge.refund.updated", given)])


def _refused(message: str, code: str) -> StripeError:
    return StripeError(message, code=code, kept=True)


def dispute(charge: Charge, reason: str, at: Moment) -> Change:
    """The shopper's bank takes the money back until somebody answers."""
    if not charge.captured or charge.disputed:
        raise _refused(f"Charge {charge.id} cannot be disputed.", "charge_not_disputable")
    opened = Dispute(
        id=at.new_id("du_1"),
        amount=charge.amount_captured,
        charge=charge.id,
        created=at.now,
        currency=charge.currency,
        evidence_details={
            "due_by": at.now + EVIDENCE_SECONDS,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        payment_intent=charge.payment_intent,
        reason=reason,
    )
    charge = replace(charge, disputed=True)
    events: list[Told] = [("charge.dispute.created", opened), ("charge.dispute.funds_withdrawn", opened)]
    return Change(opened, [opened, charge], events)


def close(opened: Dispute, won: bool) -> Change:
    """The bank's verdict."""
    if opened.status in ("won", "lost"):
        raise _refused(f"Dispute {opened.id} is closed.", "dispute_closed")
    closed = replace(opened, status="won" if won else "lost")
    reinstated = [("charge.dispute.funds_reinstated", closed)] if won else []
    return Change(closed, [closed], [("charge.dispute.closed", closed), *reinstated])
