"""Shops have had many promotions, of a thousand SKUs each: no hit and no page goes through them. What is looked at in
their lists is counted, as that is the same on any machine."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
from msgspec import Raw

from projector.price_slots.regimes import Regime
from projector.price_slots.shown import Pricing
from projector.price_slots.turns import Content
from projector.read_models.product import Product
from read_side.documents import Documents, Found
from read_side.pictures import Pictures
from read_side.prices.pages import priced
from read_side.prices.promotions import PromotionShelf
from read_side.search import results
from read_side.search.plan import Plan
from read_side.search.results import Hit, Said, item
from shared.documents.cards import Card
from shared.documents.price_slots import SLOTS
from shared.documents.prices import ALWAYS, PriceTimes, ShownPrice, Step, VariantTimes
from shared.documents.products import PageVariant, ProductPage
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.catalog import ProductFacts, Variant
from shared.events.promotions import Percentage, PromotionTerms
from shared.position import Position
from shared.shown_prices import shown_price
from shared.shown_promotions import Promotions

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
NAMED, WEEKS = 1_000, 56


class Counted(list[str]):
    """SKUs that tell how many of them were looked at."""

    looks = 0

    def __iter__(self) -> Iterator[str]:
        for each in super().__iter__():
            Counted.looks += 1
            yield each

    def __contains__(self, sku: object) -> bool:
        return any(each == sku for each in self)


def sku(n: int) -> str:
    return f"SKU-{n}"


def promotion(number: int, began: float, ended: float, *skus: str) -> ShownPromotion:
    """Began and ended so many days ago."""
    starts_at, ends_at = NOW - timedelta(days=began), NOW - timedelta(days=ended)
    terms = PromotionTerms("", Percentage(1_000), "", Counted(skus), {}, starts_at, ends_at, False, 1, None, None)
    return ShownPromotion(UUID(int=number), [PromotionStep(starts_at, terms)])


TODAY = promotion(1, began=1, ended=-1)
WEEKLY = [
    promotion(week + 1, 7 * week + 1, 7 * week, *(sku(n) for n in range(week * NAMED, (week + 1) * NAMED)))
    for week in range(1, WEEKS + 1)
]
OF_A_THOUSAND = [promotion(n, 1, -1, *(sku(n) for n in range(NAMED))) for n in range(2, 22)]


def a_plan(**chosen: list[str]) -> Plan:
    return cast(Plan, SimpleNamespace(
        asked=SimpleNamespace(currency="EUR", channel="web", attributes=chosen, locales=None),
        categories=SimpleNamespace(by_id={}), types=None,
    ))  # fmt: skip


def test_hits_look_at_no_list_of_skus() -> None:
    plan, said, pictures = a_plan(), Said({}, Promotions([TODAY, *WEEKLY]), NOW), Pictures("", "", [])
    Counted.looks = 0
    for n in range(24):
        source = {"skus": [sku(n * NAMED)], "fold": {"prices": {sku(n * NAMED): {"EUR": 1_000}}}}
        hit = Hit(str(UUID(int=n)), Card("x", sku(n), "X", "", "", None, "in", None, {"EUR": 1_000}), source)
        found = item(hit, plan, said, pictures).price
        assert found is not None
        assert (found.amount_minor, found.lowest_30_days_minor) == (900, 900 if 1 <= n <= 4 else 1_000), n
    assert Counted.looks == 0


@pytest.mark.parametrize("timed", [False, True])
def test_a_price_of_many_variants_that_have_what_was_chosen_is_worked_out_once(
    monkeypatch: pytest.MonkeyPatch, timed: bool
) -> None:
    asked = list[str]()

    def told(times: VariantTimes, *rest: Any) -> ShownPrice | None:
        asked.append(times.sku)
        return shown_price(times, *rest)

    monkeypatch.setattr(results, "shown_price", told)
    prices = {sku(n): 500 if n == 0 else 1_000 + n % 4 // 2 for n in range(300)}
    variants = [
        {"sku": each, "facets": {"colour": ["red" if n % 2 else "blue"]}, "availability": "in"}
        for n, each in enumerate(prices)
    ]
    times = [{"sku": each, "own": {"EUR": [[ALWAYS.isoformat(), amount]]}} for each, amount in prices.items()]
    source = {"skus": [*prices], "fold": {"prices": {each: {"EUR": amount} for each, amount in prices.items()}}}
    card = Card("x", sku(0), "X", "", "", None, "in", None, {"EUR": 500}, times=times if timed else [])
    hit = Hit(str(UUID(int=1)), card, {**source, "variants": variants})
    found = item(hit, a_plan(colour=["red"]), Said({}, Promotions([TODAY]), NOW), Pictures("", "", []))
    assert (found.sku, found.price and found.price.amount_minor) == (sku(1), 900)
    assert len(asked) == 2, "1,000 and 1,001, of 150 variants"


def test_a_page_looks_at_no_list_of_skus() -> None:
    variants = [PageVariant(UUID(int=n), sku(n), None, "", {}, [ShownPrice(1_000, "EUR")], "in") for n in range(300)]
    page = ProductPage(UUID(int=1), "x", "X", "", "", "", None, {}, [], variants)
    times = PriceTimes([VariantTimes(each.sku, {"EUR": [Step(ALWAYS, 1_000)]}) for each in variants])
    promotions = Promotions([TODAY, *OF_A_THOUSAND])
    Counted.looks = 0
    shown = priced(page, times, {}, "web", NOW, promotions)
    assert Counted.looks == 0
    assert {len(price.promotion_ids) for each in shown.variants for price in each.prices} == {21}


def test_a_product_is_written_without_a_look_at_the_skus_of_promotions() -> None:
    variants = [Variant(UUID(int=n), sku(n)) for n in range(50)]
    facts = msgspec.json.encode(ProductFacts("x", "X", "", "", "", "active", None, {}, [], variants))
    product = Product(1, UUID(int=1), Raw(facts), {each.sku: {"EUR": 1_000} for each in variants}, {}, {}, {})
    regime = Regime([(each.id, terms) for each in OF_A_THOUSAND if (terms := each.steps[-1].terms)])
    pricing = Pricing({name: Content(regime, 1) for name in SLOTS})
    Counted.looks = 0
    assert b'"EUR":1000' not in pricing.beside(product, NOW)
    assert Counted.looks == 0


class Lying:
    """Promotions in Redis."""

    def __init__(self) -> None:
        self.bodies = [msgspec.json.encode(each) for each in (TODAY, *WEEKLY)]
        self.board = SimpleNamespace(is_ready=lambda _model: True)

    async def behind(self, *_: Any) -> None:
        """Everything was waited for."""

    async def all_named(self, *_: Any) -> list[str]:
        """What they are found by."""
        return [str(n) for n in range(len(self.bodies))]

    async def find_all(self, _model: str, ids: list[str]) -> list[Found]:
        """All of them."""
        return [Found(str(hash(self.bodies[int(id_)])), self.bodies[int(id_)], None) for id_ in ids]


async def test_promotions_that_stayed_the_same_are_arranged_once_however_often_they_are_read() -> None:
    lying, position = Lying(), Position(1, {0: 1})
    shelf = PromotionShelf(cast(Documents, lying))
    first, again = await shelf.known(position), await shelf.known(position)
    assert again.promotions is first.promotions
    assert again.stale is None
    lying.bodies.pop()
    fewer = await shelf.known(position)
    assert (len(first.promotions.every), len(fewer.promotions.every)) == (WEEKS + 1, WEEKS)
    assert fewer.mark != first.mark
