"""Bounds on prices are asked for as what they were before a percentage off everything."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from read_side.search.translated import Lefts
from shared.events.promotions import Percentage, PromotionTerms
from shared.left_of_price import Left
from shared.promotion_rule import Offer


def offer(n: int, points: int, exclusive: bool, skus: list[str] | None = None) -> Offer:
    terms = PromotionTerms("", Percentage(points), "", skus or [], {}, None, None, exclusive, n, None, None)
    return Offer(UUID(int=n), terms)


_offers = st.lists(st.tuples(st.integers(1, 10_000), st.booleans()), max_size=3).map(
    lambda told: [offer(n, *each) for n, each in enumerate(told)]
)


@given(_offers, st.integers(0, 100_000), st.integers(0, 100_000))
def test_what_is_left_lies_within_a_bound_exactly_where_the_price_before_does(
    offers: list[Offer], price: int, bound: int
) -> None:
    left = Left(offers, "EUR")
    assert (left.of(price) >= bound) == (price >= left.at_least(bound))
    assert (left.of(price) <= bound) == (price <= left.at_most(bound))


@given(st.lists(st.tuples(st.integers(1, 9_999), st.booleans()), max_size=3), st.integers(0, 100_000))
def test_whatever_is_left_some_price_leaves_it(told: list[tuple[int, bool]], amount: int) -> None:
    left = Left([offer(n, *each) for n, each in enumerate(told)], "EUR")
    assert left.of(left.at_least(amount)) == amount


def test_without_promotions_a_bound_is_what_it_is() -> None:
    assert (Left([], "EUR").at_least(7), Left([], "EUR").at_most(7), Left([], "EUR").of(7)) == (7, 7, 7)


def test_bounds_of_ranges_are_worked_out_once_while_the_same_promotions_are_in_force() -> None:
    lefts, edges = Lefts(), (0, 100, 200)
    tenth, half = [offer(1, 1_000, exclusive=False)], [offer(1, 5_000, exclusive=False)]
    told = lefts.by(tenth, "EUR").each_at_least(edges)
    assert told == [0, 111, 222]
    assert lefts.by([*tenth], "EUR").each_at_least(edges) is told
    assert lefts.by(half, "EUR").each_at_least(edges) == [0, 200, 400]
    assert lefts.by(tenth, "JPY").each_at_least(edges) == [0, 111, 222]


def test_what_is_off_some_skus_alone_is_in_the_index_and_moves_no_bound() -> None:
    some = offer(2, 5_000, exclusive=False, skus=["lamp"])
    assert Lefts().by([some, offer(1, 1_000, exclusive=False)], "EUR").each_at_least((100,)) == [111]
