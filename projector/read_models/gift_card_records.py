"""Gift cards in Elasticsearch, for analysts: what the shop owes by them. The hash of a code stays out of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

from msgspec import structs

from projector.model import ELASTICSEARCH, GATHERING, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.gift_cards import RECORDS, GiftCardRecord
from shared.envelope import Recorded
from shared.events.gift_cards import (
    GiftCardBlocked,
    GiftCardEvent,
    GiftCardIssued,
    GiftCardReturned,
    GiftCardSpent,
)

_GIFT_CARD_EVENTS = get_args(GiftCardEvent)


class OneGiftCard(Folded, frozen=True):
    currency: str
    amount_minor: int
    balance_minor: int
    issued_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    order_id: UUID | None
    sku: str
    spent_minor: int = 0
    returned_minor: int = 0
    blocked_at: datetime | None = None


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The card, told from the event itself."""
    return (str(event.gift_card_id),) if isinstance(event, _GIFT_CARD_EVENTS) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """A card is issued once, before it pays anything."""
    return isinstance(event, GiftCardIssued)


def evolve(state: OneGiftCard | None, recorded: Recorded, event: GiftCardEvent) -> OneGiftCard:
    """The card after the event."""
    at = recorded.recorded_at
    if isinstance(event, GiftCardIssued):
        return OneGiftCard(
            recorded.position, event.currency, event.amount_minor, event.amount_minor, at, at, event.expires_at,
            event.order_id, event.sku,
        )  # fmt: skip
    if state is None:
        raise ValueError(f"{event.gift_card_id}: something became of it before it was issued")
    now = structs.replace(state, position=recorded.position, updated_at=at)
    match event:
        case GiftCardSpent(amount_minor=amount, balance_minor=left):
            return structs.replace(now, spent_minor=state.spent_minor + amount, balance_minor=left)
        case GiftCardReturned(amount_minor=amount, balance_minor=left):
            return structs.replace(now, returned_minor=state.returned_minor + amount, balance_minor=left)
        case GiftCardBlocked():
            return structs.replace(now, blocked_at=at)


def render(id_: str, state: OneGiftCard, _keys: Keys) -> Rendered:
    """A document per card."""
    record = GiftCardRecord(
        gift_card_id=UUID(id_),
        state="blocked" if state.blocked_at else "active",
        currency=state.currency,
        amount_minor=state.amount_minor,
        spent_minor=state.spent_minor,
        returned_minor=state.returned_minor,
        balance_minor=state.balance_minor,
        issued_at=state.issued_at,
        expires_at=state.expires_at,
        blocked_at=state.blocked_at,
        order_id=state.order_id,
        sku=state.sku or None,
        updated_at=state.updated_at,
        position=state.position,
    )
    return Rendered({id_: encode(record)})


MODEL = ReadModel(
    name=RECORDS,
    version="v1",
    sink=ELASTICSEARCH,
    contexts=frozenset({"gift_cards"}),
    state=OneGiftCard,
    touches=touches,
    begins=begins,
    evolve=evolve,
    render=render,
    gather=GATHERING,
)
