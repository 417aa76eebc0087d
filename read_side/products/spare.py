"""Product pages from Elasticsearch, while Redis is gone or is being filled: slower, and only what a search would find.

A page that everybody wants is asked for once, and its answer goes to all who came meanwhile and for a second after.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from read_side.answers import Answer, catalog_kept
from read_side.documents import BEHIND
from read_side.search import elastic
from read_side.search.index import Index
from shared.documents.product_pages import Known, page_of
from shared.documents.products import ProductPage
from shared.locales import Locales
from shared.publishing import minute_of

FIELDS = {"id": "product_id", "slug": "slug", "sku": "skus", "ean": "eans"}
KNOWN = [f"fold.{name}" for name in ("id", "facts", "prices", "shelves", "own", "lists", "bundles", "components")]
AT_ONCE = 16  # questions: the others are for searches
KEPT_SECONDS = 1.0
MOST_KEPT = 2000

Page = Answer[ProductPage] | None


class Wanted(NamedTuple):
    """A page by one of its names, in the best of these languages."""

    name: Literal["id", "slug", "sku", "ean"]
    value: str
    locales: Locales


class SparePages:
    """Answers what Redis would."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._under_way: dict[Wanted, asyncio.Task[Page]] = {}
        self._kept: dict[tuple[Wanted, datetime], tuple[float, Page]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    async def find(self, wanted: Wanted) -> Page:
        """The page, None if there is none that is listed; answers 503 while Elasticsearch is down, too."""
        until, page = self._kept.get(_now(wanted), (0.0, None))
        if time.monotonic() < until:
            return page
        asking = self._under_way.get(wanted)
        if asking is None:
            asking = self._under_way[wanted] = asyncio.create_task(self._ask(wanted))
            asking.add_done_callback(lambda _: self._under_way.pop(wanted, None))
        return await asyncio.shield(asking)  # one who goes away takes it from nobody else

    async def _ask(self, wanted: Wanted) -> Page:
        async with self._places:
            page = await self._found(wanted)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[_now(wanted)] = time.monotonic() + KEPT_SECONDS, page
        return page

    async def _found(self, wanted: Wanted) -> Page:
        named = {"term": {FIELDS[wanted.name]: wanted.value}}
        found = await self._index.search(
            query={"bool": {"filter": [*elastic.listed(datetime.now(UTC)), named]}}, size=1, source=KNOWN,
            track_total_hits=False, timeout=elastic.TIMEOUT,
        )  # fmt: skip
        return _page(found["hits"]["hits"], wanted.locales)


def _now(wanted: Wanted) -> tuple[Wanted, datetime]:
    """At the turn of a minute products come and go."""
    return wanted, minute_of(datetime.now(UTC))


def _page(hits: list[dict[str, Any]], locales: Locales) -> Page:
    if not hits:
        return None
    known = msgspec.convert(hits[0]["_source"]["fold"], Known)
    best = next((locale for locale in locales or () if locale in known.locales), None)
    # Price lists are in Redis: a page that depends on them says that it may be wrong.
    return Answer.made(page_of(known, best), catalog_kept(locales), BEHIND if known.priced_by_time else None)
