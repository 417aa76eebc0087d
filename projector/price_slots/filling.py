"""Documents that lack a slot's prices are written again as they are, with them. An event that comes meanwhile wins: it
is newer, and what it writes has the slots, too."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from elasticsearch import AsyncElasticsearch
from msgspec import Struct

from projector.bulk import Bulk, Item
from projector.price_slots.shown import BEGINNING, Pricing
from projector.raw_hits import Hit, Page, Pages
from projector.read_models.product import Product
from shared.cancellation import stop_if_cancelled

PAGE = 250  # documents in one request: some 50 ms of this process's time
AT_ONCE = 2  # requests: Elasticsearch works at one with one core
SCROLL = "1m"
TIMEOUT = 10.0

_Pricing = Callable[[], Pricing]


class _Source(Struct, frozen=True):
    fold: Product
    priced: list[str] = []


_source = msgspec.json.Decoder(_Source)


def connect(url: str) -> AsyncElasticsearch:
    """A client that reads such pages, and tries once."""
    return AsyncElasticsearch(
        url, request_timeout=TIMEOUT, max_retries=0, retry_on_timeout=False, serializers={Pages.mimetype: Pages()}
    )


class Filling:
    """Writes documents again, with the slots of the moment."""

    def __init__(self, client: AsyncElasticsearch, pricing: _Pricing) -> None:
        self._client, self._bulk, self._pricing = client, Bulk(client), pricing

    async def lack(self, index: str, marks: Sequence[str]) -> int:
        """How many documents lack one of these marks, as far as a search would see it."""
        await self._client.indices.refresh(index=index)
        found = await self._client.count(index=index, query=_lacking(marks))
        return int(found["count"])

    async def fill(self, index: str, marks: Sequence[str]) -> int:
        """Write those that lack one; answers how many those were."""
        written, waiting = 0, list[Sequence[Hit]]()
        async for hits in self._pages(index, marks):
            stop_if_cancelled()
            written += len(hits)
            waiting.append(hits)
            if len(waiting) == AT_ONCE:
                await asyncio.gather(*(self._write(index, each) for each in waiting))
                waiting = []
        await asyncio.gather(*(self._write(index, each) for each in waiting))
        return written

    async def _write(self, index: str, hits: Sequence[Hit]) -> None:
        now, pricing = datetime.now(UTC), self._pricing()
        for answer in await self._bulk.send([[_item(index, hit, pricing, now) for hit in hits]]):
            if isinstance(answer, Exception):
                raise answer

    async def _pages(self, index: str, marks: Sequence[str]) -> AsyncIterator[Sequence[Hit]]:
        answer: Any = await self._client.search(
            index=index, scroll=SCROLL, size=PAGE, sort="_doc", version=True, query=_lacking(marks)
        )
        page: Page = answer.body
        try:
            while page.hits.hits:
                yield page.hits.hits
                answer = await self._client.scroll(scroll_id=page.scroll_id, scroll=SCROLL)
                page = answer.body
        finally:
            await self._client.clear_scroll(scroll_id=page.scroll_id)


def _lacking(marks: Sequence[str]) -> dict[str, Any]:
    return {"bool": {"must_not": {"bool": {"filter": [{"term": {"priced": mark}} for mark in marks]}}}}


def _item(index: str, hit: Hit, pricing: Pricing, now: datetime) -> Item:
    """The document as it lies there, its slots cut off and others put in their place."""
    body = bytes(hit.source)
    source = _source.decode(body)
    plain = body[: body.rindex(BEGINNING)] if source.priced else body[:-1]
    whole = plain + pricing.beside(source.fold, now) + b"}"
    return Item(f"product:{hit.id}", index, hit.id, hit.version, "external_gte", whole)
