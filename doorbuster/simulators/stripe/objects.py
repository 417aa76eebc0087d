"""Stripe's objects as frozen Structs: fields in Stripe's names, amounts in minor units, times in Unix seconds.

Frozen, because events, idempotent answers and the ledger share the very same snapshot: nothing is copied.
"""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from .errors import StripeError

API_VERSION = "2026-10-28.endive"

Json = dict[str, Any]
Status = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
]
NO_TIP: Json = {"tip": {}}
NO_ADDRESS: Json = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
NO_BILLING: Json = {"address": NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}


class Intent(Struct, frozen=True, kw_only=True, tag_field="object", tag="payment_intent"):
    """A PaymentIntent."""

    id: str
    allowed_payment_method_types: list[str] | None = None
    amount: int
    amount_capturable: int = 0
    amount_details: Json = field(default_factory=lambda: NO_TIP)
    amount_received: int = 0
    application: None = None
    application_fee_amount: None = None
    automatic_payment_methods: Json | None = None
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    capture_method: Literal["automatic", "automatic_async", "manual"] = "automatic_async"
    client_secret: str
    confirmation_method: Literal["automatic", "manual"] = "automatic"
    created: int
    currency: str
    customer: str | None = None
    description: str | None = None
    excluded_payment_method_types: list[str] | None = None
    last_payment_error: Json | None = None
    latest_charge: str | None = None
    livemode: bool = False
    metadata: dict[str, str] = {}
    next_action: Json | None = None
    on_behalf_of: None = None
    payment_method: str | None = None
    payment_method_options: Json = {}
    payment_method_types: list[str]
    processing: Json | None = None
    receipt_email: str | None = None
    review: None = None
    setup_future_usage: str | None = None
    shipping: Json | None = None
    source: None = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    status: Status
    transfer_data: None = None
    transfer_group: None = None


class Charge(Struct, frozen=True, kw_only=True, tag_field="object", tag="charge"):
    """One attempt to take money: authorized (`captured` false), captured, or failed."""

    id: str
    amount: int
    amount_captured: int = 0
    amount_refunded: int = 0
    application: None = None
    balance_transaction: str | None = None
    billing_details: Json = field(default_factory=lambda: NO_BILLING)
    calculated_statement_descriptor: str = "SIMULATOR"
    captured: bool
    created: int
    currency: str
    customer: str | None = None
    description: str | None = None
    disputed: bool = False
    failure_balance_transaction: None = None
    failure_code: str | None = None
    failure_message: str | None = None
    fraud_details: Json = {}
    livemode: bool = False
    metadata: dict[str, str] = {}
    on_behalf_of: None = None
    outcome: Json
    paid: bool
    payment_intent: str
    payment_method: str
    payment_method_details: Json
    receipt_email: str | None = None
    receipt_number: None = None
    receipt_url: str | None = None
    refunded: bool = False
    review: None = None
    shipping: Json | None = None
    source_transfer: None = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    status: Literal["succeeded", "pending", "failed"]
    transfer_data: None = None
    transfer_group: None = None


class Refund(Struct, frozen=True, kw_only=True, tag_field="object", tag="refund"):
    """Money given back, or the release of an authorization (then without a balance transaction)."""

    id: str
    amount: int
    balance_transaction: str | None = None
    charge: str
    created: int
    currency: str
    destination_details: Json = field(default_factory=lambda: {"type": "card"})
    failure_reason: str | None = None
    metadata: dict[str, str] = {}
    payment_intent: str
    reason: str | None = None
    receipt_number: None = None
    source_transfer_reversal: None = None
    status: Literal["pending", "succeeded", "failed"] = "succeeded"
    transfer_reversal: None = None


class Dispute(Struct, frozen=True, kw_only=True, tag_field="object", tag="dispute"):
    """A chargeback."""

    id: str
    amount: int
    balance_transactions: list[Json] = []
    charge: str
    created: int
    currency: str
    evidence: Json = {}
    evidence_details: Json
    is_charge_refundable: bool = False
    livemode: bool = False
    metadata: dict[str, str] = {}
    payment_intent: str
    reason: str
    status: Literal["needs_response", "under_review", "won", "lost"] = "needs_response"


class PaymentMethod(Struct, frozen=True, kw_only=True, tag_field="object", tag="payment_method"):
    """A way to pay. Holds what may be shown of a card, never its number."""

    id: str
    allow_redisplay: str = "unspecified"
    billing_details: Json = field(default_factory=lambda: NO_BILLING)
    card: Json | UnsetType = UNSET
    us_bank_account: Json | UnsetType = UNSET
    created: int
    customer: str | None = None
    livemode: bool = False
    metadata: dict[str, str] = {}
    type: Literal["card", "us_bank_account"] = "card"


StripeObject = Intent | Charge | Refund | Dispute | PaymentMethod
Told = tuple[str, StripeObject]  # the type of an event to come, and what it is about


class EventData(Struct, frozen=True):
    """What an event is about, as it stood then."""

    object: StripeObject


class Event(Struct, frozen=True, kw_only=True, tag_field="object", tag="event"):
    """A fact, as webhooks and `GET /v1/events` tell it."""

    id: str
    api_version: str = API_VERSION
    created: int
    data: EventData
    livemode: bool = False
    pending_webhooks: int = 1
    request: dict[str, str | None]
    type: str


def _well(_intent_id: str) -> str | None:
    return None


class Moment(Struct, frozen=True):
    """What a decision may not find out by itself: the time, fresh ids (by prefix), where shoppers reach us, and what
    troubles the bank about an intent (the code of a decline that passes)."""

    now: int
    new_id: Callable[[str], str]
    public_url: str = ""
    trouble: Callable[[str], str | None] = _well


class Change(Struct):
    """The outcome of a decision: the answer, new versions of objects, events; `error` answers instead when set.

    A declined card changes state *and* is refused, hence both in one.
    """

    answer: StripeObject
    objects: list[StripeObject]
    events: list[Told]
    error: StripeError | None = None
