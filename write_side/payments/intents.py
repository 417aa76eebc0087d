"""What we read of Stripe's PaymentIntents."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import stripe
from msgspec import Struct
from stripe import PaymentIntent, StripeResponse

from write_side.fraud import Card
from write_side.payments.declines import Decline
from write_side.payments.domain import Seen


class _Checks(Struct):
    cvc_check: str | None = None
    address_postal_code_check: str | None = None


class _Card(Struct):
    fingerprint: str | None = None
    country: str | None = None
    checks: _Checks | None = None


class _Method(Struct):
    id: str | None = None
    type: str | None = None
    card: _Card | None = None


class _Charge(Struct):
    payment_method_details: _Method | None = None


class _Error(Struct):
    code: str | None = None
    decline_code: str | None = None
    charge: str | None = None
    advice_code: str | None = None
    payment_method: _Method | None = None


class Intent(Struct):
    """What we read of Stripe's PaymentIntent."""

    id: str
    status: str
    amount: int
    currency: str
    amount_capturable: int = 0
    amount_received: int = 0
    metadata: dict[str, str] = {}
    client_secret: str | None = None
    last_payment_error: _Error | None = None
    latest_charge: _Charge | str | None = None  # all of it where it was asked for, else its id


_answered = msgspec.json.Decoder(Intent)


def shown_by(intent: PaymentIntent) -> Seen:
    """The facts in an intent of the SDK's; raises what msgspec raises for one that is none."""
    return seen_in(msgspec.convert(intent.to_dict(), Intent))


def shown_in(answer: StripeResponse) -> Seen:
    """The facts in an answer that the SDK has made no object of; raises what msgspec raises."""
    return seen_in(_answered.decode(answer.body))


def seen_in(intent: Intent) -> Seen:
    """The facts in an intent."""
    return Seen(
        intent.id,
        intent.status,
        intent.amount,
        intent.currency.upper(),
        intent.amount_capturable or intent.amount_received,
        uuid_of(intent.metadata.get("payment_id")),
        uuid_of(intent.metadata.get("order_id")),
        _decline(intent.last_payment_error),
        intent.client_secret,
        _card(intent),
    )


def _card(intent: Intent) -> Card:
    """What is told of the card that was tried last, with its fingerprint as it is."""
    method = None
    if isinstance(intent.latest_charge, _Charge):
        method = intent.latest_charge.payment_method_details
    elif intent.last_payment_error is not None:
        method = intent.last_payment_error.payment_method
    if method is None or method.card is None:
        return Card()
    card, checks = method.card, method.card.checks or _Checks()
    told = (card.fingerprint, card.country, checks.cvc_check, checks.address_postal_code_check)
    return Card(*(each or "" for each in told))


def page_of(listed: stripe.ListObject[PaymentIntent]) -> tuple[Sequence[Seen], str | None]:
    """The facts in a page of intents, and the id after which the next one begins (None: that was all)."""
    seen = [shown_by(intent) for intent in listed.data]
    return seen, seen[-1].intent_id if listed.has_more and seen else None


def _decline(error: _Error | None) -> Decline | None:
    if error is None:
        return None
    code = error.code or "declined"
    method = error.payment_method or _Method()
    return Decline(error.charge or code, code, error.decline_code, error.advice_code, method.id, method.type)


def uuid_of(text: str | None) -> UUID | None:
    """An id of ours in the metadata of something of Stripe's."""
    try:
        return UUID(text) if text else None
    except ValueError:  # an intent that others made in the same Stripe account
        return None
