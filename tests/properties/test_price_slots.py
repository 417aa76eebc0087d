"""What is in a slot is what the checkout asks in the channel that it is for, before percentages off everything; and
only those are written whose price differs."""

from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, structs

from projector.price_slots.regimes import NOTHING, Regime, apart
from projector.price_slots.shown import Tariff
from projector.price_slots.turns import Said, regime_at
from projector.read_models.price_times import times_of
from projector.read_models.product import Product, known_of, lowest_prices
from shared.documents.prices import ALWAYS, ShownPriceList, Step, TermsStep
from shared.documents.product_pages import Known
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.catalog import GIFT_CARD, ProductFacts, Variant
from shared.events.pricing import PriceListTerms
from shared.events.promotions import AmountOff, Percentage, PromotionTerms
from shared.left_of_price import Left
from shared.promotion_rule import Offer, is_for_everything_alike
from shared.shown_prices import shown_prices
from shared.shown_promotions import Promotions as Arranged
from tests.properties.values import BOUNDED

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SKUS = ("lamp", "lamp-2", "sofa")
LISTS = (UUID(int=11), UUID(int=12))

_skus = st.lists(st.sampled_from(SKUS), unique=True)
_promotion = st.one_of(
    st.builds(
        lambda points, skus, exclusive, priority: PromotionTerms(
            "", Percentage(points), "", skus, {}, None, None, exclusive, priority, None, None
        ),
        st.integers(1, 9_999), _skus, st.booleans(), st.integers(1, 3),
    ),
    st.sampled_from(SKUS).map(
        lambda sku: PromotionTerms("", AmountOff({"EUR": 150}), "", [sku], {}, None, None, False, 2, None, None)
    ),
)  # fmt: skip
_list = st.builds(
    PriceListTerms, st.just(""), st.sampled_from(["EUR", "CHF"]), st.just([]), st.just([]), st.none(), st.none(),
    st.integers(1, 2),
)  # fmt: skip
_parts = st.tuples(
    st.lists(_promotion, max_size=4).map(lambda all_: [(UUID(int=n), terms) for n, terms in enumerate(all_, 21)]),
    st.lists(_list, max_size=2).map(lambda all_: [*zip(LISTS, all_, strict=False)]),
)

_places = st.lists(st.sampled_from(([], ["web"], ["app"], ["app", "web"], ["kiosk"], ["app", "kiosk"])),
                   min_size=2, max_size=2)  # fmt: skip
Promotions = list[tuple[UUID, PromotionTerms]]
Lists = list[tuple[UUID, PriceListTerms]]


@st.composite
def _regimes(draw: st.DrawFn) -> tuple[Regime, Regime]:
    """Two that mostly have something in common."""
    promotions, lists = draw(_parts)

    def some() -> Regime:
        return Regime(
            [part for part in promotions if draw(st.booleans())], [part for part in lists if draw(st.booleans())]
        )

    return some(), some()


_amount = st.integers(1, 5_000)


def _product(
    skus: list[str], own: dict[str, int], listed: dict[str, int], gift_card: bool, second_currency: bool
) -> Product:
    variants = [Variant(UUID(int=n), sku) for n, sku in enumerate(skus)]
    tax_class = GIFT_CARD if gift_card else "standard"
    facts = ProductFacts("x", "X", "", "", "", "active", None, {}, [], variants, tax_class=tax_class)
    currencies = ("EUR", "CHF") if second_currency else ("EUR",)
    prices = {sku: dict.fromkeys(currencies, amount) for sku, amount in own.items()}
    lists = {sku: {str(LISTS[n % 2]): [Step(ALWAYS, amount)]} for n, (sku, amount) in enumerate(listed.items())}
    return Product(1, UUID(int=1), Raw(msgspec.json.encode(facts)), prices, {}, {}, lists)


_by_sku = st.dictionaries(st.sampled_from(SKUS), _amount, max_size=3)
_products = st.builds(
    _product, st.lists(st.sampled_from(SKUS), unique=True, min_size=1), _by_sku, _by_sku, st.booleans(), st.booleans()
)


def in_slot(known: Known, regime: Regime) -> dict[str, int]:
    reached = apart(NOTHING, regime).has(known)
    return dict(Tariff(regime).lowest(times_of(known).variants, NOW)) if reached else lowest_prices(known)


def asked(known: Known, regime: Regime) -> dict[str, int]:
    """As pages show it, the lowest of its variants."""
    return shown_in("web", known, said_of(regime.promotions, regime.lists))


def said_of(promotions: Promotions, lists: Lists) -> Said:
    return Said(
        [ShownPromotion(id_, [PromotionStep(ALWAYS, terms)]) for id_, terms in promotions],
        [ShownPriceList(id_, [TermsStep(ALWAYS, terms)]) for id_, terms in lists],
    )


def shown_in(channel: str, known: Known, said: Said) -> dict[str, int]:
    found: dict[str, int] = {}
    lists, promotions = {str(each.id): each for each in said.lists}, Arranged(said.promotions)
    for times in times_of(known).variants:
        for price in shown_prices(times, lists, channel, NOW, promotions):
            found[price.currency] = min(price.amount_minor, found.get(price.currency, price.amount_minor))
    return found


def left(known: Known, regime: Regime) -> dict[str, int]:
    """Of what is in a slot."""
    alike = [Offer(id_, terms) for id_, terms in regime.promotions if is_for_everything_alike(terms)]
    return {currency: Left(alike, currency).of(amount) for currency, amount in in_slot(known, regime).items()}


@BOUNDED
@given(_products, _regimes())
def test_what_percentages_off_everything_leave_of_what_is_in_a_slot_is_what_pages_show(
    product: Product, regimes: tuple[Regime, Regime]
) -> None:
    regime = regimes[0]
    known = known_of(product)
    assert known is not None
    assert left(known, regime) == asked(known, regime)


@BOUNDED
@given(_products, _parts, _places)
def test_a_slot_that_is_for_a_channel_has_what_pages_show_there(
    product: Product, parts: tuple[Promotions, Lists], places: list[list[str]]
) -> None:
    promotions, lists = parts
    placed = [
        (id_, structs.replace(terms, channels=names)) for (id_, terms), names in zip(lists, places, strict=False)
    ]  # fmt: skip
    said, known = said_of(promotions, placed), known_of(product)
    assert known is not None
    for channel in ("web", "app", "kiosk"):
        assert left(known, regime_at(said, NOW, channel)) == shown_in(channel, known, said), channel
    for one, other in permutations((regime_at(said, NOW, channel) for channel in ("web", "app")), 2):
        assert apart(one, other).has(known) or in_slot(known, one) == in_slot(known, other)


def test_a_list_price_is_what_it_was_once_a_percentage_off_everything_is_over() -> None:
    """A quarter off leaves 1 of 2 and of 1. Nobody writes the slot again as that ends."""
    lists = [(LISTS[0], PriceListTerms("", "EUR", [], [], None, None, 1))]
    quarter = PromotionTerms("", Percentage(2500), "", [], {}, None, None, False, 1, None, None)
    known = known_of(_product(["lamp"], {}, {"lamp": 2}, False, False))
    assert known is not None
    assert in_slot(known, Regime([(UUID(int=24), quarter)], lists)) == {"EUR": 2} == in_slot(known, Regime([], lists))


@BOUNDED
@given(_products, _regimes())
def test_whom_the_difference_of_two_regimes_does_not_reach_has_the_same_in_both(
    product: Product, regimes: tuple[Regime, Regime]
) -> None:
    one, other = regimes
    known = known_of(product)
    assert known is not None
    if not apart(one, other).has(known):
        assert in_slot(known, one) == in_slot(known, other)


