"""Promotions that pages show, as they are and were: joined with prices when a page is asked for, by the clock.

Those whose deduction depends on nothing but the piece (`shared/promotion_rule.py`). What depends on a code, on what
else lies in the cart, on who buys or on how many did is told by the quote alone.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.events.promotions import PromotionTerms

# Redis: `doc:<promotion id>` is a ShownPromotion; all are found by their names, `on_pages:<promotion id>`.
PROMOTIONS = "page_promotions"
ON_PAGES = "on_pages"


class PromotionStep(NamedTuple):
    """From then on a promotion has these terms; None: no page shows it."""

    at: datetime
    terms: PromotionTerms | None


class ShownPromotion(Struct, frozen=True):
    """A promotion that pages show, or showed lately."""

    id: UUID
    steps: list[PromotionStep]
