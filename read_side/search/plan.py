"""A search on its way: what was asked, and what that is in Elasticsearch's words. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from read_side.categories.queries import Categories
from read_side.prices.promotions import Known
from read_side.product_types.queries import Called, Declared
from read_side.search import elastic, facets, price_ranges
from read_side.search.elastic import BRAND, CATEGORY, PRICE, Json
from read_side.search.kinds import Kind
from read_side.search.listings import Listing
from read_side.search.parameters import SearchRequest
from read_side.search.rules import Applied, Rules
from read_side.search.variants import AVAILABLE, SHOWN, attribute_facet
from shared.documents.price_slots import Counting
from shared.left_of_price import Left

SAMPLE = 30  # hits that are looked at for their attributes


class Plan(msgspec.Struct):
    """A search on its way: what was asked, in Elasticsearch's words."""

    asked: SearchRequest
    listing: Listing | None
    categories: Categories
    fingerprint: bytes
    common: list[Json]
    chosen: dict[str, Json]
    rules: Rules
    popular: Sequence[str]
    promoted: Known
    promotes: bool  # whether a promotion may take something off a hit
    counting: Counting
    now: datetime
    left: Left
    typed: SearchRequest  # as it came: `asked` is of prices as they lie in the index, and of corrected words
    within: Json | None = None  # the listing
    after: list[Any] | None = None
    declared: Declared | None = None  # by product types; None: to somebody who reads the shop's own language

    @property
    def called(self) -> Called:
        """Attributes that are called otherwise in the language asked for."""
        return self.declared.called(self.asked.locales) if self.declared else {}

    @property
    def types(self) -> Mapping[str, str]:
        """Product types that are called otherwise in it, and what."""
        return self.declared.labels(self.asked.locales) if self.declared else {}

    @property
    def applied(self) -> Applied:
        """What the rules and what is popular make of it."""
        return msgspec.structs.replace(self.rules.applied(self.asked.text), popular=self.popular)

    @property
    def samples(self) -> bool:
        """Whether the facets are up to us: on first pages of clients that named none."""
        return self.asked.facets is None and self.after is None

    def named(self) -> list[str]:
        """The facets that can be counted with the hits."""
        if self.asked.facets is not None:
            own = (BRAND, CATEGORY, AVAILABLE)
            return [name if name in own else attribute_facet(name) for name in self.asked.facets if name != PRICE]
        return [BRAND, CATEGORY] if self.samples else []

    def body(self, kinds: Mapping[str, Kind], *, carded: bool) -> Json:
        """The question for the hits, with the facets that can be counted with them."""
        asked, named = self.asked, self.named()
        size = max(asked.limit + 1, SAMPLE if self.samples else 0)  # one more tells whether there is a next page
        further = ["facets"] if self.samples else []
        if asked.attributes:  # which of its variants is shown
            further += SHOWN
        if self.promotes:  # its own prices by SKU: what is taken off one variant isn't off the others
            further += ["fold.prices", "skus"]
        body = elastic.body(asked, self.common, self.chosen, self.after, size, self.applied, further, carded=carded)
        if named:
            body["aggs"] = facets.questions(named, self.chosen, asked, kinds)
        if price_ranges.is_asked(asked):
            body["aggs"] = body.get("aggs", {}) | {PRICE: price_ranges.question(self.chosen, asked, self.left)}
        return body
