"""Gift cards: what other contexts may ask of them."""

from write_side.gift_cards.domain import Codes, GiftCard, Why, covers, given_back, paid_by
from write_side.gift_cards.handlers import Gifts, paying
from write_side.gift_cards.store import give_back, hold, still_good

__all__ = [
    "Codes", "GiftCard", "Gifts", "Why", "covers", "give_back", "given_back", "hold", "paid_by", "paying",
    "still_good",
]  # fmt: skip
