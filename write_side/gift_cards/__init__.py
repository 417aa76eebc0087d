"""Gift cards: what other contexts may ask of them."""

from write_side.gift_cards.domain import Codes, GiftCard, Spread, Why, covers, given_back, paid_by
from write_side.gift_cards.handlers import Gifts, find_refundable, is_blocked, letter_of, paying, take_back
from write_side.gift_cards.sold import TooManyGiftCards, check_bought
from write_side.gift_cards.store import forget_key, give_back, hold, of_order, still_good

__all__ = [
    "Codes", "GiftCard", "Gifts", "Spread", "TooManyGiftCards", "Why", "check_bought", "covers",
    "find_refundable", "forget_key", "give_back", "given_back", "hold", "is_blocked", "letter_of", "of_order",
    "paid_by", "paying", "still_good", "take_back",
]  # fmt: skip
