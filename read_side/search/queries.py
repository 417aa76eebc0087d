"""Searching: hits, facets and the next cursor, in one or two questions to Elasticsearch."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request
from redis.exceptions import RedisError

from read_side.answers import Answer, catalog_kept
from read_side.brands.queries import UNKNOWN_BRAND, BrandShelf
from read_side.categories.queries import Categories, CategoryShelf
from read_side.documents import BEHIND, Documents, not_ready
from read_side.pictures import Pictures
from read_side.prices.promotions import PromotionShelf
from read_side.prices.shelf import PriceListShelf
from read_side.prices.slots import SlotShelf
from read_side.product_types.queries import Types
from read_side.products.queries import AsAsked
from read_side.promotions.queries import in_force
from read_side.sales.queries import Sales
from read_side.search import cursors, elastic, price_ranges, results
from read_side.search.cards import Cards
from read_side.search.counter import Counter
from read_side.search.doubts import doubt
from read_side.search.elastic import Json
from read_side.search.explaining import Why, explained
from read_side.search.index import Index
from read_side.search.instead import DOWN, Instead
from read_side.search.kinds import Kind
from read_side.search.listings import Listing
from read_side.search.meaning import meaning
from read_side.search.parameters import SearchRequest
from read_side.search.plan import Plan
from read_side.search.popular import PopularShelf
from read_side.search.recent import Made, Recent
from read_side.search.relevance import ALL, is_one_word
from read_side.search.rescuing import Rescuer
from read_side.search.results import Page, Rescue
from read_side.search.rules import Rules, RuleShelf
from read_side.search.translated import Lefts, translated
from read_side.search.wording import Wording
from shared.documents.products import SEARCH, CategoryTree
from shared.events.merchandising import Rule
from shared.http.problems import Problem
from shared.position import Position
from shared.publishing import minute_of
from shared.shown_promotions import NO_PROMOTIONS

NO_RULES = Rules(())


def search_of(request: Request[Any, Any, Any]) -> "Search":
    """The API's own. No dependency: a route that takes two has each resolved in a task, at every request."""
    search: Search = request.app.state.search
    return search


class Search:
    """Answers searches, and tells of each that has words: what was asked and found, in a listing or not, how long."""

    def __init__(
        self,
        index: Index,
        documents: Documents,
        shelf: CategoryShelf,
        brands: BrandShelf,
        sales: Sales,
        rules: RuleShelf,
        lists: PriceListShelf,
        promotions: PromotionShelf,
        slots: SlotShelf,
        instead: Instead,
        pictures: Pictures,
        secret: str,
        tell: Callable[[SearchRequest, Page, bool, float], None],
        types: Types,
        kept_seconds: float = 0.0,
    ) -> None:
        self._recent = Recent(kept_seconds)
        self._index, self._documents, self._rules, self._secret = index, documents, rules, secret
        self._shelf, self._brands, self._sales, self._instead = shelf, brands, sales, instead
        self._pictures, self._lefts, self._cards = pictures, Lefts(), Cards()
        self._counter, self._popular, self._tell = Counter(index, types, self._cards), PopularShelf(documents), tell
        self._rescuer = Rescuer(index, self._popular, self._cards)
        self._lists, self._promotions, self._slots, self._types = lists, promotions, slots, types

    async def answer(
        self, asked: SearchRequest, position: Position | None, listing: Listing | None = None
    ) -> Answer[Page]:
        """A page of results, of one listing if given.

        Answers 400 `broken_cursor`, 404 for a category, a brand, a promotion or a sale that there isn't, 503 while
        Elasticsearch is down (with something else in `instead`) or the index not filled.
        """
        try:
            return await self._answer(asked, position, listing)
        except Problem as problem:
            if problem.code == DOWN and asked.cursor is None:
                category = await self._category(asked, listing)
                as_asked = AsAsked(asked.locales, asked.channel)
                problem.members["instead"] = await self._instead.offered(asked.text, category, as_asked)
            raise

    async def _category(self, asked: SearchRequest, listing: Listing | None) -> UUID | None:
        slug = listing.category if listing and listing.category else next(iter(asked.categories), None)
        known = (await self._categories(needed=False)).by_slug.get(slug or "")
        return known.id if known else None

    async def _answer(self, asked: SearchRequest, position: Position | None, listing: Listing | None) -> Answer[Page]:
        began, question = time.monotonic(), await self._question(asked, listing)
        if position is None:
            made = await self._recent.answer(question, lambda: self._made(asked, None, listing))
        else:  # the answer to a command must not be one from before it
            made = await self._made(asked, position, listing)
            for key in {question, await self._question(asked, listing)}:  # a minute may have turned while it waited
                self._recent.replace(key, began, made)
        if asked.text and asked.cursor is None:
            self._tell(asked, made.page, listing is not None, time.monotonic() - began)
        # What was kept or waited for was in no doubt when it was made: it may be by now.
        stale = made.answer.stale or doubt(self._documents.board, made.page) or (await self._promotions.known()).stale
        return msgspec.structs.replace(made.answer, stale=stale) if stale else made.answer

    async def _question(self, asked: SearchRequest, listing: Listing | None) -> Hashable:
        """What was asked, and all that has to change an answer at once, on the minute or to the second."""
        promoted, now = await self._promotions.known(), datetime.now(UTC)
        offers, counting = promoted.offers(now), await self._slots.counting(asked.channel)
        prices = (promoted.mark, tuple(offer.id for offer in offers), counting)
        rules = (await self._rules.read(None)).etag if asked.text else ""
        return msgspec.json.encode((asked, listing)), minute_of(now), prices, rules

    async def _made(self, asked: SearchRequest, position: Position | None, listing: Listing | None) -> Made:
        # First: what the plan is made of may be as new as what the position stands for.
        behind = None if position is None else await self._documents.behind_index(SEARCH, position)
        try:
            plan = await self._plan(asked, listing, position, None if behind else position)
        except Problem as problem:
            if behind and problem.code == UNKNOWN_BRAND.code:  # the position may stand for it; the tree has its own
                raise not_ready() from problem
            raise
        page, unsure, changes_at = await self._page(plan, position)
        stale = behind or plan.categories.stale or unsure or doubt(self._documents.board, page)
        return Made(Answer.made(page, catalog_kept(asked.locales), stale), page, changes_at)

    async def preview(
        self, asked: SearchRequest, proposed: Callable[[Rules], Sequence[Rule]], position: Position | None
    ) -> tuple[Page, Page, list[Why]]:
        """The page as it is, as it would be with what is proposed in the place of the rules in force, and why."""
        plan, in_force = await self._plan(asked, None, position, None), await self._rules.read(position)
        other = msgspec.structs.replace(plan, rules=Rules(proposed(in_force)))
        (before, *_), (after, *_) = await self._page(plan, position), await self._page(other, position)
        return before, after, await explained(other, after, self._index)

    async def _plan(
        self, asked: SearchRequest, listing: Listing | None, position: Position | None, reached: Position | None
    ) -> Plan:
        """`reached`: the position, if searches see what it stands for."""
        needed = bool(asked.categories or (listing and listing.category))
        fresh, at = needed or position is not None, position if needed else None
        categories = await self._categories(needed=needed, fresh=fresh, position=at)
        selected = sorted({id_ for slug in asked.categories for id_ in categories.with_descendants(slug)})
        within = None if listing is None else await self._of(listing, categories, position, reached)
        promoted, counting = await self._promotions.known(position), await self._slots.counting(asked.channel)
        offers = promoted.offers(now := datetime.now(UTC))  # the moment of the slot: what hits cost is of it, too
        mark = cursors.fingerprint(asked, listing.mark if listing else None)
        left = self._lefts.by(offers, asked.currency)
        spelt, typed = await self._brands.as_spelt(asked.brands, reached), asked
        asked = msgspec.structs.replace(translated(asked, left, counting.field), brands=spelt)
        plan = Plan(
            asked=asked,
            listing=listing,
            categories=categories,
            fingerprint=mark,
            common=elastic.filters(asked, within, now),
            chosen=elastic.selections(asked, selected if asked.categories else None),
            rules=await self._rules.read(position) if asked.text else NO_RULES,
            popular=await self._popular.read() if asked.text else (),
            promoted=promoted,
            promotes=bool(offers),
            counting=counting,
            now=now,
            left=left,
            typed=typed,
            within=within,
            declared=await self._types.declared(position) if asked.locales else None,
        )
        return plan if asked.cursor is None else self._continued(plan, asked.cursor)

    async def _of(
        self, listing: Listing, categories: Categories, position: Position | None, reached: Position | None
    ) -> Json:
        match listing.kind:
            case "category":
                return {"terms": {"category_id": categories.with_descendants(listing.name)}}
            case "brand":
                return {"terms": {"brand": await self._brands.spellings(listing.name, reached)}}
            case "promotion":
                skus = (await in_force(self._promotions, listing.name, position)).terms.skus
                whole = {"must_not": {"term": {"only_gift_cards": True}}}  # nothing is taken off these
                return {"bool": {**whole, "filter": {"terms": {"skus": skus}}} if skus else whole}
            case "sale":
                return {"terms": {"skus": (await self._sales.find(listing.name, position)).skus}}

    def _continued(self, plan: Plan, cursor: str) -> Plan:
        """Behind the last page, in the words that it was found by."""
        text, after = cursors.decode(self._secret, plan.fingerprint, cursor)
        return msgspec.structs.replace(plan, asked=msgspec.structs.replace(plan.asked, text=text), after=after)

    async def _categories(
        self, *, needed: bool, fresh: bool = True, position: Position | None = None
    ) -> Categories:
        """The tree; where it only gives names, an answer without them is better than none."""
        try:
            return await self._shelf.last_known(fresh=fresh, position=position)
        except (Problem, RedisError, OSError):
            if needed:
                raise
            return Categories(CategoryTree([]))

    async def _page(self, plan: Plan, position: Position | None) -> tuple[Page, str | None, datetime | None]:
        """The page, why its prices may be out of date, if they may, and when they change by the clock."""
        named = plan.named()
        kinds = await self._counter.kinds_of(named, plan)  # once: the answer is read as what was asked
        plan, found, understood = await self._found(plan, kinds)
        asked, hits = plan.asked, found["hits"]["hits"]
        counted = await self._counter.read(named, found, plan, kinds)
        if plan.samples:
            counted += await self._counter.sampled(hits, plan)
        shown = [results.read(hit) for hit in hits[: asked.limit]]
        told = await self._rescuer.told(plan) if self._is_lost(found, plan) else None
        others = [results.read(hit) for hit in told.hits] if told else []
        lists, unsure = await self._lists.lists(results.named_lists([*shown, *others]), position)
        said = results.Said(lists, plan.promoted.promotions if plan.promotes else NO_PROMOTIONS, plan.now)
        items, instead = ([results.item(hit, plan, said, self._pictures) for hit in hits] for hits in (shown, others))
        page = Page(
            items=items,
            total=results.total(found["hits"]),
            facets=counted,
            next_cursor=self._next(hits, plan),
            wording=understood,
            prices_changing_since=plan.counting.changing_since,
            prices_of_channel=plan.counting.of_channel or msgspec.UNSET,
            rescue=Rescue(told.reason, list(told.without), told.showing, instead) if told else None,
            price_ranges=price_ranges.told(found, plan.asked, plan.left),
        )
        stale = unsure or plan.promoted.stale or (BEHIND if told and told.reason == "not_known" else None)
        return page, stale, results.changes_at([*shown, *others], lists, said.now)

    def _is_lost(self, found: Json, plan: Plan) -> bool:
        """Whether nothing was found; of an index that is being filled nobody can say that."""
        return plan.after is None and not found["hits"]["total"]["value"] and self._documents.board.is_ready(SEARCH)

    async def _found(self, plan: Plan, kinds: Mapping[str, Kind]) -> tuple[Plan, Json, Wording | None]:
        """What is found, and by which words. Only words that no product says are asked for twice."""
        text = plan.asked.text
        found = await self._hits(plan, kinds)
        if not text or plan.after is not None or _say_all(text, found):
            return plan, found, Wording(text) if text else None
        understood = await meaning(text, self._index)
        if not understood.changes:
            return plan, found, understood
        plan = msgspec.structs.replace(plan, asked=msgspec.structs.replace(plan.asked, text=understood.text))
        return plan, await self._hits(plan, kinds), understood

    async def _hits(self, plan: Plan, kinds: Mapping[str, Kind]) -> Json:
        carded, copy = self._cards.are_there, plan.fingerprint.hex()  # one copy: one order of scores
        found = await self._index.search(**plan.body(kinds, carded=carded), preference=copy)
        if carded and self._cards.are_missing(found["hits"]["hits"]):
            found = await self._index.search(**plan.body(kinds, carded=False), preference=copy)
            if found["hits"]["hits"]:
                self._cards.found_without()
        return found

    def _next(self, hits: list[Json], plan: Plan) -> str | None:
        limit = plan.asked.limit
        if not limit or len(hits) <= limit:
            return None
        return cursors.encode(self._secret, plan.fingerprint, [plan.asked.text, hits[limit - 1]["sort"]])


def _say_all(text: str, found: Json) -> bool:
    """Whether some hit says all words: then all of them are known. Under another sort than relevance any may be it."""
    hits = found["hits"]["hits"]
    marks = (mark for hit in hits for mark in hit.get("matched_queries", ()))
    return bool(hits and is_one_word(text)) or any(mark.startswith(ALL) for mark in marks)
