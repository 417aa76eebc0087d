"""A search as analysts are told of it. Pure."""

from datetime import datetime

from read_side.behaviour.domain import anonymous
from read_side.search.parameters import SearchRequest
from read_side.search.results import Page
from shared.documents.observations import SearchRecord

MOST_WORDS = 10


def search_record(asked: SearchRequest, page: Page, *, listing: bool, at: datetime, seconds: float) -> SearchRecord:
    """Its words made anonymous; of its filters only which there were."""
    understood = page.wording
    return SearchRecord(
        at=at,
        text=anonymous(asked.text),
        results=page.total.value,
        took_ms=round(seconds * 1000),
        corrected=anonymous(understood.text) if understood and understood.changes else None,
        ignored=[anonymous(word) for word in understood.ignored[:MOST_WORDS]] if understood else [],
        filters=_filters(asked),
        sort=asked.sort,
        listing=listing,
        weight=1.0,
    )


def _filters(asked: SearchRequest) -> list[str]:
    chosen = {
        "category": bool(asked.categories),
        "brand": bool(asked.brands),
        "price": asked.price_min is not None or asked.price_max is not None,
        "available": bool(asked.available),
    }
    return [name for name, is_chosen in chosen.items() if is_chosen] + sorted(asked.attributes)
