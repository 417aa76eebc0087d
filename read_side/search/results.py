"""What a search answers, out of what Elasticsearch found. Pure."""

from binascii import a2b_base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from read_side.pictures import Pictures
from read_side.search.cards import has_card
from read_side.search.elastic import Json
from read_side.search.facets import Facet
from read_side.search.parameters import SearchRequest
from read_side.search.plan import Plan
from read_side.search.price_ranges import PriceRange
from read_side.search.variants import VARIANTS, fitting
from read_side.search.wording import Wording
from shared.documents.cards import CARD, Card, card_of, unpacked
from shared.documents.images import ShownImage
from shared.documents.prices import ALWAYS, ShownPrice, VariantTimes
from shared.documents.stock import Availability
from shared.locales import best
from shared.shown_prices import Lists, Place, alike, shown_price
from shared.shown_promotions import Promotions


class ItemCategory(Struct, frozen=True):
    """A category by id; its name is null while the tree can't be read."""

    id: UUID
    name: str | None


class Item(Struct, frozen=True):
    """A product in a list. `price` is the lowest of its variants in the currency asked for, null without one.

    `product_type_label`: what its type is called in the language asked for; left out where that is as it is named.

    Where a choice of options tells variants apart, `sku`, `image`, `price` and `availability` are those of one that has
    all that was chosen: of those that can be had the cheapest.
    """

    id: UUID
    slug: str
    sku: str | None
    name: str
    brand: str
    product_type: str
    image: ShownImage | None
    price: ShownPrice | None
    availability: Availability
    category: ItemCategory | None
    product_type_label: str | UnsetType = UNSET


class Total(Struct, frozen=True):
    """How many products were found: `exact`, or `at_least` beyond 10,000."""

    value: int
    relation: Literal["exact", "at_least"]


Reason = Literal["one_filter", "all_filters", "outside_of_listing", "words_find_nothing", "nothing_listed", "not_known"]
Showing = Literal["without", "popular_in_category", "popular_in_shop", "nothing"]


class Without(Struct, frozen=True):
    """What is found once these parameters are left out; `leaves_listing`: in the whole shop instead of its part.

    `link` is the query that finds it, below the address of this API.
    """

    parameters: list[str]
    leaves_listing: bool
    total: Total
    link: str


class Rescue(Struct, frozen=True):
    """Why nothing was found, and something to show all the same. `reason`:

    * `one_filter`: leaving out a single filter finds something; `all_filters`: only leaving out all of them does
    * `outside_of_listing`: other parts of the shop have it
    * `words_find_nothing`: no product of the shop says any of the words; `nothing_listed`: there were no words
    * `not_known`: Elasticsearch could not tell in time

    `without` tells each way that finds something, the best first. `items` are of the first of them, or what is bought
    most (`showing`), eight at most.
    """

    reason: Reason
    without: list[Without]
    showing: Showing
    items: list[Item]


class Page(Struct, frozen=True):
    """A page of a search. `wording`: how the words were understood, on first pages of searches that have any.

    `prices_changing_since`: a promotion or price list began, ended or was changed then, and filters and sorts by price
    still go by the prices before; within a minute or so they go by those of now, as what each item costs does already.
    `prices_of_channel`: filters and sorts by price go by the prices of that channel, as there is no room for more; what
    each item costs is of the channel asked for.
    `price_ranges`: how many products cost how much, where `facets` names `price`. `rescue`: on first pages without any
    product.
    """

    items: list[Item]
    total: Total
    facets: list[Facet]
    next_cursor: str | None
    wording: Wording | None = None
    prices_changing_since: datetime | None = None
    price_ranges: list[PriceRange] | None = None
    rescue: Rescue | None = None
    prices_of_channel: str | UnsetType = UNSET


class Said(NamedTuple):
    """What decides on prices beside the products' own, and the moment."""

    lists: Lists
    promotions: Promotions  # none while none is in force
    now: datetime


class Hit(NamedTuple):
    """A product that was found: its id, what lists show of it, and what else was asked of its document."""

    id: str
    card: Card
    source: Json


def read(told: Json) -> Hit:
    """A hit out of what Elasticsearch tells. Its id is what it is sorted by last."""
    source = told.get("_source", {})
    card = unpacked(a2b_base64(told["fields"][CARD][0])) if has_card(told) else card_of(source)
    return Hit(told["sort"][-1], card, source)


def item(hit: Hit, plan: Plan, said: Said, pictures: Pictures) -> Item:
    """A hit as a list shows it."""
    card, asked = hit.card, plan.asked
    known = plan.categories.by_id.get(card.category_id or "")
    shown = _shown(hit, asked, said)
    return Item(
        id=_uuid(hit.id),
        slug=card.slug,
        sku=shown.sku,
        name=best(card.names, asked.locales, card.name) if card.names else card.name,
        brand=card.brand,
        product_type=card.product_type,
        image=pictures.first(shown.image, asked.locales),
        price=shown.price,
        availability=shown.availability,
        category=ItemCategory(known.id, known.called(asked.locales)) if known else _unnamed(card.category_id),
        product_type_label=plan.types.get(card.product_type, UNSET) if plan.types else UNSET,
    )


class _Shown(NamedTuple):
    """What differs from variant to variant."""

    sku: str | None
    image: Any
    price: ShownPrice | None
    availability: Availability


def _shown(hit: Hit, asked: SearchRequest, said: Said) -> _Shown:
    card, several = hit.card, hit.source.get(VARIANTS)
    fit = fitting(several, asked) if several else []
    if not fit:
        return _Shown(card.sku, card.image, _price(hit, asked, said), card.availability)
    prices = _price_of_each(fit, hit, asked, said)
    dearest_last = ((price is None, price.amount_minor if price else 0, place) for place, price in enumerate(prices))
    place = min(dearest_last)[-1]
    variant = fit[place]
    return _Shown(variant["sku"], variant.get("image") or card.image, prices[place], variant["availability"])


_uuid = lru_cache(maxsize=20_000)(UUID)  # reading one takes longer than all else of an item does


def _unnamed(category_id: str | None) -> ItemCategory | None:
    return None if category_id is None else ItemCategory(_uuid(category_id), None)


def named_lists(hits: Iterable[Hit]) -> set[str]:
    """The price lists that ask something for these hits."""
    return {id_ for hit in hits for times in hit.card.times for id_ in times["lists"]}


def changes_at(hits: Iterable[Hit], lists: Lists, now: datetime) -> datetime | None:
    """When a price of these hits changes by the clock next, as far as is known, promotions left out."""
    said = [each.steps[-1].terms for each in lists.values() if each.steps]
    moments = [moment for terms in said if terms for moment in (terms.starts_at, terms.ends_at) if moment]
    times = [each for hit in hits for each in hit.card.times]
    steps = (step for each in times for kind in ("own", "lists") for step in each.get(kind, {}).values())
    moments += [datetime.fromisoformat(at) for several in steps for at, _ in several]
    return min((moment for moment in moments if moment > now), default=None)


def _price(hit: Hit, asked: SearchRequest, said: Said) -> ShownPrice | None:
    """The lowest of its variants, as the checkout would ask it now."""
    if _stay(hit, said):
        return _plain(hit.card.prices, asked)
    prices = _prices(_times(hit), asked, said).values()
    return min((price for price in prices if price is not None), key=lambda price: price.amount_minor, default=None)


def _price_of_each(variants: Sequence[Json], hit: Hit, asked: SearchRequest, said: Said) -> list[ShownPrice | None]:
    """Those of some of its variants."""
    if _stay(hit, said):
        return [_plain(each["prices"], asked) for each in variants]
    skus = {each["sku"] for each in variants}
    found = _prices([times for times in _times(hit) if times["sku"] in skus], asked, said)
    return [found.get(each["sku"]) for each in variants]


def _stay(hit: Hit, said: Said) -> bool:
    """Whether its prices are what the index has."""
    return not (hit.card.times or said.promotions.every)


def _plain(prices: Mapping[str, int], asked: SearchRequest) -> ShownPrice | None:
    amount = prices.get(asked.currency)
    return None if amount is None else ShownPrice(amount, asked.currency)


def _prices(times: Sequence[Json], asked: SearchRequest, said: Said) -> dict[str, ShownPrice | None]:
    """By SKU. Of all variants that cost the same one is asked for: of 500 mostly one is left."""
    place = Place(asked.currency, asked.channel)
    kinds = [alike(each, said.promotions) for each in times]
    different = dict(zip(kinds, times, strict=True))
    variants = msgspec.convert([*different.values()], list[VariantTimes])
    asked_now = [shown_price(each, said.lists, place, said.now, said.promotions) for each in variants]
    prices = dict(zip(different, asked_now, strict=True))
    return {each["sku"]: prices[kind] for each, kind in zip(times, kinds, strict=True)}


def _times(hit: Hit) -> list[Json]:
    return hit.card.times or _plain_times(hit.source)


def _plain_times(source: Json) -> list[Json]:
    """Of a product whose own prices never changed."""
    prices = source.get("fold", {}).get("prices", {})
    return [
        {"sku": sku, "own": {currency: [(ALWAYS, amount)] for currency, amount in prices.get(sku, {}).items()}}
        for sku in source["skus"]
    ]


def total(hits: Json) -> Total:
    """The number of hits."""
    told = hits["total"]
    return Total(told["value"], "exact" if told["relation"] == "eq" else "at_least")
