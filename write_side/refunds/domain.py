"""Refunds, pure: what one is, what the provider's word makes of it, and what each event does.

What may be given back is decided in requesting.py and releasing.py, which of its goods are where in goods.py.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.fulfilment import ParcelLine
from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, CreditPart, OrderTax, PricedLine, Totals
from shared.events.refunds import (
    AmountReleased,
    RefundedLine,
    RefundEvent,
    RefundFailed,
    RefundPending,
    RefundRequested,
    RefundSucceeded,
)
from write_side import gift_cards
from write_side.errors import Refusal
from write_side.gift_cards import GiftCard
from write_side.inventory import Demand
from write_side.payments import Payment, SeenRefund

Reason = Literal[
    "requested_by_customer", "returned", "damaged", "not_delivered", "out_of_stock", "goodwill", "duplicate", "fraud",
    "not_exchanged",
]
OUTSIDE = "made_outside"  # the reason of one that nobody asked us for: staff made it at the provider
State = Literal["requested", "pending", "succeeded", "failed", "released"]
Verdict = Literal["pending", "succeeded", "failed", "alarm", "ignore", "known"]


class NotCaptured(Refusal):
    """No money of this order was taken, so none can be given back: cancelling it lets go of what is authorized."""

    code = "not_captured"


class RefundExceedsCaptured(Refusal):
    """More than is left of what was captured; `left_minor` says how much that is."""

    code = "refund_exceeds_captured"


class RefundExceedsOrder(Refusal):
    """More of a line than was ordered and not refunded yet; `lines` says what is left of each."""

    code = "refund_exceeds_order"


class RefundedAsAWhole(Refusal):
    """What this order was paid by gives back all that is left, or nothing."""

    code = "refunded_as_a_whole"


class DroppedUnpaid(Refusal):
    """Of these goods some were dropped for an amount that has failed: lines can't say which of them they are about.
    Another amount, or all that is left of them, goes first; `skus` says of which."""

    code = "dropped_unpaid"


class NothingToRefund(Refusal):
    """It would come to nothing."""

    code = "nothing_to_refund"


class NewRefund(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reason": "returned", "lines": [{"sku": "DB100000", "quantity": 1}], "shipping": true, "restock": true}`.

    With `amount_minor` alone an amount and no goods; with `lines` or `shipping` what these have cost; with none of them
    all that is left. `restock` puts the goods back where they came from.
    """

    reason: Reason
    amount_minor: Annotated[int, Meta(gt=0, le=99_999_999)] | None = None
    lines: Annotated[list[Demand], Meta(max_length=5_000)] = []
    shipping: bool = False
    restock: bool = False


class Refund(Struct, frozen=True):
    """A refund; its id is also the provider's idempotency key. `restocked` stays so even if the money did not go."""

    id: UUID
    order_id: UUID
    payment_id: UUID
    intent_id: str
    amount_minor: int
    currency: str
    reason: str
    lines: list[RefundedLine]
    shipping_minor: int
    restocked: list[Allocation]
    state: State
    provider_id: str | None
    failure: str | None
    version: int
    sent: list[ParcelLine] = []
    gift_cards: list[GiftPart] = []
    moved_minor: int = 0  # pays an order that replaces these goods
    part_of: UUID | None = None  # the first of those that are one refund; None of that one

    @property
    def charged_minor(self) -> int:
        """What of it the payment provider is to give back; the rest went to gift cards, or pays a replacement."""
        return self.amount_minor - self.kept_minor

    @property
    def kept_minor(self) -> int:
        """What of it had gone where it should as it was asked for, whatever the payment provider says."""
        return gift_cards.paid_by(self.gift_cards) + self.moved_minor

    @property
    def counted_minor(self) -> int:
        """What of it has gone back, or may still: one that failed gave to gift cards and a replacement all the same."""
        return self.kept_minor if self.state == "failed" else self.amount_minor


class Bought(Struct, frozen=True):
    """What an order's refunds are decided from; `shipped` is SKU → how many have left the house, `received` how many of
    them came back by a return. `cards`: SKU → what can be taken back of the gift cards that were bought; None: none is
    issued yet."""

    lines: Sequence[PricedLine]
    totals: Totals
    allocations: Sequence[Allocation]
    payment: Payment
    shipped: Mapping[str, int]
    gift_cards: Sequence[GiftPart] = ()  # what they paid beside the payment
    received: Mapping[str, int] = {}
    credits: Sequence[CreditPart] = ()  # what goods that came back paid of it: given back by the payments of these
    cards: Mapping[str, Sequence[GiftCard]] | None = None
    tax_minor: int = 0  # all the tax that is in the total, on top of prices or within them
    taxes: Sequence[OrderTax] = ()  # the same by rate; none of old orders
    dropped: Mapping[str, int] = {}  # SKU → how many are not sent any more, though no refund names them

    @property
    def charged_minor(self) -> int:
        """What its own payment has taken, or is to: nothing once it was let go of."""
        return 0 if self.payment.state == "voided" else self.payment.amount_minor


def judge(refund: Refund, seen: SeenRefund) -> Verdict:
    """What the provider's word means, whenever and however often it comes. Failed is the end, succeeded nearly so."""
    if refund.provider_id not in (None, seen.provider_id):
        return "alarm"
    if (seen.amount_minor, seen.currency) != (refund.charged_minor, refund.currency):
        return "alarm"
    if refund.state == "failed":
        unheard_of = refund.provider_id is None and seen.status in ("pending", "succeeded")
        return "alarm" if unheard_of else "ignore"  # given up, and made all the same
    if refund.state == "released":
        return "alarm"  # the provider was never asked for it
    if seen.status in ("failed", "canceled"):
        return "failed"
    if seen.status == "succeeded":
        return "ignore" if refund.state == "succeeded" else "succeeded"
    return "pending" if refund.state == "requested" else "ignore"


def evolve(refund: Refund | None, event: RefundEvent, version: int) -> Refund:
    """A refund after an event."""
    if isinstance(event, RefundRequested | AmountReleased):
        state: State = "requested" if isinstance(event, RefundRequested) else "released"
        return Refund(
            event.refund_id, event.order_id, event.payment_id, event.intent_id, event.amount_minor, event.currency,
            event.reason, event.lines, event.shipping_minor, event.restocked, state, None, None, version,
            event.sent if isinstance(event, RefundRequested) else [],
            event.gift_cards if isinstance(event, RefundRequested) else [],
            event.moved_minor if isinstance(event, RefundRequested) else 0,
            event.part_of if isinstance(event, RefundRequested) else None,
        )  # fmt: skip
    assert refund is not None, "a refund's history begins with RefundRequested or AmountReleased"
    match event:
        case RefundPending(provider_id=provider_id):
            return structs.replace(refund, state="pending", provider_id=provider_id, version=version)
        case RefundSucceeded(provider_id=provider_id):
            return structs.replace(refund, state="succeeded", provider_id=provider_id, version=version)
        case RefundFailed(provider_id=provider_id, code=code):
            return structs.replace(refund, state="failed", provider_id=provider_id, failure=code, version=version)
