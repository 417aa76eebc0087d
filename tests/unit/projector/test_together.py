"""Closeness and popularity on baskets that were made up, and on real ones."""

import csv
import gzip
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import sqrt
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projector.recommender.together import MOST_IN_BASKET, Together
from read_side.recommendations.ranking import closest, followed_by
from shared.documents.recommendations import EVERYWHERE, Near
from tests.properties.values import BOUNDED

NOW = datetime(2026, 11, 27, tzinfo=UTC)
A, B, C, D = (UUID(int=n) for n in range(1, 5))
ORDERS = Path(__file__).parents[4] / "shared/data/orders/uci_online_retail_2010-12_2011-09.csv.gz"


def counted(*baskets: set[UUID], at: datetime = NOW) -> Together:
    together = Together()
    for basket in baskets:
        together.add(basket, at)
    return together


def test_what_is_bought_with_it_comes_before_what_is_bought_anyway() -> None:
    together = counted({A, B}, {A, B}, {A, C}, {C, D}, {C, D}, {C}, {C})
    assert [near.product_id for near in together.neighbours(A)] == [B, C]


def test_a_long_list_says_less_than_a_small_basket_and_a_wholesaler_s_nothing() -> None:
    others = {UUID(int=n) for n in range(100, 120)}
    together = counted({A, B}, {A, C} | others, {A, D} | {UUID(int=n) for n in range(1000, 1500)})
    found = [near.product_id for near in together.neighbours(A)]
    assert found[0] == B
    assert D not in found


def test_what_was_bought_lately_is_popular_and_a_category_counts_what_stands_below_it() -> None:
    together = counted({A}, {A}, {A}, at=NOW - timedelta(days=60))
    together.add({B}, NOW)
    shelves = dict(together.popular({A: [C, D], B: [D]}))
    assert shelves == {EVERYWHERE: [B, A], C: [A], D: [B, A]}


@given(baskets=st.lists(st.sets(st.sampled_from([A, B, C, D]), min_size=1), max_size=12), days=st.integers(0, 3000))
@BOUNDED
def test_closeness_is_the_cosine_whenever_it_is_asked_for(baskets: list[set[UUID]], days: int) -> None:
    """The weights grow without end and the closeness doesn't notice."""
    together = counted(*baskets, at=NOW + timedelta(days=days))
    long = [basket for basket in baskets if len(basket) > 1]

    def weight(*products: UUID) -> float:
        return sum(1 / len(basket) for basket in long if basket.issuperset(products))

    for near in together.neighbours(A):
        expected = weight(A, near.product_id) / sqrt(weight(A) * weight(near.product_id))
        assert near.closeness == pytest.approx(expected, abs=1e-5)
        assert 0 < near.closeness <= 1
    assert {near.product_id for near in together.neighbours(A)} == {
        other for basket in long if A in basket for other in basket
    } - {A}


def test_what_somebody_has_is_not_recommended_and_nothing_comes_twice() -> None:
    near = [Near(None, counted({A, B}, {A, C}, {B, D}).neighbours(each)) for each in (A, B)]
    found = closest(near, {A, B})
    assert sorted(found) == [C, D]
    assert followed_by(found, [A, D], [B, C, UUID(int=9)], without={A, B}) == [*found, UUID(int=9)]


class Bought(NamedTuple):
    """An order of real people."""

    at: datetime
    items: list[str]


@pytest.mark.skipif(not ORDERS.exists(), reason="the real orders are beside the project only where it is built")
def test_on_real_orders_it_beats_plain_co_occurrence_by_15_percent(record_property: Callable[..., None]) -> None:
    """Counted from March to June, then of each later basket of 2 to 60 items one is hidden and has to be among ten."""
    orders = list(_orders())
    begin, cut = datetime(2011, 3, 1, tzinfo=UTC), datetime(2011, 7, 1, tzinfo=UTC)
    plain: dict[str, Counter[str]] = defaultdict(Counter)
    together = Together()
    for order in (order for order in orders if begin <= order.at < cut and len(order.items) <= MOST_IN_BASKET):
        together.add({_id(item) for item in order.items}, order.at)
        for item in order.items:
            plain[item].update(order.items)
    later = [order for order in orders if order.at >= cut and 2 <= len(order.items) <= 60][::8]
    near: dict[UUID, Near] = {}

    def ours(given: Sequence[str]) -> list[UUID]:
        ids = {_id(item) for item in given}
        for id_ in ids - near.keys():
            near[id_] = Near(None, together.neighbours(id_))
        return closest([near[id_] for id_ in ids], ids)

    def co_occurrence(given: Sequence[str]) -> list[UUID]:
        total: Counter[str] = Counter()
        for item in given:
            total.update(plain[item])
        return [_id(item) for item, _ in total.most_common(10 + len(given)) if item not in given]

    ours_hit, plain_hit = _hit_at_10(later, ours), _hit_at_10(later, co_occurrence)
    record_property("hit@10", {"ours": ours_hit, "co_occurrence": plain_hit, "baskets": len(later)})
    assert ours_hit >= 1.15 * plain_hit > 0


def _hit_at_10(orders: Sequence[Bought], recommend: Callable[[Sequence[str]], list[UUID]]) -> float:
    hits = 0
    for n, order in enumerate(orders):
        hidden = random.Random(n).choice(order.items)
        hits += _id(hidden) in recommend([item for item in order.items if item != hidden])[:10]
    return hits / len(orders)


def _id(item: str) -> UUID:
    found = _ids.get(item)
    if found is None:
        found = _ids[item] = uuid5(NAMESPACE_OID, item)
    return found


_ids: dict[str, UUID] = {}


def _orders() -> Iterator[Bought]:
    """Each order with its items once, cancellations and what is no article left out; oldest first."""
    found: dict[str, Bought] = {}
    with gzip.open(ORDERS, "rt", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            code = row["StockCode"].upper()
            if row["InvoiceNo"].startswith("C") or int(row["Quantity"]) <= 0 or not code[:5].isdigit():
                continue
            at = datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=UTC)
            items = found.setdefault(row["InvoiceNo"], Bought(at, [])).items
            if code not in items:
                items.append(code)
    return iter(sorted(found.values(), key=lambda order: order.at))
