"""Promotions: what other contexts may ask of them."""

from shared.promotion_rule import BasketLine
from write_side.promotions.applying import NO_PROMOTIONS, Applied, Offered, apply
from write_side.promotions.domain import Claim, Codes, Promotion, claims_of
from write_side.promotions.store import find_by_code, offered_to

__all__ = [
    "NO_PROMOTIONS", "Applied", "BasketLine", "Claim", "Codes", "Offered", "Promotion", "apply", "claims_of",
    "find_by_code", "offered_to",
]  # fmt: skip
