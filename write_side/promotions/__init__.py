"""Promotions: what other contexts may ask of them."""

from shared.promotion_rule import BasketLine, Spare
from write_side.promotions.applying import NO_PROMOTIONS, Applied, Offered, apply
from write_side.promotions.domain import Claim, Codes, Promotion, claims_of
from write_side.promotions.gifts import LeftOut, gift_skus
from write_side.promotions.sets import by_category
from write_side.promotions.store import find_by_code, give_back, hold, offered_to

__all__ = [
    "NO_PROMOTIONS", "Applied", "BasketLine", "Claim", "Codes", "LeftOut", "Offered", "Promotion", "Spare", "apply",
    "by_category", "claims_of", "find_by_code", "gift_skus", "give_back", "hold", "offered_to",
]  # fmt: skip
