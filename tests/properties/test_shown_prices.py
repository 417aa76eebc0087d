"""What a page shows is what the checkout asks, whatever was said of prices and lists, at any moment."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, structs

from projector.read_models import page_promotions, price_lists, product
from projector.read_models.price_times import times_of
from shared.documents.prices import ShownPrice, ShownPriceList
from shared.documents.promotions import ShownPromotion
from shared.envelope import Recorded
from shared.events.catalog import ProductFacts, Variant
from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceListAnnounced,
    PriceListEnded,
    PriceListRevised,
    PriceListTerms,
    PriceRemoved,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
    Tier,
)
from shared.events.promotions import (
    AmountOff,
    BuyGet,
    FreeShipping,
    Percentage,
    ProductSet,
    PromotionAnnounced,
    PromotionEnded,
    PromotionRevised,
    PromotionTerms,
)
from shared.promotion_rule import BasketLine, shows_on_pages
from shared.shown_prices import shown_prices
from shared.shown_promotions import Promotions
from tests.properties.values import BOUNDED
from write_side import pricing
from write_side.pricing.choosing import Asked, PriceBook, PriceRows
from write_side.pricing.domain import PricedVariant, begun
from write_side.pricing.lists import domain as lists_domain
from write_side.pricing.lists.domain import PriceList
from write_side.promotions import Offered, Promotion, apply
from write_side.promotions import domain as promotions_domain

START = datetime(2026, 11, 1, tzinfo=UTC)
ID, SKU = UUID(int=1), "lamp"
FACTS = ProductFacts("lamp", "Lamp", "", "", "", "active", None, {}, [], [Variant(ID, SKU)])
PROMOTIONS = [UUID(int=n) for n in (21, 22, 23)]
LISTS = [UUID(int=n) for n in (11, 12, 13)]

_hours = st.integers(0, 24 * 80)
_soon = st.integers(1, 4)
_amounts = st.integers(1, 5).map(lambda n: n * 100)
_moments = st.none() | _hours.map(lambda hour: START + timedelta(hours=hour))
_terms = st.builds(
    PriceListTerms, st.just("a list"), st.sampled_from(["EUR", "CHF"]), st.sampled_from([[], ["web"], ["app"]]),
    st.sampled_from([[], [], ["vip"]]), _moments, _moments, st.integers(1, 2),
)  # fmt: skip
_A_PROMOTION = PromotionTerms("a promotion", Percentage(1), "", [], {}, None, None, False, 1, None, None)
_otherwise: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {}, {}, {"exclusive": True}, {"code": "CODE"}, {"minimum": {"EUR": 200}}, {"most": 5}, {"most_per_customer": 1},
        {"skus": [SKU]}, {"skus": ["sofa"]}, {"off": AmountOff({"EUR": 150}), "skus": [SKU]},
        {"off": AmountOff({"EUR": 150}), "skus": [SKU, "sofa"]}, {"off": BuyGet(1, 1)}, {"off": FreeShipping()},
        {"exclusive": True, "most": 5}, {"off": BuyGet(1, 1, 5000, ProductSet([SKU, "sofa"]))},
    ]
)  # fmt: skip


def _terms_of(points: int, priority: int, otherwise: dict[str, Any]) -> PromotionTerms:
    return structs.replace(_A_PROMOTION, **{"off": Percentage(points), "priority": priority} | otherwise)


_now = st.builds(_terms_of, st.integers(1000, 10_000), st.integers(1, 3), _otherwise)
_promoted = st.builds(
    lambda terms, begins, ends: structs.replace(terms, starts_at=begins, ends_at=ends), _now, _moments, _moments
)
_said = st.one_of(
    st.tuples(st.just("set"), st.sampled_from(["EUR", "CHF"]), _amounts),
    st.tuples(st.just("removed"), st.sampled_from(["EUR", "CHF"])),
    st.tuples(st.just("scheduled"), st.sampled_from(["EUR", "CHF"]), _amounts, _soon | st.integers(1, 24 * 40)),
    st.tuples(st.just("taken back"), st.integers(0, 3)),
    st.just(("written down",)),
    st.tuples(st.just("listed"), st.sampled_from(LISTS), st.none() | _amounts, st.sampled_from([1, 1, 5])),
    st.tuples(st.just("terms"), st.sampled_from(LISTS), st.none() | _terms),
    st.tuples(st.just("forgotten"), st.sampled_from(LISTS), st.just(timedelta())),
    st.tuples(st.just("promoted"), st.sampled_from(PROMOTIONS), st.none() | _promoted),
    st.tuples(st.just("promoted"), st.sampled_from(PROMOTIONS), _promoted),
)


def _event(
    known: PriceList | Promotion | None, id_: UUID, terms: Any, announced: Any, revised: Any, ended: Any
) -> Any:
    """What happens when that is said of what is known; None: nothing does."""
    if known is None:
        return None if terms is None else announced(id_, terms)
    if known.state == "ended":
        return None
    return ended(id_) if terms is None else revised(id_, terms)


class Both:
    """The same events as the write side's rows and as the projected documents. `decided`: what time it was for whoever
    decided on a price, which is recorded `now`."""

    def __init__(self) -> None:
        self.now, self.decided, self.position = START, START, 0
        self.priced: PricedVariant | None = None
        self.lists: dict[UUID, PriceList] = {}
        self.product = product.Product(0, ID, Raw(msgspec.json.encode(FACTS)))
        self.promotions: dict[UUID, Promotion] = {}
        self.promoted: dict[UUID, page_promotions.PromotionState] = {}
        self.shown: dict[str, price_lists.PriceListState] = {}

    def say(self, said: tuple[Any, ...]) -> None:
        match said:
            case ("terms", list_id, terms):
                self._terms(list_id, terms)
            case ("promoted", promotion_id, terms):
                self._promotion(promotion_id, terms)
            case ("listed", list_id, None, _):
                self._tell(ListPriceRemoved(ID, SKU, list_id))
            case ("listed", list_id, amount, quantity):
                self._tell(ListPriceSet(ID, SKU, list_id, [Tier(quantity, amount)]))
            case ("forgotten", list_id, age):
                self._forget(list_id, age)
            case ("set", currency, amount):
                self._tell(PriceSet(ID, SKU, currency, amount))
            case ("removed", currency):
                self._tell(PriceRemoved(ID, SKU, currency))
            case ("scheduled", currency, amount, hours):
                self._tell(PriceScheduled(ID, SKU, currency, amount, self.decided + timedelta(hours=hours)))
            case ("taken back", nth) if self.priced and nth < len(self.priced.scheduled):
                one = self.priced.scheduled[nth]
                self._tell(PriceUnscheduled(ID, SKU, one.currency, one.starts_at))
            case ("written down",):
                self._tell()

    def _tell(self, *events: Any) -> None:
        for each in [*begun(self.priced, self.decided), *events]:  # as every command does
            self.priced = pricing.evolve(self.priced, ID, 1, each)
            self.product = product.evolve(self.product, self._recorded(f"product:{ID}"), each)

    def _forget(self, list_id: UUID, age: timedelta) -> None:
        """As the worker does with what a list asked that has been over for so long."""
        if list_id not in self.lists:
            return
        since = lists_domain.over_since(self.lists[list_id], self.shown[str(list_id)].steps[-1].at)
        if since is not None and since <= self.now - age:
            forgotten = lists_domain.forget_price(self.priced, list_id, since)
            self._tell(*[forgotten] if forgotten else [])

    def _terms(self, list_id: UUID, terms: PriceListTerms | None) -> None:
        known = self.lists.get(list_id)
        event = _event(known, list_id, terms, PriceListAnnounced, PriceListRevised, PriceListEnded)
        if event is None:
            return
        self.lists[list_id] = lists_domain.evolve(known, event, 1)
        before = self.shown.get(str(list_id))
        self.shown[str(list_id)] = price_lists.evolve(before, self._recorded(f"price_list:{list_id}"), event)

    def _promotion(self, promotion_id: UUID, terms: PromotionTerms | None) -> None:
        known = self.promotions.get(promotion_id)
        event = _event(known, promotion_id, terms, PromotionAnnounced, PromotionRevised, PromotionEnded)
        if event is None:
            return
        self.promotions[promotion_id] = promotions_domain.evolve(known, event, 1)
        before = self.promoted.get(promotion_id)
        recorded = self._recorded(f"promotion:{promotion_id}")
        self.promoted[promotion_id] = page_promotions.evolve(before, recorded, event)

    def charged(self, currency: str, channel: str, promotions: list[Promotion]) -> int | None:
        """For a cart that holds one and nothing else, without codes: its lines."""
        price = self.at_checkout(currency, channel)
        if price is None:
            return None
        return price - sum(apply([BasketLine(SKU, 1, price)], 0, currency, Offered(promotions, (), {}, self.now)).lines)

    def _recorded(self, key: str) -> Recorded:
        self.position += 1
        return Recorded(
            self.position, self.position - 1, 0, key, "price", ID, 1, ID, "", self.now, Raw(b""), Raw(b"{}")
        )

    def at_checkout(self, currency: str, channel: str) -> int | None:
        priced = self.priced or PricedVariant(ID, 0, ID, SKU)
        rows = PriceRows(
            [(SKU, name, amount) for name, amount in priced.prices.items()],
            [(SKU, one.currency, one.starts_at, one.amount_minor) for one in priced.scheduled],
            list(self.lists.values()),
            [(SKU, id_, tier.from_quantity, tier.amount_minor) for id_, said in priced.lists.items() for tier in said],
        )
        price = PriceBook(rows).unit_price(SKU, 1, Asked(currency, channel, frozenset(), self.now))
        return None if price is None else price.amount_minor

    def was_asked(self, currency: str, at: datetime) -> int | None:
        known = product.known_of(self.product)
        assert known is not None
        steps = [step for step in times_of(known).variants[0].own.get(currency, ()) if step.at <= at]
        return steps[-1].amount_minor if steps else None

    def on_the_page(self, channel: str) -> list[ShownPrice]:
        known = product.known_of(self.product)
        assert known is not None
        promotions = Promotions(ShownPromotion(state.id, state.steps) for state in self.promoted.values())
        if not known.timed and not promotions:
            own = self.product.prices.get(SKU, {})
            return [ShownPrice(amount, currency) for currency, amount in sorted(own.items())]
        lists = {id_: ShownPriceList(state.id, state.steps) for id_, state in self.shown.items()}
        return shown_prices(times_of(known).variants[0], lists, channel, self.now, promotions)


@BOUNDED
@given(st.lists(st.tuples(_said, st.integers(0, 24 * 20)), max_size=12))
def test_a_page_shows_what_the_checkout_asks(history: list[tuple[tuple[Any, ...], int]]) -> None:
    both = Both()
    for said, hours in history:
        both.decided = both.now
        both.say(said)
        for passed in (0, hours):
            both.now += timedelta(hours=passed)
            for channel in ("web", "app"):
                shown = {price.currency: price.amount_minor for price in both.on_the_page(channel)}
                every = [*both.promotions.values()]
                told = [each for each in every if shows_on_pages(each.terms)]
                asked = {currency: both.charged(currency, channel, told) for currency in ("EUR", "CHF")}
                assert shown == {currency: amount for currency, amount in asked.items() if amount is not None}
                for currency, amount in shown.items():
                    at_most = both.charged(currency, channel, every)
                    assert at_most is not None and at_most <= amount, "what the cart decides never makes it dearer"


_own = st.one_of(
    st.tuples(st.just("set"), st.just("EUR"), _amounts), st.just(("removed", "EUR")),
    st.tuples(st.just("scheduled"), st.just("EUR"), _amounts, _soon),
    st.tuples(st.just("taken back"), st.integers(0, 1)), st.just(("written down",)),
)  # fmt: skip


@BOUNDED
@given(st.lists(st.tuples(_own, st.integers(-3, 3), st.integers(0, 4)), max_size=12))
def test_a_page_goes_by_the_order_of_the_log_whatever_time_it_was_for_whoever_decided(
    history: list[tuple[tuple[Any, ...], int, int]],
) -> None:
    """A price is recorded after it was decided, one of an import by seconds, and clocks go wrong both ways."""
    both, asked = Both(), dict[datetime, int | None]()
    both.say(("set", "EUR", 300))
    for said, behind, hours in history:
        both.decided = both.now - timedelta(hours=behind)
        both.say(said)
        for passed in range(hours + 1):
            both.now += timedelta(hours=min(passed, 1))
            asked[both.now] = both.at_checkout("EUR", "web")
            shown = {price.currency: price.amount_minor for price in both.on_the_page("web")}
            assert shown.get("EUR") == asked[both.now]
    assert {at: both.was_asked("EUR", at) for at in asked} == asked, "what it cost before is told by the same steps"


@BOUNDED
@given(st.lists(_now, min_size=1, max_size=3), st.integers(1, 500), st.booleans())
def test_of_promotions_that_go_together_a_page_shows_what_depends_on_nothing_else(
    told: list[PromotionTerms], amount: int, used_up: bool
) -> None:
    both = Both()
    both.say(("set", "EUR", amount))
    for id_, terms in zip(PROMOTIONS, told, strict=False):
        both.say(("promoted", id_, terms))
    every = [structs.replace(each, used=10**9 if used_up else 0) for each in both.promotions.values()]
    told_of = [each for each in every if shows_on_pages(each.terms)]
    [shown] = both.on_the_page("web")
    assert shown.amount_minor == both.charged("EUR", "web", told_of)
    at_most = both.charged("EUR", "web", every)
    assert at_most is not None and at_most <= shown.amount_minor
