"""What a fact about a payment means for its order, pure. The one table that decides who wins every race.

A webhook, the client's `complete` and the worker may tell the same thing at once, twice, late, or in another order:
whatever was settled before stays settled, and only a state that waits for a fact is moved by it.
"""

from datetime import datetime
from typing import Literal

from write_side.orders.domain import Order, extended
from write_side.payments import Decline, Seen, Work, covers

Verdict = Literal[
    "record",  # the intent exists: remember it
    "decline",  # this try was refused, another card may be tried
    "restate",  # its refusal was counted, and is the last one after all: one of before was told after it
    "stale",  # the same, of whoever asked before what we have heard since, or can't tell: the next look will
    "confirm",  # paid: deduct the stock, confirm the order
    "capture",  # the money was taken
    "extend",  # whoever pays is at their bank: hold the stock longer
    "end",  # nothing can be charged any more: cancel or expire the order
    "wake",  # the order is closing: let the worker look now
    "alarm",  # it does not fit: a person has to look
    "ignore",  # known already, or not about us
    "known",  # this very webhook was taken in before
]


AT_THE_BANK = ("requires_action", "processing")


def only_made(seen: Seen) -> bool:
    """Whether an intent shows nothing but that it exists: nobody has tried to pay yet. Of an order whose payment waits
    for it, that is recorded, whatever else the order is about to become, and then says nothing new."""
    return seen.status == "requires_payment_method" and seen.decline is None


def judge(
    order: Order, work: Work, seen: Seen, now: datetime, *, fresh: bool, version: int | None = None
) -> Verdict:
    """The verdict on `seen`, under the locks of order and payment; `fresh` and `version` as in `settling.learn`."""
    payment = work.payment
    if payment.state in ("captured", "voided"):
        return "ignore"
    if payment.intent_id is None:
        return "record"  # then judged again: one event at a time
    if payment.intent_id != seen.intent_id:
        # Made behind a failure of Stripe's, and nobody's as long as nobody tried to pay it.
        return "ignore" if only_made(seen) or seen.status == "canceled" else "alarm"
    if seen.status == "canceled":
        return "end"
    if seen.status in ("requires_capture", "succeeded"):
        return _authorized(order, work, seen, fresh=fresh)
    if seen.decline is not None and _waits(order, work) and seen.decline.id != work.last_decline:
        return _declined(work, seen.decline, version)
    if seen.status in AT_THE_BANK and order.state == "pending_payment" and extended(order, now):
        return "extend"
    return "ignore"


def _declined(work: Work, decline: Decline, version: int | None) -> Verdict:
    asked_now = version == work.payment.version
    if decline.id in work.declines:
        return "restate" if asked_now else "stale"
    # Of what came to no charge nothing tells whether it was counted; who asked too early may have seen what was.
    return "stale" if decline.charge is None and version is not None and not asked_now else "decline"


def _authorized(order: Order, work: Work, seen: Seen, *, fresh: bool) -> Verdict:
    cancelled = order.state == "closing" and order.closing_reason != "expired"
    if cancelled and seen.status == "succeeded":
        return "alarm"  # somebody captured it behind our back: there is nothing left to void
    if work.payment.state == "authorized":
        if seen.status != "succeeded":
            return "ignore"
        taken = (seen.authorized_minor, seen.currency)
        return "capture" if taken == (work.payment.due_minor, work.payment.currency) else "alarm"
    if not covers(seen, work.payment):
        return "alarm"
    if order.state == "pending_payment":
        return "confirm"
    # Closing. A cancelled order is voided, authorized or not. An expiring one counts as paid, but only whoever is about
    # to cancel the intent may say so: a webhook from before that cancel may arrive after it.
    if fresh:
        return "ignore" if cancelled else "confirm"
    return "wake"


def _waits(order: Order, work: Work) -> bool:
    return work.payment.state in ("pending", "declined") and order.state == "pending_payment"
