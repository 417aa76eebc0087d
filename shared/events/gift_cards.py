"""What happened to gift cards. Aggregate: `gift_card`, key `gift_card:<id>`. Amounts in minor units of its currency.

The code stands nowhere: `mark` is a keyed hash of it.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class GiftPart(Struct, frozen=True):
    """So much of a gift card."""

    gift_card_id: UUID
    amount_minor: int


class GiftCardIssued(Struct, frozen=True, omit_defaults=True, tag="gift_cards.gift_card_issued.v1"):
    gift_card_id: UUID
    mark: str
    amount_minor: int
    currency: str
    expires_at: datetime | None  # from then on it pays nothing any more
    order_id: UUID | None = None  # that it was bought by; none: staff issued it
    sku: str = ""  # that was bought


class GiftCardSpent(Struct, frozen=True, tag="gift_cards.gift_card_spent.v1"):
    """An order that was placed holds so much of it; `balance_minor` is left."""

    gift_card_id: UUID
    order_id: UUID
    amount_minor: int
    balance_minor: int


class GiftCardReturned(Struct, frozen=True, omit_defaults=True, tag="gift_cards.gift_card_returned.v1"):
    """An order gives back: all that it held, since it did not go through, or what a refund says."""

    gift_card_id: UUID
    order_id: UUID
    amount_minor: int
    balance_minor: int
    refund_id: UUID | None = None


class GiftCardBlocked(Struct, frozen=True, omit_defaults=True, tag="gift_cards.gift_card_blocked.v1"):
    """For good: by staff, since it was lost or its code told, or by a refund of what is left of it."""

    gift_card_id: UUID
    refund_id: UUID | None = None


GiftCardEvent = GiftCardIssued | GiftCardSpent | GiftCardReturned | GiftCardBlocked
