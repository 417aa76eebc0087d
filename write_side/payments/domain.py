"""Payments, pure: what the provider says of an intent, and what each event makes of a payment.

A payment is requested → pending (its intent exists) → perhaps declined, and tried again → authorized → captured; or
voided, once the provider has confirmed that nothing can be charged.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from msgspec import Struct, structs

from shared.events.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentEvent,
    PaymentIntentCreated,
    PaymentReduced,
    PaymentRequested,
    PaymentRetried,
    PaymentVoided,
)
from shared.settings import FraudChecks
from write_side.fraud import Card, Dispute
from write_side.payments.declines import RETRIES, WINDOW, Decline, next_try, reason_of

State = Literal["requested", "pending", "declined", "authorized", "captured", "voided"]
Todo = Literal["create", "look", "retry", "capture", "void"]
PUBLIC = {"requested": "pending"}  # that the intent is still to be made is nothing a customer could use


class Payment(Struct, frozen=True):
    """A payment; its id is also the provider's idempotency key."""

    id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    state: State
    intent_id: str | None
    version: int
    retries: int = 0  # tries of ours after a decline
    retry_until: datetime | None = None  # none begins later
    decline_reason: str | None = None  # of the last decline
    released_minor: int = 0  # authorized, and not to be captured
    method: str = "card"

    @property
    def due_minor(self) -> int:
        """What is captured, or is to be."""
        return self.amount_minor - self.released_minor


class Work(Struct, frozen=True):
    """A payment as the worker holds it: what is to be done, and what was begun."""

    payment: Payment
    todo: Todo | None
    capturing: bool
    attempts: int
    last_decline: str | None
    retrying: bool = False  # a try of ours was begun after the last decline
    declines: Sequence[str] = ()  # charges whose refusal was counted


class Seen(Struct, frozen=True):
    """An intent as the provider shows it: in a webhook, or when asked. A fact, not a command."""

    intent_id: str
    status: str  # the provider's own word
    amount_minor: int
    currency: str
    authorized_minor: int  # can be captured, or was
    payment_id: UUID | None
    order_id: UUID | None
    decline: Decline | None = None
    client_secret: str | None = None  # opens the intent to whoever pays it: never stored, never logged
    card: Card = Card()  # as far as the provider tells
    checks: FraudChecks = "off"  # what is made of a suspicion


class Owed(Struct, frozen=True):
    """A refund that a provider is to make, or was asked for; `provider_id` is its own name for it, once we heard it."""

    refund_id: UUID
    order_id: UUID
    intent_id: str
    amount_minor: int
    currency: str
    provider_id: str | None = None


class SeenRefund(Struct, frozen=True):
    """A refund as the provider shows it. `refund_id` is ours, None if others made it."""

    provider_id: str
    status: str  # the provider's own word
    amount_minor: int
    currency: str
    intent_id: str | None
    refund_id: UUID | None
    order_id: UUID | None
    failure: str | None = None
    money_moved: bool = True  # False: it let go of an authorization, and nothing had been taken


class SeenDispute(Struct, frozen=True):
    """A dispute as the provider shows it, and the intent whose money it is about."""

    intent_id: str | None
    dispute: Dispute


def covers(seen: Seen, payment: Payment) -> bool:
    """Whether what was authorized is what the order costs."""
    return seen.currency == payment.currency and seen.authorized_minor == payment.amount_minor


def decline(payment: Payment, refused: Decline, now: datetime, *, again: bool = False) -> PaymentDeclined:
    """This try was refused; by its reason another one of ours is to follow. `again`: it was said before."""
    at = next_try(refused, payment.retries, payment.retry_until, now)
    until = payment.retry_until or (at and now + WINDOW)
    return PaymentDeclined(
        payment.id, payment.order_id, refused.code, refused.decline_code, reason_of(refused), at, until,
        payment.retries, again,
    )  # fmt: skip


def retry(work: Work, seen: Seen, now: datetime) -> PaymentRetried | PaymentDeclined | None:
    """Begin to try again, or say that no more retry follows; None if it is no more ours to do: the customer has moved
    on, with another card or at their bank, or it was settled meanwhile."""
    payment = work.payment
    last = last_word(work, seen)
    if last is None or seen.status != "requires_payment_method" or payment.retry_until is None:
        return None
    if payment.retries >= RETRIES or now > payment.retry_until:
        return last  # the answer to the last one got lost, or the worker was away for long
    return PaymentRetried(payment.id, payment.order_id, payment.retries + 1)


def last_word(work: Work, seen: Seen) -> PaymentDeclined | None:
    """The decline that a retry waits for, said again as one that none follows; None if none waits for it."""
    payment, refused = work.payment, seen.decline
    if work.todo != "retry" or payment.state != "declined" or refused is None or refused.id != work.last_decline:
        return None
    return PaymentDeclined(
        payment.id, payment.order_id, refused.code, refused.decline_code, reason_of(refused), None,
        payment.retry_until, payment.retries, again=True,
    )  # fmt: skip


def evolve(payment: Payment | None, event: PaymentEvent, version: int) -> Payment:
    """A payment after an event."""
    if isinstance(event, PaymentRequested):
        return Payment(
            event.payment_id, event.order_id, event.amount_minor, event.currency, "requested", None, version,
            method=event.method,
        )  # fmt: skip
    assert payment is not None, "a payment's history begins with PaymentRequested"
    match event:
        case PaymentIntentCreated(intent_id=intent_id):
            return structs.replace(payment, state="pending", intent_id=intent_id, version=version)
        case PaymentDeclined(reason=reason, retry_until=until):
            return structs.replace(
                payment, state="declined", decline_reason=reason or None, retry_until=until, version=version
            )
        case PaymentRetried(retry=number):
            return structs.replace(payment, retries=number, version=version)
        case PaymentAuthorized():
            return structs.replace(payment, state="authorized", version=version)
        case PaymentReduced(released_minor=released):
            return structs.replace(payment, released_minor=released, version=version)
        case PaymentCaptured():
            return structs.replace(payment, state="captured", version=version)
        case PaymentVoided():
            return structs.replace(payment, state="voided", version=version)
    assert_never(event)
