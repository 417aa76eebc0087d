"""Promotions that pages show, as they are and were: joined with prices when a page is asked for, by the clock.

Those whose deduction depends on nothing but the piece (`shared/promotion_rule.py`). What depends on a code, on what
else lies in the cart, on who buys or on how many did is told by the quote alone.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.documents.prices import TOLD
from shared.events.promotions import PromotionTerms

# Redis: `doc:<promotion id>` is a ShownPromotion; all are found by their names, `on_pages:<promotion id>`, and of one
# that ends `on_pages:<promotion id>/<from when on no page tells it any more>`.
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


def name_of(promotion: ShownPromotion) -> str:
    """What it is found by."""
    at, terms = promotion.steps[-1]
    end = at if terms is None else terms.ends_at and max(at, terms.ends_at)
    return str(promotion.id) if end is None else f"{promotion.id}/{(end + TOLD).isoformat()}"


def told(names: Iterable[str], now: datetime) -> list[str]:
    """The ids of those that a page may have to tell of; what was over long ago need not be read."""
    parted = (name.partition("/") for name in names)
    return sorted(id_ for id_, _, until in parted if not until or now < datetime.fromisoformat(until))
