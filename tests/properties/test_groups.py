"""Groups of "buy X, get Y" against oracles that know nothing of how the product forms them: piece by piece, and over
all ways of forming groups at all."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.events.promotions import BuyGet
from shared.promotion_groups import InGroups, across, each_alone, each_for_itself, grouped
from shared.promotion_rule import BasketLine
from tests.properties.values import BOUNDED
from write_side.promotions import Offered, Promotion, apply
from write_side.promotions.domain import BuyGetInput, PromotionInput, terms_of
from write_side.promotions.sets import ProductSetInput

NOW = datetime(2026, 11, 27, tzinfo=UTC)
ABC = "abcdef"


class Piece(NamedTuple):
    """One of the cart."""

    price: int
    sku: str


def pieces_of(basket: Sequence[BasketLine]) -> list[Piece]:
    goods = [line for line in basket if not line.gift_card]
    return [Piece(line.unit_price_minor, line.sku) for line in goods for _ in range(line.quantity)]


def taken_off(basket: Sequence[BasketLine], *rules: BuyGetInput) -> list[int]:
    promotions = [
        Promotion(UUID(int=n), terms_of(PromotionInput("Sale", off)), "running", 0, 1) for n, off in enumerate(rules)
    ]
    return apply(basket, 0, "EUR", Offered(promotions, (), {}, NOW)).lines


def one_by_one(rule: BuyGetInput, pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """As it is declared, one group after the other: the pieces of all groups, and those that are given."""
    left = sorted(pieces, key=lambda piece: (-piece.price, piece.sku))
    used, free = list[Piece](), list[Piece]()
    assert rule.buy_of is not None
    buys = rule.buy_of.skus
    gets = buys if rule.get_of is None else rule.get_of.skus
    for _ in range(rule.most_groups or len(pieces)):
        rest = list(left)
        may = [p for p in rest if p.sku in buys and p.sku not in gets] + [p for p in rest if p.sku in {*buys} & {*gets}]
        for piece in may[: rule.buy]:
            rest.remove(piece)
        get = [piece for piece in rest if piece.sku in gets][: rule.get]
        if len(may) < rule.buy or len(get) < rule.get:
            break
        for piece in get:
            rest.remove(piece)
        used, free, left = [*used, *may[: rule.buy], *get], [*free, *get], rest
    return used, free


def best_of_all_ways(rule: BuyGetInput, pieces: Sequence[Piece]) -> int:
    """The most that can be given, over every way to form groups of which the cheapest, or those of the other set, are
    given."""
    assert rule.buy_of is not None
    best = 0
    for group, rest in _ways(rule, pieces):
        given = sum(sorted(piece.price for piece in group)[: rule.get])
        if rule.get_of is not None:
            given = sum(piece.price for piece in group if piece.sku in rule.get_of.skus)
        best = max(best, given + best_of_all_ways(rule, rest))
    return best


def _ways(rule: BuyGetInput, pieces: Sequence[Piece]) -> Iterator[tuple[list[Piece], list[Piece]]]:
    assert rule.buy_of is not None
    buys = [n for n, piece in enumerate(pieces) if piece.sku in rule.buy_of.skus]
    if rule.get_of is None:
        chosen = [set(both) for both in combinations(buys, rule.buy + rule.get)]
    else:
        gets = [n for n, piece in enumerate(pieces) if piece.sku in rule.get_of.skus]
        chosen = [{*some, *other} for some in combinations(buys, rule.buy) for other in combinations(gets, rule.get)]
    for group in chosen:
        yield [pieces[n] for n in group], [piece for n, piece in enumerate(pieces) if n not in group]


def baskets(most_lines: int, most_pieces: int) -> st.SearchStrategy[list[BasketLine]]:
    price, gift_card = st.integers(0, 9) | st.integers(0, 9_999), st.integers(0, 9).map(lambda n: n == 9)
    quantity = st.integers(1, most_pieces)
    lines = st.builds(
        BasketLine, st.sampled_from(ABC), quantity, price, st.just(0), gift_card, st.just(frozenset[UUID]())
    )
    return st.lists(lines, min_size=1, max_size=most_lines, unique_by=lambda line: line.sku)


SETS = st.lists(st.sampled_from(ABC), min_size=1, unique=True).map(ProductSetInput)
FEW = st.integers(1, 3)
ANY = st.builds(BuyGetInput, FEW, FEW, st.none() | st.integers(1, 10_000), SETS, st.none() | SETS, st.none() | FEW)
FREE = st.builds(BuyGetInput, FEW, FEW, st.none(), SETS)
APART = st.permutations(ABC).flatmap(
    lambda skus: st.builds(
        BuyGetInput, st.integers(1, 2), st.integers(1, 2), st.none(),
        st.just(ProductSetInput(skus[:3])), st.just(ProductSetInput(skus[3:])),
    )
)  # fmt: skip


@given(baskets(6, 12), ANY)
@BOUNDED
def test_pieces_are_grouped_one_group_after_the_other_and_what_is_given_is_shared_by_all_of_them(
    basket: list[BasketLine], rule: BuyGetInput
) -> None:
    used, free = one_by_one(rule, pieces_of(basket))
    off = taken_off(basket, rule)
    share = Fraction(rule.basis_points or 10_000, 10_000)
    assert sum(off) == int(sum(piece.price for piece in free) * share + Fraction(1, 2)), "rounded once, half up"
    pool, counts = sum(piece.price for piece in used), Counter(piece.sku for piece in used)
    for line, part in zip(basket, off, strict=True):
        worth = line.unit_price_minor * counts[line.sku]
        assert part <= worth
        assert abs(part - Fraction(sum(off) * worth, pool or 1)) < 1


@given(baskets(6, 2), FREE | APART)
@BOUNDED
def test_no_other_way_of_forming_groups_would_give_more(basket: list[BasketLine], rule: BuyGetInput) -> None:
    pieces = pieces_of(basket)[:7]
    counts = Counter(piece.sku for piece in pieces)
    few = [line._replace(quantity=counts[line.sku]) for line in basket if line.sku in counts]
    assert sum(taken_off(few, rule)) == best_of_all_ways(rule, pieces)


@given(baskets(6, 12), ANY, st.sampled_from(ABC), st.integers(0, 9_999))
@BOUNDED
def test_whoever_adds_a_piece_never_loses_what_was_given(
    basket: list[BasketLine], rule: BuyGetInput, sku: str, price: int
) -> None:
    known = {line.sku: line for line in basket}
    one = known[sku]._replace(quantity=known[sku].quantity + 1) if sku in known else BasketLine(sku, 1, price)
    more = [*(line for line in basket if line.sku != sku), one]
    assert sum(taken_off(more, rule)) >= sum(taken_off(basket, rule))


@given(baskets(6, 12), FREE | APART, st.data())
@BOUNDED
def test_two_carts_are_never_given_more_than_one_with_all_in_it(
    basket: list[BasketLine], rule: BuyGetInput, data: st.DataObject
) -> None:
    first = [line._replace(quantity=data.draw(st.integers(0, line.quantity))) for line in basket]
    second = [a._replace(quantity=a.quantity - b.quantity) for a, b in zip(basket, first, strict=True)]
    apart = [sum(taken_off([line for line in cart if line.quantity], rule)) for cart in (first, second)]
    assert sum(taken_off(basket, rule)) >= sum(apart)


@given(st.builds(BuyGet, FEW, FEW), st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=6))
@BOUNDED
def test_lines_that_do_not_compete_are_grouped_as_if_they_did(rule: BuyGet, lines: list[tuple[bool, int]]) -> None:
    open_, free = [fits for fits, _ in lines], [n for _, n in lines]
    assert each_for_itself(rule, open_, free) == grouped(rule, each_alone(range(len(lines)), open_), free)


@given(baskets(6, 12), st.lists(ANY | st.builds(BuyGetInput, FEW, FEW), min_size=2, max_size=4))
@BOUNDED
def test_a_piece_is_in_one_group_however_many_promotions_there_are(
    basket: list[BasketLine], rules: list[BuyGetInput]
) -> None:
    quantities, in_groups = [line.quantity for line in basket], InGroups([line.quantity for line in basket])
    over_sets, of_one_sku = [0] * len(basket), [0] * len(basket)
    for rule in rules:
        terms, places = terms_of(PromotionInput("Sale", rule)), list(range(len(basket)))
        assert isinstance(terms.off, BuyGet)
        buys, gets = (
            [known is not None and line.sku in known.skus for line in basket]
            for known in (rule.buy_of, rule.get_of or rule.buy_of)
        )
        sides = across(places, buys, gets) if rule.buy_of else each_alone(places, [True] * len(basket))
        found = grouped(terms.off, sides, in_groups.free(terms.off))
        in_groups.note(terms.off, found.pieces)
        assert sum(found.pieces) * rule.get == sum(found.given) * (rule.buy + rule.get)
        if rule.buy_of:
            over_sets = [a + b for a, b in zip(over_sets, found.pieces, strict=True)]
        else:
            of_one_sku = [max(a, b) for a, b in zip(of_one_sku, found.pieces, strict=True)]
        assert all(a + b <= n for a, b, n in zip(over_sets, of_one_sku, quantities, strict=True))
