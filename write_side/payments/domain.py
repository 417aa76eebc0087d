"""Payments, pure: what the provider says of an intent, and what each event makes of a payment.

A payment is requested → pending (its intent exists) → perhaps declined, and tried again → authorized → captured; or
voided, once the provider has confirmed that nothing can be charged.
"""

from typing import Literal, assert_never
from uuid import UUID

from msgspec import Struct, structs

from shared.events.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentEvent,
    PaymentIntentCreated,
    PaymentRequested,
    PaymentVoided,
)
from write_side.fraud import Card, Mode

State = Literal["requested", "pending", "declined", "authorized", "captured", "voided"]
Todo = Literal["create", "capture", "void"]
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


class Work(Struct, frozen=True):
    """A payment as the worker holds it: what is to be done, and what was begun."""

    payment: Payment
    todo: Todo | None
    capturing: bool
    attempts: int
    last_decline: str | None


class Decline(Struct, frozen=True):
    """One refused try; `id` tells it from the next one."""

    id: str
    code: str
    decline_code: str | None


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
    checks: Mode = "off"  # what is made of a suspicion


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


def covers(seen: Seen, payment: Payment) -> bool:
    """Whether what was authorized is what the order costs."""
    return seen.currency == payment.currency and seen.authorized_minor == payment.amount_minor


def evolve(payment: Payment | None, event: PaymentEvent, version: int) -> Payment:
    """A payment after an event."""
    if isinstance(event, PaymentRequested):
        return Payment(event.payment_id, event.order_id, event.amount_minor, event.currency, "requested", None, version)
    assert payment is not None, "a payment's history begins with PaymentRequested"
    match event:
        case PaymentIntentCreated(intent_id=intent_id):
            return structs.replace(payment, state="pending", intent_id=intent_id, version=version)
        case PaymentDeclined():
            return structs.replace(payment, state="declined", version=version)
        case PaymentAuthorized():
            return structs.replace(payment, state="authorized", version=version)
        case PaymentCaptured():
            return structs.replace(payment, state="captured", version=version)
        case PaymentVoided():
            return structs.replace(payment, state="voided", version=version)
    assert_never(event)
