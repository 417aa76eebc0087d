"""Promotions that were arranged once are for each SKU, and cost what they do, as if all of them were gone through."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from read_side.prices.pages import priced
from shared.documents.prices import ALWAYS, PriceTimes, ShownPrice, ShownPriceList, Step, TermsStep, VariantTimes
from shared.documents.products import PageVariant, ProductPage
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import AmountOff, Percentage, PromotionTerms
from shared.promotion_rule import Offer, is_for, is_running
from shared.shown_prices import shown_prices
from shared.shown_promotions import Promotions
from tests.properties.values import BOUNDED

START = datetime(2026, 9, 1, tzinfo=UTC)
SKUS = ("lamp", "lamp-2", "sofa", "card", "of nobody")
LIST = UUID(int=11)

_times = st.integers(0, 80).map(lambda day: START + timedelta(days=day))
_skus = st.lists(st.sampled_from(SKUS[:4]), unique=True, max_size=3)
_from_until = st.tuples(st.none() | _times, st.none() | st.integers(1, 40)).map(
    lambda told: (told[0], told[0] and told[1] and told[0] + timedelta(days=told[1]))
)
_terms = st.builds(
    lambda off, skus, exclusive, priority, lasts: PromotionTerms(
        "", off, "", skus[:1] if isinstance(off, AmountOff) else skus, {}, lasts[0], lasts[1], exclusive, priority,
        None, None,
    ),
    st.one_of(st.integers(1, 10_000).map(Percentage), st.just(AmountOff({"EUR": 150}))), _skus, st.booleans(),
    st.integers(1, 3), _from_until,
)  # fmt: skip
_steps = st.lists(st.tuples(_times, st.none() | _terms), min_size=1, max_size=4).map(
    lambda told: [PromotionStep(*each) for each in sorted(told, key=lambda each: each[0])]
)
_promotions = st.lists(_steps, max_size=4).map(
    lambda told: [ShownPromotion(UUID(int=n), steps) for n, steps in enumerate(told, 21)]
)
_own = st.lists(st.tuples(_times, st.none() | st.integers(1, 5)), max_size=3).map(
    lambda told: [Step(ALWAYS, 400), *(Step(at, n and n * 100) for at, n in sorted(told, key=lambda each: each[0]))]
)


class GoneThrough(Promotions):
    """All of them, gone through for each price: the plain rule."""

    def of(self, sku: str) -> Sequence[ShownPromotion]:
        """Those whose terms are for it at any time, with all they say."""
        return [each for each in self.every if any(terms and is_for(terms, sku) for _, terms in each.steps)]


def page_of(times: Sequence[VariantTimes]) -> ProductPage:
    variants = [PageVariant(UUID(int=1), each.sku, None, "", {}, [ShownPrice(1, "EUR")], "in") for each in times]
    return ProductPage(UUID(int=1), "x", "X", "", "", "", None, {}, [], variants, timed=True)


@BOUNDED
@given(_promotions, st.lists(_own, min_size=1, max_size=2), st.none() | st.integers(1, 5), _times)
def test_a_page_shows_what_it_does_when_all_promotions_are_gone_through(
    said: list[ShownPromotion], own: list[list[Step]], listed: int | None, now: datetime
) -> None:
    asked = {str(LIST): [Step(START, listed * 100)]} if listed else {}
    times = [
        VariantTimes(sku, {"EUR": own[n % len(own)], "CHF": own[0]}, asked, gift_card=sku == "card")
        for n, sku in enumerate(SKUS)
    ]
    terms = PriceListTerms("", "EUR", [], [], None, START + timedelta(days=40), 1)
    lists = {str(LIST): ShownPriceList(LIST, [TermsStep(START, terms)])}
    one_by_one = [shown_prices(each, lists, "web", now, GoneThrough(said)) for each in times]
    assert [shown_prices(each, lists, "web", now, Promotions(said)) for each in times] == one_by_one
    page = priced(page_of(times), PriceTimes(times), lists, "web", now, Promotions(said))
    assert [each.prices for each in page.variants] == one_by_one


@BOUNDED
@given(_promotions, _times)
def test_those_in_force_and_the_moments_to_come_are_found_among_all(said: list[ShownPromotion], now: datetime) -> None:
    last = [Offer(each.id, terms) for each in said if (terms := each.steps[-1].terms)]
    moments = [moment for _, terms, _ in last for moment in (terms.starts_at, terms.ends_at) if moment]
    arranged = Promotions(said)
    in_force = sorted(arranged.in_force(now), key=lambda offer: offer.id)
    assert in_force == [offer for offer in last if is_running(offer.terms, now)]
    assert sorted(arranged.moments(now)) == sorted(moment for moment in moments if moment > now)


@BOUNDED
@given(_promotions)
def test_skus_of_a_kind_see_the_very_same(said: list[ShownPromotion]) -> None:
    arranged = Promotions(said)
    for sku in SKUS:
        assert not any(terms and terms.skus for each in arranged.of(sku) for _, terms in each.steps)
        assert {each.id for each in arranged.of(sku)} == {each.id for each in GoneThrough(said).of(sku)}
        alike = [other for other in SKUS if arranged.kinds.get(other) == arranged.kinds.get(sku)]
        assert all(arranged.of(other) is arranged.of(sku) for other in alike)
