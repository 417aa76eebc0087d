"""What happened to payments. Aggregate: `payment`, key `order:<order id>`. No card data ever reaches us."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class PaymentRequested(Struct, frozen=True, omit_defaults=True, tag="payments.payment_requested.v1"):
    """What is to be charged: nothing, by the method `gift_card`, where gift cards pay all of an order."""

    payment_id: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    method: str = "card"


class PaymentIntentCreated(Struct, frozen=True, tag="payments.payment_intent_created.v1"):
    payment_id: UUID
    order_id: UUID
    intent_id: str


class PaymentDeclined(Struct, frozen=True, omit_defaults=True, tag="payments.payment_declined.v1"):
    """The provider refused this try; another may be made until the order expires. Said `again`, it was told before."""

    payment_id: UUID
    order_id: UUID
    code: str  # the provider's words
    decline_code: str | None
    reason: str = ""  # ours (write_side/payments/declines.py); older events have none
    retry_at: datetime | None = None  # when we try again by ourselves; None: we don't
    retry_until: datetime | None = None  # no retry begins later
    retries: int = 0  # how many there were before
    again: bool = False  # no other try: one of before is the last one after all, or no retry of it follows after all


class PaymentRetried(Struct, frozen=True, tag="payments.payment_retried.v1"):
    """We are about to try again with what was declined; written before the provider is asked."""

    payment_id: UUID
    order_id: UUID
    retry: int  # 1, 2, 3


class PaymentAuthorized(Struct, frozen=True, tag="payments.payment_authorized.v1"):
    payment_id: UUID
    order_id: UUID
    intent_id: str
    amount_minor: int


class PaymentReduced(Struct, frozen=True, tag="payments.payment_reduced.v1"):
    """Less is captured than was authorized, by `released_minor` in all."""

    payment_id: UUID
    order_id: UUID
    released_minor: int


class PaymentCaptured(Struct, frozen=True, tag="payments.payment_captured.v1"):
    payment_id: UUID
    order_id: UUID
    intent_id: str
    amount_minor: int


class PaymentVoided(Struct, frozen=True, tag="payments.payment_voided.v1"):
    """The provider confirmed that nothing was or will be charged."""

    payment_id: UUID
    order_id: UUID
    reason: str


PaymentEvent = (
    PaymentRequested
    | PaymentIntentCreated
    | PaymentDeclined
    | PaymentRetried
    | PaymentAuthorized
    | PaymentReduced
    | PaymentCaptured
    | PaymentVoided
)
