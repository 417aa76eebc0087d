"""What a shopper may be about to type: searches of others, products, categories and brands that begin so.

Products are completed by Elasticsearch's suggester, which walks a graph in memory instead of an index; where it knows
too little (a word in between was left out), names with all words are searched for, the last one as a beginning. Slips
are forgiven only where nothing begins as typed: looking for them costs more, and mixes what was not meant with what
was.
"""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from redis.exceptions import RedisError

from read_side.answers import Answer, catalog_kept
from read_side.brands.queries import BrandShelf, KnownBrands, known_brands
from read_side.categories.queries import Categories, CategoryShelf
from read_side.documents import BEHIND
from read_side.pictures import Pictures
from read_side.search.completing import COMPLETIONS, MOST, SLIPS, completed, completing, source, with_all_words
from read_side.search.index import Index, Refused
from read_side.search.instead import DOWN
from read_side.search.names import FORGIVEN_FROM, Names
from read_side.search.past import PastSearches
from shared.documents.images import ShownImage
from shared.documents.products import Category, CategoryTree
from shared.documents.search_rules import plain
from shared.http.problems import Problem
from shared.locales import Locales, best

Json = dict[str, Any]

MOST_CATEGORIES = 4
MOST_BRANDS = 4
LOOK_AGAIN = 10.0  # seconds: an index of `products` before its fifteenth version completes no other languages


class SuggestedProduct(Struct, frozen=True):
    """A product as the list under a search box shows it."""

    id: UUID
    slug: str
    sku: str | None
    name: str
    image: ShownImage | None


class SuggestedCategory(Struct, frozen=True):
    """A category, with the names of those above it."""

    id: UUID
    slug: str
    name: str
    above: list[str]


class SuggestedBrand(Struct, frozen=True):
    """A brand that has something listed."""

    slug: str
    name: str


class Suggestions(Struct, frozen=True):
    """What begins as typed, best first. `searches` is what several others searched for and found something by."""

    searches: list[str]
    categories: list[SuggestedCategory]
    brands: list[SuggestedBrand]
    products: list[SuggestedProduct]


class CategoryNames:
    """All categories by their names in a language, and in the shop's own."""

    def __init__(self, categories: Categories, locales: Locales = None) -> None:
        self._categories, self._locales = categories, locales
        known = categories.by_id.values()
        self._names = Names((name, str(c.id)) for c in known for name in {c.name, c.called(locales)})

    def beginning(self, typed: str) -> list[SuggestedCategory]:
        """Those that begin so, shorter names first."""
        known = [self._categories.by_id[id_] for id_ in self._names.beginning(typed)]
        named = [(category.called(self._locales), category) for category in known]
        shown = sorted(named, key=lambda pair: (len(pair[0]), pair[0]))[:MOST_CATEGORIES]
        return [SuggestedCategory(c.id, c.slug, name, list(self._above(c))[::-1]) for name, c in shown]

    def _above(self, category: Category) -> Iterator[str]:
        parent = self._categories.by_id.get(str(category.parent_id))
        while parent is not None:
            yield parent.called(self._locales)
            parent = self._categories.by_id.get(str(parent.parent_id))


class BrandNames:
    """All brands by their names."""

    def __init__(self, known: KnownBrands) -> None:
        self.known = known
        self._by_slug = {brand.slug: brand for brand in known.brands}
        self._names = Names((brand.name, brand.slug) for brand in known.brands)

    def beginning(self, typed: str) -> list[SuggestedBrand]:
        """Those that begin so, those with most products first."""
        found = [self._by_slug[slug] for slug in self._names.beginning(typed)]
        shown = sorted(found, key=lambda brand: (-brand.products, brand.name))[:MOST_BRANDS]
        return [SuggestedBrand(brand.slug, brand.name) for brand in shown]


class Suggesting:
    """Answers what is typed."""

    def __init__(
        self, index: Index, shelf: CategoryShelf, brands: BrandShelf, past: PastSearches, pictures: Pictures
    ) -> None:
        self._index, self._shelf, self._brands, self._past, self._pictures = index, shelf, brands, past, pictures
        self._brand_names = BrandNames(known_brands({}))
        self._categories = Categories(CategoryTree([]))
        self._names: dict[Locales, CategoryNames] = {}  # of these categories
        self._own_alone_until = 0.0

    async def answer(self, typed: str, locales: Locales = None) -> Answer[Suggestions]:
        """What begins so, products and categories called as in the best of these languages; answers 503 while the
        index is not made.

        While Elasticsearch is down there are no products among it, and the rest is as last seen: `behind`.
        """
        typed, keeping = plain(typed), catalog_kept(locales)
        if not typed:
            return Answer.made(Suggestions([], [], [], []), keeping)
        categories = (await self._category_names(locales)).beginning(typed)
        brands = (await self._names_of_brands()).beginning(typed)
        searches = self._past.beginning(typed)
        products, stale = await self._products_or_none(typed, locales)
        return Answer.made(Suggestions(searches, categories, brands, products), keeping, stale)

    async def _products_or_none(self, typed: str, locales: Locales) -> tuple[list[SuggestedProduct], str | None]:
        try:
            return await self._products(typed, locales), None
        except Problem as problem:
            if problem.code != DOWN:
                raise
            return [], BEHIND

    async def _names_of_brands(self) -> BrandNames:
        try:
            known = await self._brands.read()
        except Problem:  # none was ever seen; what is asked next says why
            return self._brand_names
        if known is not self._brand_names.known:
            self._brand_names = BrandNames(known)
        return self._brand_names

    async def _category_names(self, locales: Locales) -> CategoryNames:
        with contextlib.suppress(Problem, RedisError, OSError):  # products are better than nothing
            categories = await self._shelf.last_known()
            if categories.etag != self._categories.etag:
                self._categories, self._names = categories, {}
        return self._names.get(locales) or self._names.setdefault(locales, CategoryNames(self._categories, locales))

    async def _products(self, typed: str, locales: Locales) -> list[SuggestedProduct]:
        now = datetime.now(UTC)
        hits = completed(await self._begun(typed, locales), now)
        if len(hits) < MOST:
            known = {hit["_id"] for hit in hits}
            otherwise = await self._otherwise(typed, locales, now, nearly=not hits)
            hits += [hit for hit in otherwise if hit["_id"] not in known]
        return [_product(hit, self._pictures, locales) for hit in hits[:MOST]]

    async def _begun(self, typed: str, locales: Locales, how: Json | None = None, **beside: Any) -> Json:
        """What the suggester completes; in the shop's own language alone while the index knows no other."""
        asked = {"source": source(locales), **beside}
        if time.monotonic() >= self._own_alone_until:
            try:
                return await self._index.search(**asked, suggest=completing(typed, locales, how))
            except Refused as error:
                if not (locales and COMPLETIONS in str(error)):
                    raise
                self._own_alone_until = time.monotonic() + LOOK_AGAIN
        return await self._index.search(**asked, suggest=completing(typed, None, how))

    async def _otherwise(self, typed: str, locales: Locales, now: datetime, *, nearly: bool) -> list[Json]:
        """Products with all words; `nearly`: if there are none, those that a slip is apart."""
        forgiving, asked = nearly and len(typed) >= FORGIVEN_FROM, with_all_words(typed, locales, now)
        found = await (self._begun(typed, locales, SLIPS, **asked) if forgiving else self._index.search(**asked))
        hits: list[Json] = found["hits"]["hits"]
        if hits or not forgiving:
            return hits
        if hits := completed(found, now):
            return hits
        found = await self._index.search(**with_all_words(typed, locales, now, nearly=True))
        return list(found["hits"]["hits"])


def _product(hit: Json, pictures: Pictures, locales: Locales) -> SuggestedProduct:
    told = hit["_source"]
    sku = next(iter(told["skus"]), None)
    image = pictures.first(told.get("image"), locales)
    name = best(told.get("names", {}), locales, told["name"])
    return SuggestedProduct(UUID(hit["_id"]), told["slug"], sku, name, image)
