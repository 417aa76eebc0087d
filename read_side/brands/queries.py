"""All brands, as the search index has them: kept for a while, since every brand page and every suggestion asks."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from read_side.answers import CATALOG, Answer
from read_side.search import elastic
from read_side.search.index import Index
from shared.http.problems import Problem, Told
from shared.position import Position
from shared.publishing import minute_of
from shared.slugs import slug_of

MOST_BRANDS = 10_000
KEPT_SECONDS = 20.0
UNKNOWN_BRAND = Told(404, "unknown_brand", "There is no such brand, or nothing of it is listed.")


class Brand(Struct, frozen=True):
    """A brand and how many products of it are listed. Spelt in several ways, it is one brand, named as most do."""

    slug: str
    name: str
    products: int


class Brands(Struct, frozen=True):
    """All brands by name, or the 10,000 with most products."""

    brands: list[Brand]


class KnownBrands(Struct, frozen=True):
    """The brands in the forms that queries need."""

    brands: list[Brand]
    names: Mapping[str, list[str]]  # slug → spellings
    answer: Answer[Brands]


def known_brands(counts: Mapping[str, int]) -> KnownBrands:
    """From the number of products by spelling."""
    spelt: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        if name:
            spelt[slug_of(name)].append(name)
    told = [Brand(slug, names[0], sum(counts[name] for name in names)) for slug, names in spelt.items()]
    told.sort(key=lambda brand: (brand.name.casefold(), brand.slug))
    return KnownBrands(told, spelt, Answer.made(Brands(told), CATALOG))


class BrandShelf:
    """The brands as last seen; they go on while Elasticsearch is down."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._last = known_brands({})
        self._until = 0.0
        self._seen: dict[tuple[int, int], int] = {}  # (epoch, shard) → the position that the brands are of, at least
        self._reached: dict[tuple[int, int], int] = {}  # the same, of all that were asked for
        self._minute = minute_of(datetime.now(UTC))
        self._asking = asyncio.Lock()

    async def read(self, reached: Position | None = None) -> KnownBrands:
        """The brands, at most twenty seconds old and of this minute, and none older than a position that searches have
        `reached`.

        Answers 503 while there were none, or none of that position, and Elasticsearch is down.
        """
        if reached is not None:
            told = {(reached.epoch, shard): at for shard, at in reached.shards.items()}
            self._reached |= {key: max(at, self._reached.get(key, at)) for key, at in told.items()}
        async with self._asking:  # many who come at once are one question
            aged = time.monotonic() >= self._until or minute_of(datetime.now(UTC)) != self._minute
            if aged or not self._are_of(reached):
                await self._refresh(reached)
            return self._last

    async def spellings(self, slug: str, reached: Position | None = None) -> list[str]:
        """How a brand is spelt; answers 404 `unknown_brand`."""
        names = (await self._knowing([slug], reached)).get(slug)
        if names is None:
            raise UNKNOWN_BRAND.problem()
        return names

    async def as_spelt(self, names: Collection[str], reached: Position | None = None) -> tuple[str, ...]:
        """These brands in all their spellings; as they are, while there were none and Elasticsearch is down."""
        if not names:
            return ()
        try:
            known = await self._knowing([slug_of(name) for name in names if name], reached)  # "": of no brand
        except Problem:
            known = {}
        return tuple(sorted({spelt for name in names for spelt in (name, *known.get(slug_of(name), ()))}))

    async def _knowing(self, slugs: Collection[str], reached: Position | None) -> Mapping[str, list[str]]:
        """Slug → spellings. Looked at anew only where one of these is missing: whoever buys has a newer position with
        each request, and all of these would count the shop's brands again."""
        names = (await self.read()).names
        new = reached is not None and any(slug not in names for slug in slugs)
        return (await self.read(reached)).names if new else names

    def _are_of(self, reached: Position | None) -> bool:
        return reached is None or all(self._seen.get((reached.epoch, s), -1) >= at for s, at in reached.shards.items())

    async def _refresh(self, reached: Position | None) -> None:
        minute, seen = minute_of(datetime.now(UTC)), dict(self._reached)  # of who waits, too: searches see all of it
        try:
            counts = await self._counted()
        except Problem:
            if not (self._last.brands and self._are_of(reached)):
                raise
        else:
            self._last, self._seen = known_brands(counts), seen
        self._until, self._minute = time.monotonic() + KEPT_SECONDS, minute

    async def _counted(self) -> dict[str, int]:
        aggs = {"brands": {"terms": {"field": "brand", "size": MOST_BRANDS}}}
        found = await self._index.search(**elastic.counting(aggs, elastic.whole_shop(datetime.now(UTC))))
        return {bucket["key"]: bucket["doc_count"] for bucket in found["aggregations"]["brands"]["buckets"]}
