"""Gift cards that are bought, pure: what is issued for a line, and which of them a refund takes back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from shared.events.gift_cards import GiftCardBlocked
from shared.events.orders import PricedLine
from write_side.errors import Refusal
from write_side.gift_cards.domain import GiftCard

MOST_SOLD = 100  # in one order: its cards are issued in one transaction, with those of some other orders


class TooManyGiftCards(Refusal):
    """More gift cards than one order may buy; `most` tells how many it may."""

    code = "too_many_gift_cards"


def check_bought(count: int) -> None:
    """Raises `TooManyGiftCards` if one order is to buy so many."""
    if count > MOST_SOLD:
        raise TooManyGiftCards(f"an order buys {MOST_SOLD} gift cards at most: place several", most=MOST_SOLD)


def cost(lines: Iterable[PricedLine]) -> int:
    """What the gift cards in these lines cost; no tax is on them."""
    return sum(line.total_minor - line.discount_minor for line in lines if line.gift_card)


def worth(line: PricedLine, released: int) -> list[int]:
    """What each card of a line is worth: what was paid for it. None is issued of those that were released, nor of what
    cost nothing."""
    each, rest = divmod(line.total_minor - line.discount_minor, line.quantity)
    values = (each + (n < rest) for n in range(line.quantity - released))
    return [value for value in values if value > 0]


def refundable(
    lines: Iterable[PricedLine], cards: Iterable[GiftCard], failed: Collection[UUID]
) -> Mapping[str, Sequence[GiftCard]]:
    """SKU → its cards of which something is left, the fullest first, for each SKU that is a gift card. One that a
    refund blocked counts again once that refund has failed."""
    found: dict[str, list[GiftCard]] = {line.sku: [] for line in lines if line.gift_card}
    for card in cards:
        if card.balance_minor and (card.state == "active" or card.refund_id in failed):
            found[card.sku].append(card)
    return {sku: sorted(each, key=lambda card: (-card.balance_minor, card.id)) for sku, each in found.items()}


def taken_back(
    cards: Mapping[str, Sequence[GiftCard]], wanted: Mapping[str, int], refund_id: UUID
) -> list[tuple[GiftCard, GiftCardBlocked]]:
    """The cards that a refund of so many of these SKUs blocks."""
    taken = [card for sku, each in cards.items() for card in each[: wanted.get(sku, 0)]]
    return [(card, GiftCardBlocked(card.id, refund_id)) for card in taken]
