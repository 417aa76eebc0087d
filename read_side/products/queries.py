"""The product page, by id or another name: from Redis, else from Elasticsearch."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from msgspec import structs
from redis.exceptions import RedisError

from read_side.answers import CATALOG, Answer, Keeping, catalog_kept
from read_side.documents import BEHIND, NOT_READY, Documents, Found, not_ready
from read_side.kept import Lying
from read_side.parameters import DEFAULT_CHANNEL
from read_side.prices.pages import Till
from read_side.products.showcase import Showcase
from read_side.products.spare import SparePages, Wanted
from shared.documents.products import PAGE, ProductPage, page_id
from shared.ean import normalized
from shared.http.problems import Problem, not_found, unavailable
from shared.locales import Locales
from shared.position import Position

Name = Literal["slug", "sku", "ean"]

Page = Answer[ProductPage]


class AsAsked(NamedTuple):
    """In which languages a page is wanted, at the prices of which channel, and of which variant, if not of all."""

    locales: Locales = None
    channel: str = DEFAULT_CHANNEL
    variant: str | None = None

    @property
    def keeping(self) -> Keeping:
        """How long the answer may be kept."""
        return catalog_kept(self.locales)


PLAINLY = AsAsked()


class Pages:
    """Answers product pages."""

    def __init__(self, documents: Documents, till: Till, spare: SparePages, showcase: Showcase) -> None:
        self._documents, self._till, self._spare, self._showcase = documents, till, spare, showcase

    async def by_id(
        self,
        product_id: str,
        position: Position | None = None,
        as_asked: AsAsked = PLAINLY,
        lying: Lying | None = None,
    ) -> Page:
        """The page of a product in the best language it has, at the prices of now; of `lying`, if that was just read.

        Answers 404 if there is none, 503 while nobody knows.
        """
        wanted = Wanted("id", product_id, as_asked.locales)
        page = await self._or_spare(lambda: self._page(product_id, position, as_asked, lying=lying), wanted, position)
        return self._showcase.shown(page, as_asked.variant)

    async def by_name(
        self, name: Name, value: str, position: Position | None = None, as_asked: AsAsked = PLAINLY
    ) -> Page:
        """The same page by slug, SKU or EAN."""
        wanted = Wanted(name, kept_form(name, value), as_asked.locales)
        page = await self._or_spare(lambda: self._page_by(name, wanted.value, position, as_asked), wanted, position)
        return self._showcase.shown(page, as_asked.variant)

    def at_once(self, product_id: str) -> Page | None:
        """The page of a product that is kept, of a shop of one language. None: ask `by_id`, which also refuses."""
        lying = self._documents.at_once(PAGE, product_id)
        return None if lying is None else self._as_it_lies(lying)

    def _as_it_lies(self, lying: Lying) -> Page | None:
        if not self._till.sells_as_stored(lying.body):
            return None
        if lying.made is None:
            lying.made = Answer(lying.body, lying.etag, CATALOG)
        page: Page = lying.made
        return self._showcase.shown(page, None)

    async def soon(self, product_id: str) -> Page:
        """The page that `by_id` answers, of a shop of one language: what Redis holds is read first, and mostly that is
        all there is to do."""
        try:
            lying = await self._documents.soon(PAGE, product_id)
        except (RedisError, OSError) as error:
            page = await self._instead(Wanted("id", product_id, None), None, unavailable("redis"), error)
            return self._showcase.shown(page, None)
        plain = None if lying is None else self._as_it_lies(lying)
        return plain or await self.by_id(product_id, lying=lying)

    def named_at_once(self, name: Name, value: str) -> Page | None:
        """The same by slug, SKU or EAN; None: ask `by_name`."""
        product_id = self._documents.named_at_once(PAGE, name, kept_form(name, value))
        return None if product_id is None else self.at_once(product_id)

    async def _page(
        self,
        product_id: str,
        position: Position | None,
        as_asked: AsAsked,
        waited: bool = False,
        lying: Lying | None = None,
    ) -> Page:
        key, translated = f"product:{product_id}", page_ids(product_id, as_asked.locales)
        waits, fresh = None if waited else position, position is not None  # what is kept may be from before
        if lying is None:
            found = await self._documents.find_best(PAGE, product_id, translated, key, waits, fresh=fresh)
        else:
            found = Found(lying.etag, lying.body, self._documents.parked(PAGE, key))
        if found is None:
            raise not_found("product")
        answer = await self._till.answer(found, product_id, as_asked.channel, as_asked.keeping, position)
        if answer is None:
            raise not_found("product")
        return answer

    async def _page_by(self, name: Name, value: str, position: Position | None, as_asked: AsAsked) -> Page:
        # Which product it is, and so its shard, is known only once the name is there: all shards are waited for.
        behind = await self._documents.behind(PAGE, None, position) if position is not None else None
        product_id = await self._documents.look_up(PAGE, name, value, fresh=position is not None)
        if product_id is None:
            raise not_ready() if behind else not_found("product")
        answer = await self._page(product_id, position, as_asked, waited=True)  # for pages; not yet for price lists
        return structs.replace(answer, stale=behind) if behind else answer

    async def _or_spare(self, ask: Callable[[], Awaitable[Page]], wanted: Wanted, position: Position | None) -> Page:
        try:
            return await ask()
        except (RedisError, OSError) as error:
            return await self._instead(wanted, position, unavailable("redis"), error)
        except Problem as problem:
            if problem.code != NOT_READY.code:
                raise
            return await self._instead(wanted, position, problem, problem)

    async def _instead(self, wanted: Wanted, position: Position | None, refusal: Problem, cause: Exception) -> Page:
        """From Elasticsearch. What isn't there may only not be there yet: then it is unknown, as it was before."""
        try:
            page = await self._spare.find(wanted)
        except Problem:
            page = None
        if page is None:
            raise refusal from cause
        unsure = position is not None or await self._till.is_unsure(datetime.now(UTC))
        return structs.replace(page, stale=BEHIND) if unsure else page


def page_ids(product_id: object, locales: Locales) -> list[str]:
    """The pages in other languages that would do, the best first."""
    return [page_id(product_id, locale) for locale in locales or ()]


def kept_form(name: Name, value: str) -> str:
    """A name as it is kept: an EAN has more than one spelling (12 or 13 digits)."""
    return normalized(value) or value if name == "ean" else value
