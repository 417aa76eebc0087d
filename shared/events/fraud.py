"""What was thought of each try to pay. Aggregate: `fraud_check` (its id is the payment's), key `order:<order id>`.

No event says who somebody is: a mark is a keyed hash, good for seeing the same card or address again and nothing else.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct


class Marks(Struct, frozen=True):
    """By what the same buyer is known again; an empty one was not seen."""

    card: str = ""
    address: str = ""
    device: str = ""
    network: str = ""
    door: str = ""  # the address without its second line: however a flat is called, or made up


class Reason(Struct, frozen=True):
    """What a rule says against a try: the rule's name, its points, and the figures in words."""

    rule: str
    points: int
    told: str


class PaymentAssessed(Struct, frozen=True, omit_defaults=True, tag="fraud.payment_assessed.v1"):
    """A try to pay was declined or authorized, and this was thought of it. What is `enforced` has had its effect."""

    payment_id: UUID
    order_id: UUID
    at: datetime
    person_id: UUID
    outcome: Literal["authorized", "declined"]
    decline_code: str
    amount_minor: int
    currency: str
    codes: list[str]  # those that took something off
    marks: Marks
    points: int
    reasons: list[Reason]
    verdict: Literal["accept", "review", "refuse"]
    enforced: bool
    card_country: str = ""  # this and the checks in the provider's words; empty: not told, or not kept yet
    cvc_check: str = ""
    postal_check: str = ""
    counted_as: UUID | None = None  # the person who stands for the mailbox, where that is another one


class AddressAssessed(Struct, frozen=True, omit_defaults=True, tag="fraud.address_assessed.v1"):
    """A paid order was wanted at another door, and this was thought of it: as if its try to pay had gone there.

    It goes there, unless the verdict is `enforced` and another than accept: then nothing else has changed. Nothing is
    said against where it went before, nor against what staff want.
    """

    payment_id: UUID
    order_id: UUID
    at: datetime
    marks: Marks  # of the try, with the new address and door
    door_left: str  # where it went until then
    points: int
    reasons: list[Reason]
    verdict: Literal["accept", "review", "refuse"]
    enforced: bool
    by_staff: bool = False


class ReviewDecided(Struct, frozen=True, tag="fraud.review_decided.v1"):
    """Somebody has looked: the money is taken, or the order is cancelled. In old ones, whose `note` says so, nobody did
    in time."""

    payment_id: UUID
    order_id: UUID
    decision: Literal["accepted", "refused"]
    note: str


class ReviewLapsed(Struct, frozen=True, tag="fraud.review_lapsed.v1"):
    """Nobody decided about what was held: not in time, so that the order is cancelled, or not before it was over."""

    payment_id: UUID
    order_id: UUID
    why: Literal["overdue", "order_over"]


class PaymentDisputed(Struct, frozen=True, tag="fraud.payment_disputed.v1"):
    """The buyer's bank wants the money back, or has come to a verdict about it; told in the provider's words."""

    payment_id: UUID
    order_id: UUID
    dispute_id: str  # the provider's
    status: str
    reason: str
    amount_minor: int
    currency: str


FraudEvent = PaymentAssessed | AddressAssessed | ReviewDecided | ReviewLapsed | PaymentDisputed
