"""A search as analysts are told of it. Pure."""

from datetime import datetime

from msgspec import structs

from read_side.behaviour.domain import anonymous, anonymous_name
from read_side.search.parameters import SearchRequest
from read_side.search.results import Page
from read_side.search.wording import Wording, changed, words_of
from shared.documents.observations import SearchRecord

MOST_WORDS = 10


def search_record(asked: SearchRequest, page: Page, *, listing: bool, at: datetime, seconds: float) -> SearchRecord:
    """Its words made anonymous; of its filters only which there were."""
    understood, text = page.wording, anonymous(asked.text)
    return SearchRecord(
        at=at,
        text=text,
        results=page.total.value,
        took_ms=round(seconds * 1000),
        corrected=_corrected(text, understood) if understood and understood.changes else None,
        ignored=_ignored(text, understood) if understood else [],
        filters=_filters(asked),
        sort=asked.sort,
        listing=listing,
        weight=1.0,
    )


# Words were told apart where an address or a number is several: alone they no longer look like parts of one. So only
# those count that still stand in the anonymous text.
def _corrected(text: str, understood: Wording) -> str:
    changes = [structs.replace(change, asked=change.asked.lower()) for change in understood.changes]
    return anonymous(changed(text, changes))


def _ignored(text: str, understood: Wording) -> list[str]:
    kept = set(words_of(text))
    return [word for word in (word.lower() for word in understood.ignored) if word in kept][:MOST_WORDS]


def _filters(asked: SearchRequest) -> list[str]:
    chosen = {
        "category": bool(asked.categories),
        "brand": bool(asked.brands),
        "price": bool(asked.price_between) or asked.price_min is not None or asked.price_max is not None,
        "available": bool(asked.available),
    }
    return [name for name, is_chosen in chosen.items() if is_chosen] + sorted(
        {anonymous_name(name) for name in asked.attributes}
    )
