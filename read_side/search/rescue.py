"""Ways out of a search that found nothing: the same search without one of its filters, without all of them, outside of
its listing, or without its words. Pure: a plan in, plans out, and what their answers say.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec.structs import replace

from read_side.search import elastic
from read_side.search.elastic import BRAND, CATEGORY, Json
from read_side.search.links import link
from read_side.search.parameters import FILTER_PREFIX, SearchRequest
from read_side.search.plan import Plan
from read_side.search.relevance import CAN_BE_HAD, liked
from read_side.search.results import Reason, Showing, Without, total

SHOWN = 8
MOST_TRIED = 8  # filters, each by itself
PRICES, AVAILABLE, WORDS = "price", "available", "q"


Kind = Literal["one_filter", "all_filters", "outside_of_listing", "outside_unfiltered", "without_words"]


class Way(NamedTuple):
    """Parameters that are left out; `outside…` leaves the listing, too."""

    kind: Kind
    parameters: tuple[str, ...] = ()

    @property
    def leaves_listing(self) -> bool:
        """Whether the whole shop is searched instead."""
        return self.kind in ("outside_of_listing", "outside_unfiltered")


def ways(plan: Plan) -> list[Way]:
    """What may be left out, the least of it first."""
    asked, filters = plan.asked, _filters(plan.asked)
    found = [Way("one_filter", (name,)) for name in filters[:MOST_TRIED]]
    if len(filters) > 1:
        found.append(Way("all_filters", filters))
    if plan.listing:
        found.append(Way("outside_of_listing"))
    if plan.listing and filters:
        found.append(Way("outside_unfiltered", filters))
    if asked.text and (filters or plan.listing):
        found.append(Way("without_words", (WORDS,)))
    return found


def _filters(asked: SearchRequest) -> tuple[str, ...]:
    prices = [PRICES] if any(_bounds(asked)) else []
    at_hand = [AVAILABLE] if asked.available else []
    chosen = [name for name, values in ((BRAND, asked.brands), (CATEGORY, asked.categories)) if values]
    return (*prices, *at_hand, *(FILTER_PREFIX + name for name in asked.attributes), *chosen)


def _bounds(asked: SearchRequest) -> list[str]:
    """The parameters that prices are chosen by."""
    bounds = [name for name in ("price_min", "price_max") if getattr(asked, name) is not None]
    return [*bounds, *([PRICES] if asked.price_between else [])]


def _left(asked: SearchRequest, way: Way) -> SearchRequest:
    """What is asked without them."""
    gone = way.parameters
    return replace(
        asked,
        text="" if WORDS in gone else asked.text,
        brands=() if BRAND in gone else asked.brands,
        categories=() if CATEGORY in gone else asked.categories,
        attributes={name: values for name, values in asked.attributes.items() if FILTER_PREFIX + name not in gone},
        price_min=None if PRICES in gone else asked.price_min,
        price_max=None if PRICES in gone else asked.price_max,
        price_between=() if PRICES in gone else asked.price_between,
        available=asked.available and AVAILABLE not in gone,
    )


def planned(plan: Plan, way: Way, now: datetime) -> Plan:
    """The search that goes this way, for as many products as are shown."""
    asked = replace(_left(plan.asked, way), facets=(), limit=min(plan.asked.limit, SHOWN))
    within = None if way.leaves_listing else plan.within
    chosen = {name: clause for name, clause in plan.chosen.items() if name not in way.parameters}
    return replace(plan, asked=asked, within=within, common=elastic.filters(asked, within, now), chosen=chosen)


def popular(plan: Plan, within: Sequence[Json], now: datetime, *, carded: bool) -> Json:
    """The question for what is bought most of what can be had there."""
    asked = replace(plan.asked, text="", sort="relevance", facets=(), limit=min(plan.asked.limit, SHOWN))
    body = replace(plan, asked=asked, chosen={}).body({}, carded=carded)
    filters = [*elastic.listed(now), CAN_BE_HAD, *within]
    query = {"bool": {"filter": filters, "should": liked(plan.popular)}}
    return body | {"query": query, "sort": [{"_score": "desc"}, {"product_id": "desc"}]}


def category_of(plan: Plan) -> list[Json]:
    """The category that is asked for, by its listing or by its filter."""
    if plan.listing and plan.listing.category and plan.within:
        return [plan.within]
    return [plan.chosen[CATEGORY]] if CATEGORY in plan.chosen else []


class Told(NamedTuple):
    """Why nothing was found, ways out, and hits, of what."""

    reason: Reason
    without: Sequence[Without] = ()
    showing: Showing = "nothing"
    hits: Sequence[Json] = ()


def told(plan: Plan, tried: Sequence[tuple[Way, Json]], others: Sequence[tuple[Showing, Json]], *, all_: bool) -> Told:
    """What the answers say: those of the ways out, and those of what is shown where there is none. Not `all_`: some
    question had no answer."""
    leading = _leading([(way, found) for way, found in tried if found["hits"]["total"]["value"]])
    without = [_without(plan, way, found) for way, found in leading]
    shown: list[tuple[Showing, Json]] = [("without", found) for _, found in leading[:1]]
    for showing, found in (*shown, *others):
        if hits := found["hits"]["hits"][: min(plan.asked.limit, SHOWN)]:
            return Told(_reason(plan, leading, all_=all_), without, showing, hits)
    return Told(_reason(plan, leading, all_=all_), without)


def _leading(found: Sequence[tuple[Way, Json]]) -> list[tuple[Way, Json]]:
    """The ways worth telling, the least that is left out first; of single filters what finds most."""

    def those(kind: Kind) -> list[tuple[Way, Json]]:
        return [each for each in found if each[0].kind == kind]

    ones = sorted(those("one_filter"), key=lambda each: -int(each[1]["hits"]["total"]["value"]))
    narrow = [*(ones or those("all_filters")), *those("outside_of_listing")]
    return [*(narrow or those("outside_unfiltered")), *those("without_words")]


_REASONS: Mapping[Kind, Reason] = {
    "one_filter": "one_filter",
    "all_filters": "all_filters",
    "outside_of_listing": "outside_of_listing",
    "outside_unfiltered": "outside_of_listing",
    "without_words": "words_find_nothing",
}


def _reason(plan: Plan, leading: Sequence[tuple[Way, Json]], *, all_: bool) -> Reason:
    if leading and (all_ or leading[0][0].kind != "without_words"):
        return _REASONS[leading[0][0].kind]
    if not all_:
        return "not_known"
    return "words_find_nothing" if plan.asked.text else "nothing_listed"


def _without(plan: Plan, way: Way, found: Json) -> Without:
    asked, listing = plan.typed, None if way.leaves_listing else plan.listing
    names = [each for name in way.parameters for each in (_bounds(asked) if name == PRICES else [name])]
    return Without(names, way.leaves_listing, total(found["hits"]), link(listing, _left(asked, way)))
