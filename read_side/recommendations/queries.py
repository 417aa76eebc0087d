"""Recommendations from Redis, and similar products from Elasticsearch; what is shown of each comes from its page."""

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from read_side.answers import Answer
from read_side.documents import Documents, Found, not_ready
from read_side.pictures import Pictures
from read_side.prices.pages import Till
from read_side.products.queries import AsAsked, page_ids
from read_side.recommendations.ranking import closest, followed_by
from read_side.search import elastic, relevance
from read_side.search.index import Index
from shared.documents.images import ShownImage
from shared.documents.prices import ShownPrice
from shared.documents.products import PAGE, ProductPage, Related, related_id
from shared.documents.recommendations import EVERYWHERE, MADE, Near, near_key, popular_key
from shared.documents.stock import Availability
from shared.position import Position
from shared.publishing import is_open
from shared.shards import product_key

MOST_GIVEN = 50  # products that somebody has in hand
SPARE = 3  # so many times more are looked at than shown: some are gone, or out of stock
CANDIDATES = 100


class Recommended(Struct, frozen=True):
    """What is shown of a product. `prices`: the lowest of its variants that can be had, per currency, as its page says
    it now."""

    id: UUID
    slug: str
    name: str
    brand: str
    image: ShownImage | None
    prices: list[ShownPrice]
    availability: Availability


class Recommendations(Struct, frozen=True):
    """The best first; fewer than asked for where there are no more."""

    items: list[Recommended]


class Kind(Struct, frozen=True):
    """Products of a kind that the merchant named, the best first."""

    kind: str
    items: list[Recommended]


class RelatedProducts(Struct, frozen=True):
    """By kind, in the merchant's order."""

    kinds: list[Kind]


class SeveralProducts(Struct, frozen=True):
    """In the order asked; `missing`: those that aren't for sale now, or that there never were."""

    items: list[Recommended]
    missing: list[UUID]


class _Variant(Struct):
    prices: list[ShownPrice]
    availability: Availability


class _Page(Struct):
    id: UUID
    slug: str
    name: str
    brand: str
    images: list[ShownImage]
    variants: list[_Variant]
    publish_at: datetime | None = None
    unpublish_at: datetime | None = None


class _Pages(NamedTuple):
    open: list[_Page]
    stale: str | None


_related = msgspec.json.Decoder(Related)
_near = msgspec.json.Decoder(Near)
_ids = msgspec.json.Decoder(list[UUID])
_page = msgspec.json.Decoder(_Page)


class Adviser:
    """Answers from what the recommender has written, the product pages, and the search index."""

    def __init__(self, documents: Documents, index: Index, till: Till, pictures: Pictures) -> None:
        self._documents, self._index, self._till, self._pictures = documents, index, till, pictures

    async def bought_with(self, product_id: UUID, as_asked: AsAsked, limit: int) -> Answer[Recommendations]:
        """What is bought together with a product; nothing else, even where that is little."""
        near = await self._near([product_id])
        return await self._shown(closest(near, {product_id}), as_asked, limit)

    async def for_hand(
        self, in_hand: Collection[UUID], category: UUID | None, as_asked: AsAsked, limit: int
    ) -> Answer[Recommendations]:
        """What goes with all that somebody has in hand, then what is popular around it, then everywhere."""
        near = await self._near(list(in_hand))
        shelves = [category] if category else [each.category_id for each in near if each.category_id is not None]
        popular = await self._popular(list(dict.fromkeys(shelves)))
        first = [] if category else closest(near, in_hand)
        return await self._shown(followed_by(first, *popular, without=in_hand), as_asked, limit)

    async def at_hand(
        self, named: Sequence[UUID], category: UUID | None, as_asked: AsAsked, limit: int
    ) -> list[Recommended]:
        """What can be shown without a search: what was named, then what is popular there, then everywhere."""
        popular = await self._popular([category] if category else [])
        shown, _ = await self._that_can_be_had(followed_by(named, *popular, without=()), as_asked, limit)
        return shown

    async def similar(self, product_id: UUID, as_asked: AsAsked, limit: int) -> Answer[Recommendations]:
        """Products of the same kind, told alike, whether anybody bought one or not."""
        found = await self._index.search(**_alike(str(product_id), limit * SPARE))
        ids = [UUID(hit["_id"]) for hit in found["hits"]["hits"]]
        return await self._shown([id_ for id_ in ids if id_ != product_id], as_asked, limit)

    async def related(
        self, product_id: UUID, as_asked: AsAsked, position: Position | None
    ) -> Answer[RelatedProducts]:
        """What the merchant shows beside a product, as far as it is for sale, sold out or not."""
        found = await self._documents.find(PAGE, related_id(product_id), product_key(product_id), position)
        said = {} if found is None else _related.decode(found.body).products
        ids = list(dict.fromkeys(id_ for several in said.values() for id_ in several))
        shown, behind = await self._for_sale(ids, as_asked, position)
        kinds = [Kind(kind, [shown[id_] for id_ in several if id_ in shown]) for kind, several in said.items()]
        stale = None if found is None else found.stale
        return Answer.made(RelatedProducts([kind for kind in kinds if kind.items]), as_asked.keeping, stale or behind)

    async def named(self, ids: Sequence[UUID], as_asked: AsAsked, position: Position | None) -> Answer[SeveralProducts]:
        """These, as far as they are for sale, sold out or not."""
        behind = None if position is None else await self._documents.behind(PAGE, None, position)
        shown, stale = await self._for_sale(ids, as_asked, position)
        items, missing = [shown[id_] for id_ in ids if id_ in shown], [id_ for id_ in ids if id_ not in shown]
        return Answer.made(SeveralProducts(items, missing), as_asked.keeping, behind or stale)

    async def _for_sale(
        self, ids: Sequence[UUID], as_asked: AsAsked, position: Position | None
    ) -> tuple[dict[UUID, Recommended], str | None]:
        pages = await self._priced(ids, as_asked, position)
        there = {page.id: item for page in pages.open if (item := self._recommended(page, even_sold_out=True))}
        return there, pages.stale

    async def _near(self, products: Sequence[UUID]) -> list[Near]:
        made, *found = await self._documents.raw([MADE, *(near_key(each) for each in products)])
        if made is None:
            raise not_ready()
        return [_near.decode(each) for each in found if each is not None]

    async def _popular(self, shelves: Sequence[UUID]) -> list[list[UUID]]:
        keys = [*(popular_key(shelf) for shelf in shelves), popular_key(EVERYWHERE)]
        found = await self._documents.raw(keys)
        return [_ids.decode(each) for each in found if each is not None]

    async def _shown(self, ids: Sequence[UUID], as_asked: AsAsked, limit: int) -> Answer[Recommendations]:
        items, stale = await self._that_can_be_had(ids, as_asked, limit)
        return Answer.made(Recommendations(items), as_asked.keeping, stale)

    async def _that_can_be_had(
        self, ids: Sequence[UUID], as_asked: AsAsked, limit: int
    ) -> tuple[list[Recommended], str | None]:
        """The first of them that can, and why what is said of them may be out of date."""
        items: list[Recommended] = []
        stale: str | None = None
        for at in range(0, min(len(ids), CANDIDATES), limit * SPARE):
            pages = await self._priced(ids[at : at + limit * SPARE], as_asked)
            items += [shown for page in pages.open if (shown := self._recommended(page))]
            stale = stale or pages.stale
            if len(items) >= limit:
                break
        return items[:limit], stale

    async def _priced(self, ids: Sequence[UUID], as_asked: AsAsked, position: Position | None = None) -> _Pages:
        """The pages of those that are for sale now, as somebody who asks for each of them gets it."""
        better = {str(id_): page_ids(id_, as_asked.locales) for id_ in ids} if as_asked.locales else {}
        stored = await self._documents.find_all(PAGE, [str(id_) for id_ in ids], better) if ids else []

        def asked(id_: UUID, found: Found) -> Awaitable[Answer[ProductPage] | None]:
            return self._till.answer(found, str(id_), as_asked.channel, as_asked.keeping, position)

        there = [asked(id_, found) for id_, found in zip(ids, stored, strict=True) if found is not None]
        answers = [answer for answer in await asyncio.gather(*there) if answer is not None]
        pages = [_page.decode(answer.body) for answer in answers]
        now = datetime.now(UTC)
        stale = next((answer.stale for answer in answers if answer.stale), None)
        return _Pages([page for page in pages if is_open(page.publish_at, page.unpublish_at, now)], stale)

    def _recommended(self, page: _Page, *, even_sold_out: bool = False) -> Recommended | None:
        """None if none of its variants can be had."""
        there = [variant for variant in page.variants if variant.availability != "out"]
        if not there and not even_sold_out:
            return None
        prices = _lowest(price for variant in there or page.variants for price in variant.prices)
        levels = {variant.availability for variant in there}
        availability: Availability = "in" if "in" in levels else "low" if levels else "out"
        image = self._pictures.hung(page.images[0]) if page.images else None
        return Recommended(page.id, page.slug, page.name, page.brand, image, prices, availability)


def _lowest(prices: Iterable[ShownPrice]) -> list[ShownPrice]:
    """One per currency, by currency."""
    lowest: dict[str, ShownPrice] = {}
    for price in prices:
        known = lowest.get(price.currency)
        if known is None or price.amount_minor < known.amount_minor:
            lowest[price.currency] = price
    return [price for _, price in sorted(lowest.items())]


def _alike(product_id: str, size: int) -> dict[str, Any]:
    """Elasticsearch's own way: the words that tell this product from others, looked for in others that are listed."""
    like = {
        "fields": ["name", "product_type", "attributes_text", "brand"], "like": [{"_id": product_id}],
        "min_term_freq": 1, "min_doc_freq": 2, "max_query_terms": 20, "minimum_should_match": "20%",
    }  # fmt: skip
    listed = {
        "must": [{"more_like_this": like}],
        "filter": [*elastic.listed(datetime.now(UTC)), relevance.CAN_BE_HAD],
    }
    return {
        "query": {"bool": listed}, "size": size, "source": False, "track_total_hits": False,
        "timeout": elastic.TIMEOUT,
    }  # fmt: skip
