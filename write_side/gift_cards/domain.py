"""Gift cards, pure: which may be issued, what they pay of an order, what goes back, and what each event makes of one.

An order is paid last of all: lines + shipping − discount + tax = total = what gift cards pay + what is charged.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hmac import digest
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.gift_cards import (
    GiftCardBlocked,
    GiftCardEvent,
    GiftCardIssued,
    GiftCardReturned,
    GiftCardSpent,
    GiftPart,
)
from shared.money import is_known, least_charge
from write_side.errors import Invalid, NotFound

MOST_CARDS = 5  # of an order
LONGEST_LIFE = timedelta(days=36_500)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is mistaken for something else on the phone
_LENGTH = 16  # letters: some 79 bits

Typed = Annotated[str, Meta(min_length=1, max_length=40, examples=["7F3K-29QM-XW4H-PT8C"])]
Codes = Annotated[list[Typed], Meta(max_length=MOST_CARDS)]
Why = Literal["unknown_code", "blocked", "over", "empty", "other_currency", "nothing_left_to_pay"]


class UnknownGiftCard(NotFound):
    """No gift card has this code, or this id."""

    code = "unknown_gift_card"


class UnknownCurrency(Invalid):
    """No such currency."""

    code = "unknown_currency"


class ExpiryOutOfRange(Invalid):
    """It would be over before it is given to anybody, or later than anybody can mean."""

    code = "expiry_out_of_range"


class NewGiftCard(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"amount_minor": 5000, "currency": "EUR", "expires_at": "2029-12-31T23:00:00Z"}`; without a
    time it never expires."""

    amount_minor: Annotated[int, Meta(ge=1, le=99_999_999)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$")]
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class GiftCard(Struct, frozen=True):
    """A gift card; `mark` is a keyed hash of its code."""

    id: UUID
    mark: str
    amount_minor: int
    currency: str
    expires_at: datetime | None
    state: Literal["active", "blocked"]
    balance_minor: int
    version: int
    order_id: UUID | None = None  # that it was bought by
    sku: str = ""
    refund_id: UUID | None = None  # that blocked it

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and self.expires_at <= now


class GiftCardUses(Struct, frozen=True):
    """Which orders hold how much of it."""

    id: UUID
    orders: dict[UUID, int]


class Spread(Struct, frozen=True):
    """What gift cards pay of a total. `refused`: the place of a code, from 0 → why it pays nothing."""

    parts: list[GiftPart]
    refused: dict[int, Why]


NOTHING = Spread([], {})


def new_code(secret: str, gift_card_id: UUID, key: str) -> str:
    """The code of a card that is being issued, the same at each repeat of the command: it is made of its
    Idempotency-Key, which is forgotten after a day. So it need not be kept, and nobody can make it again later."""
    made = digest(secret.encode(), f"gift card {gift_card_id} {key}".encode(), "sha256")
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in made[:_LENGTH])
    return "-".join(letters[n : n + 4] for n in range(0, _LENGTH, 4))


def mark_of(secret: str, code: str) -> str:
    """The keyed hash that a card is found by, however its code was typed."""
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    return digest(secret.encode(), f"gift card code {letters}".encode(), "sha256").hex()


def issue(new: NewGiftCard, gift_card_id: UUID, mark: str, now: datetime) -> GiftCardIssued:
    """The event of a new card. Raises `UnknownCurrency`, `ExpiryOutOfRange`."""
    if not is_known(new.currency):
        raise UnknownCurrency(f"{new.currency} is no currency we know", pointer="/currency")
    if new.expires_at is not None and not now < new.expires_at <= now + LONGEST_LIFE:
        raise ExpiryOutOfRange("it has to expire in the future, within a century", pointer="/expires_at")
    return GiftCardIssued(gift_card_id, mark, new.amount_minor, new.currency, new.expires_at)


def block(card: GiftCard) -> GiftCardBlocked | None:
    """The event of its end, None if it was blocked."""
    return None if card.state == "blocked" else GiftCardBlocked(card.id)


def spread(
    found: Sequence[GiftCard | None], total_minor: int, currency: str, now: datetime, sold_minor: int = 0
) -> Spread:
    """What the cards behind the codes that were typed pay of a total, one after the other (None: nobody's code); but
    nothing of `sold_minor`, what gift cards cost in it: one that ends, or is blocked, would live on as another."""
    parts: dict[UUID, int] = {}
    refused: dict[int, Why] = {}
    left = total_minor - sold_minor
    for n, card in enumerate(found):
        if why := _refusal(card, currency, now, left):
            refused[n] = why
        elif card is not None and card.id not in parts:
            parts[card.id] = min(card.balance_minor, left)
            left -= parts[card.id]
    return Spread(_leaving_enough(parts, left + sold_minor, least_charge(currency)), refused)


def _refusal(card: GiftCard | None, currency: str, now: datetime, left: int) -> Why | None:
    if card is None:
        return "unknown_code"
    if card.state == "blocked":
        return "blocked"
    if card.is_over(now):
        return "over"
    if card.currency != currency:
        return "other_currency"
    if card.balance_minor == 0:
        return "empty"
    return "nothing_left_to_pay" if left == 0 else None


def _leaving_enough(parts: dict[UUID, int], left: int, least: int) -> list[GiftPart]:
    """The last cards pay a little less where what is left to pay would be less than can be charged."""
    lacking = least - left if 0 < left < least else 0
    kept: list[GiftPart] = []
    for card_id, amount in reversed(parts.items()):
        less = min(lacking, amount)
        lacking -= less
        if amount > less:
            kept.insert(0, GiftPart(card_id, amount - less))
    return kept


def covers(parts: Sequence[GiftPart], cards: Mapping[UUID, GiftCard], now: datetime) -> bool:
    """Whether these cards still pay what a quote says."""
    for part in parts:
        card = cards.get(part.gift_card_id)
        if card is None or card.state != "active" or card.is_over(now) or card.balance_minor < part.amount_minor:
            return False
    return True


def paid_by(parts: Sequence[GiftPart]) -> int:
    """What they pay in all."""
    return sum(part.amount_minor for part in parts)


def given_back(parts: Sequence[GiftPart], before_minor: int, amount_minor: int) -> list[GiftPart]:
    """Which cards get how much back of an amount, after so much went back before: the last that paid is the first."""
    skip, left, back = before_minor, amount_minor, []
    for part in reversed(parts):
        gone = min(skip, part.amount_minor)
        skip -= gone
        amount = min(left, part.amount_minor - gone)
        left -= amount
        if amount:
            back.append(GiftPart(part.gift_card_id, amount))
    return back


def evolve(card: GiftCard | None, event: GiftCardEvent, version: int) -> GiftCard:
    """A gift card after an event."""
    if isinstance(event, GiftCardIssued):
        return GiftCard(
            event.gift_card_id, event.mark, event.amount_minor, event.currency, event.expires_at, "active",
            event.amount_minor, version, event.order_id, event.sku,
        )  # fmt: skip
    assert card is not None, "a gift card's history begins with GiftCardIssued"
    if isinstance(event, GiftCardBlocked):
        return structs.replace(card, state="blocked", refund_id=event.refund_id, version=version)
    return structs.replace(card, balance_minor=event.balance_minor, version=version)


def evolve_uses(uses: GiftCardUses | None, gift_card_id: UUID, event: GiftCardEvent) -> GiftCardUses:
    """Which orders hold how much after an event."""
    held = {} if uses is None else uses.orders
    match event:
        case GiftCardSpent(order_id=order_id, amount_minor=amount):
            held = held | {order_id: held.get(order_id, 0) + amount}
        case GiftCardReturned(order_id=order_id, amount_minor=amount):
            held = {id_: left for id_, n in held.items() if (left := n - amount * (id_ == order_id))}
    return GiftCardUses(gift_card_id, held)
