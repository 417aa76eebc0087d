"""Documents that lack a slot's prices are written again as they are, with them. An event that comes meanwhile wins: it
is newer, and what it writes has the slots, too."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from elasticsearch import AsyncElasticsearch
from msgspec import Struct

from projector.bulk import Bulk, Item
from projector.price_slots.regimes import NOTHING, Reach, apart
from projector.price_slots.shown import BEGINNING, Pricing, mark_of
from projector.price_slots.turns import Content
from projector.raw_hits import Hit, Page, Pages
from projector.read_models.product import Product
from shared.cancellation import stop_if_cancelled

PAGE = 250  # documents in one request: some 50 ms of this process's time
AT_ONCE = 2  # requests: Elasticsearch works at one with one core
CLAUSE = 10_000  # SKUs: Elasticsearch refuses a query that has more than 65,536 in one
SCROLL = "1m"
TIMEOUT = 10.0

Json = dict[str, Any]
_Pricing = Callable[[], Pricing]


class _Source(Struct, frozen=True):
    fold: Product


_source = msgspec.json.Decoder(_Source)


class Lacking(NamedTuple):
    """Documents of an index that have something else in a slot than what it is for."""

    into: str
    slot: str
    content: Content
    reach: Reach  # where documents may be that have what it was for before

    @property
    def query(self) -> Json:
        """Those that were written for it have its mark; those that have none at all have their own prices there."""
        marked: Json = {"exists": {"field": "priced"}}
        written: Json = {"term": {"priced": mark_of(self.slot, self.content.number)}}
        before = {"bool": {"filter": [marked, _within(self.reach)], "must_not": [written]}}
        never = {"bool": {"filter": [_within(apart(NOTHING, self.content.regime))], "must_not": [marked]}}
        return {"bool": {"should": [before, never]}}


def connect(url: str) -> AsyncElasticsearch:
    """A client that reads such pages, and tries once."""
    return AsyncElasticsearch(
        url, request_timeout=TIMEOUT, max_retries=0, retry_on_timeout=False, serializers={Pages.mimetype: Pages()}
    )


class Filling:
    """Writes documents again, with the slots of the moment."""

    def __init__(self, client: AsyncElasticsearch, pricing: _Pricing) -> None:
        self._client, self._bulk, self._pricing = client, Bulk(client), pricing

    async def show(self, index: str) -> None:
        """Have searches, and what is counted, see all that was written there. It costs searches what they had warmed,
        so nobody does it more often than needed."""
        await self._client.indices.refresh(index=index)

    async def count(self, lacking: Lacking) -> int:
        """How many those are, as far as a search sees it."""
        found = await self._client.count(index=lacking.into, query=lacking.query)
        return int(found["count"])

    async def fill(self, lacking: Lacking) -> int:
        """Write them, until slots are for something else; answers how many those were."""
        written, waiting, pricing = 0, list[Sequence[Hit]](), self._pricing()
        async with aclosing(self._pages(lacking)) as pages:
            async for hits in pages:
                stop_if_cancelled()
                written += len(hits)
                waiting.append(hits)
                if len(waiting) == AT_ONCE:
                    await asyncio.gather(*(self._write(lacking.into, each) for each in waiting))
                    waiting = []
                if self._pricing() is not pricing:
                    break
        await asyncio.gather(*(self._write(lacking.into, each) for each in waiting))
        return written

    async def _write(self, index: str, hits: Sequence[Hit]) -> None:
        now, pricing = datetime.now(UTC), self._pricing()
        for answer in await self._bulk.send([[_item(index, hit, pricing, now) for hit in hits]]):
            if isinstance(answer, Exception):
                raise answer

    async def _pages(self, lacking: Lacking) -> AsyncGenerator[Sequence[Hit]]:
        answer: Any = await self._client.search(
            index=lacking.into, scroll=SCROLL, size=PAGE, sort="_doc", version=True, query=lacking.query
        )
        page: Page = answer.body
        try:
            while page.hits.hits:
                yield page.hits.hits
                answer = await self._client.scroll(scroll_id=page.scroll_id, scroll=SCROLL)
                page = answer.body
        finally:
            await self._client.clear_scroll(scroll_id=page.scroll_id)


def _within(reach: Reach) -> Json:
    """Products that it reaches."""
    if reach.everything:
        return {"match_all": {}}
    skus = sorted(reach.skus)
    clauses: list[Json] = [{"terms": {"skus": skus[at : at + CLAUSE]}} for at in range(0, len(skus), CLAUSE)]
    if reach.lists:
        clauses.append({"terms": {"price_lists": sorted(reach.lists)}})
    if reach.gift_cards:
        clauses.append({"term": {"gift_card": True}})
    return {"bool": {"should": clauses}} if clauses else {"match_none": {}}


def _item(index: str, hit: Hit, pricing: Pricing, now: datetime) -> Item:
    """The document as it lies there, its slots cut off and others put in their place."""
    body = bytes(hit.source)
    whole = body[: body.rindex(BEGINNING)] + pricing.beside(_source.decode(body).fold, now) + b"}"
    return Item(f"product:{hit.id}", index, hit.id, hit.version, "external_gte", whole)
