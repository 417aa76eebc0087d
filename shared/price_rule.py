"""Which price list is asked, and which of several goes: the one rule of checkout and pages. Pure. Decision 29."""

from datetime import datetime
from uuid import UUID

from shared.events.pricing import PriceListTerms


def applies(terms: PriceListTerms, currency: str, channel: str, groups: frozenset[str], now: datetime) -> bool:
    """Whether somebody who buys there and then pays by a list that is running."""
    return (
        terms.currency == currency
        and (not terms.channels or channel in terms.channels)
        and (not terms.groups or not groups.isdisjoint(terms.groups))
        and (terms.starts_at is None or terms.starts_at <= now)
        and not is_over(terms, now)
    )


def is_over(terms: PriceListTerms, now: datetime) -> bool:
    """Whether the time of a list has passed."""
    return terms.ends_at is not None and terms.ends_at <= now


def precedence(terms: PriceListTerms, amount_minor: int, price_list_id: UUID) -> tuple[int, int, UUID]:
    """What offers by lists are compared by: the smallest goes."""
    return terms.priority, amount_minor, price_list_id
