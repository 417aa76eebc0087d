"""Gift cards in Elasticsearch, for analysts: what the shop owes by them. Not by which code one is found."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Struct

from shared.documents.told import MINOR, told

RECORDS = "gift_cards"  # Elasticsearch: a GiftCardRecord per gift card

State = Literal["active", "blocked"]


class GiftCardRecord(Struct, frozen=True):
    """A gift card as it is now; amount − spent + returned = balance."""

    gift_card_id: Annotated[UUID, told("the gift card")]
    state: Annotated[State, told("`active` ones pay until they expire; that is told by `expires_at`")]
    currency: Annotated[str, told("of all its amounts, ISO 4217")]
    amount_minor: Annotated[int, told("what it was issued over", MINOR)]
    spent_minor: Annotated[int, told("what orders took of it, those not paid yet among them", MINOR)]
    returned_minor: Annotated[int, told("what went back to it, of orders that fell through or by refunds", MINOR)]
    balance_minor: Annotated[int, told("what is left on it, also of one that is blocked or has expired", MINOR)]
    issued_at: Annotated[datetime, told("when it was issued", "UTC")]
    expires_at: Annotated[datetime | None, told("from then on it pays nothing; null: never", "UTC")]
    blocked_at: Annotated[datetime | None, told("when it was blocked for good", "UTC")]
    order_id: Annotated[UUID | None, told("the order that it was bought by; null: staff issued it")]
    sku: Annotated[str | None, told("what was bought")]
    updated_at: Annotated[datetime, told("when something last happened to it", "UTC")]
    position: Annotated[int, told("of the last event in it, in the log")]
