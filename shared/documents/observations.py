"""What was looked for and looked at: searches and behaviour. Not in the log: some of it may be lost, and is counted.

The query API puts each into a Redis stream, the projector brings it into an Elasticsearch index of its day, and deletes
what is too old. Nobody can be recognized in it: no account, no address, and a session's mark changes every day.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Struct

from shared.documents.layout import index_name
from shared.documents.told import told

SEARCHES = "searches"  # Elasticsearch: a SearchRecord per search that was kept
BEHAVIOUR = "behaviour"  # Elasticsearch: a BehaviourRecord per event

VERSION = "v1"
MOST_ENTRIES = 100_000  # of a stream: older ones go when nobody takes them
BODY = "body"  # the field of an entry that holds its record

What = Literal["view", "click", "add"]


class SearchRecord(Struct, frozen=True):
    """The first page of a search with words. Of very many a sample is kept: `weight` says for how many it stands."""

    at: Annotated[datetime, told("when it was asked", "UTC")]
    text: Annotated[str, told("its words in lower case; `#` for an address or a number that may be a person's")]
    results: Annotated[int, told("products found, at most 10,000", "products")]
    took_ms: Annotated[int, told("until we had the answer", "ms")]
    corrected: Annotated[str | None, told("what was searched for instead; null: what was typed")]
    ignored: Annotated[list[str], told("words that no product says")]
    filters: Annotated[list[str], told("what narrowed it: category, brand, price, available, attributes' names")]
    sort: Annotated[str, told("the order asked for")]
    listing: Annotated[bool, told("it was asked within a category, a brand or a sale")]
    weight: Annotated[float, told("how many searches it stands for: add these up instead of counting", "searches")]


class BehaviourRecord(Struct, frozen=True):
    """Something that a visitor did who consented to being counted."""

    at: Annotated[datetime, told("when it reached us", "UTC")]
    what: Annotated[What, told("looked at, clicked in a list, put into the cart")]
    product_id: Annotated[UUID, told("the product, as the client said it")]
    session: Annotated[str, told("the same for one session on one day, and never again")]
    rank: Annotated[int | None, told("place in the list that it was clicked in, from 1")]
    text: Annotated[str | None, told("words that the list was searched by, as in `searches`")]


RECORDS: dict[str, type[Struct]] = {SEARCHES: SearchRecord, BEHAVIOUR: BehaviourRecord}


def stream_key(kind: str) -> str:
    """The stream in Redis that they wait in."""
    return f"observed:{kind}"


def reader_key(kind: str) -> str:
    """A hash: `at`, the id of the last entry taken, and `passed`, how many were taken or are known to be lost."""
    return f"observed:{kind}:reader"


def index_of(prefix: str, kind: str, day: date) -> str:
    """The index of one day (UTC); the alias is the kind itself."""
    return f"{index_name(prefix, kind, VERSION)}-{day:%Y.%m.%d}"


def day_of(prefix: str, kind: str, index: str) -> date | None:
    """Which day an index is of; None: it is none of these."""
    begun = f"{index_name(prefix, kind, VERSION)}-"
    try:
        return datetime.strptime(index.removeprefix(begun), "%Y.%m.%d").date() if index.startswith(begun) else None  # noqa: DTZ007
    except ValueError:
        return None
