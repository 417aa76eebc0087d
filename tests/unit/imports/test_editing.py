"""What an edit in bulk makes of a product."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.catalog import ProductFacts, Variant
from shared.events.product_types import Attribute
from shared.ids import uuid7
from write_side.catalog import BrokenText, Category, NoSuchCategory, Product
from write_side.imports.runs.domain import Decided, cut
from write_side.imports.runs.editing import (
    AttributeRemoved,
    AttributeSet,
    CategorySet,
    Edit,
    Operation,
    PriceByAmount,
    PriceByPercent,
    PriceRange,
    PriceTo,
    Rounding,
    Selection,
    SelectionNeeded,
    Shelf,
    StatusSet,
    below,
    check,
    edited,
    priced_by,
    rounded,
)
from write_side.pricing import PricedVariant, UnknownCurrency
from write_side.product_types import ProductType

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
FACTS = ProductFacts(
    slug="lamp", name="Lamp", brand="", description="", product_type="", status="active", category_id=None,
    attributes={"a": 1}, images=[], variants=[Variant(uuid7(), "RED"), Variant(uuid7(), "BLUE")],
)  # fmt: skip
PRODUCT = Product(uuid7(), 1, FACTS)
RED = PricedVariant(FACTS.variants[0].variant_id, 1, PRODUCT.id, "RED", {"EUR": 2000, "USD": 9})
SHELF = Shelf(PRODUCT, {"RED": RED})
ALL = Selection(everything=True)


def done(operation: Operation, selection: Selection = ALL) -> Decided:
    decided = edited(SHELF, Edit(selection, operation), NOW)
    assert decided is not None
    return decided


def test_prices_move_where_there_are_any_and_are_set_everywhere() -> None:
    less = done(PriceByPercent("EUR", -1500, Rounding(100, 1)))
    assert [(each.after.sku, each.after.prices) for each in less.prices] == [("RED", {"EUR": 1699, "USD": 9})]
    assert dict(less.sums) == {"prices": 1, "minor_before": 2000, "minor_after": 1699}
    assert [each.after.prices["EUR"] for each in done(PriceByAmount("EUR", -1999)).prices] == [1]
    assert [each.after.prices["EUR"] for each in done(PriceByPercent("EUR", -10_000)).prices] == [0]
    assert [each.after.prices["EUR"] for each in done(PriceTo("EUR", 5)).prices] == [5, 5]
    assert done(PriceTo("EUR", 2000), Selection(skus=["RED"])).outcome.became == "unchanged"


@pytest.mark.parametrize("operation", [PriceByAmount("EUR", -3000), PriceByPercent("EUR", 0, Rounding(10_000, 1))])
def test_nothing_is_given_away_by_an_amount_or_by_rounding(operation: Operation) -> None:
    outcome = done(operation).outcome
    assert (outcome.became, [left.reason for left in outcome.left]) == ("left", ["would_be_free"])


def test_only_the_skus_that_are_meant_change_their_price() -> None:
    assert [each.after.sku for each in done(PriceTo("EUR", 5), Selection(skus=["BLUE", "OTHER"])).prices] == ["BLUE"]
    within = Selection(price=PriceRange("EUR", 2000, 2000))
    assert [each.after.sku for each in done(PriceTo("EUR", 5), within).prices] == ["RED"]
    for price in (PriceRange("EUR", 2001), PriceRange("EUR", 0, 1999), PriceRange("JPY")):
        assert edited(SHELF, Edit(Selection(price=price), StatusSet("draft")), NOW) is None


@given(st.integers(0, 10**9), st.integers(1, 10**5), st.integers(0, 10))
def test_a_rounded_price_is_the_nearest_one(amount: int, to: int, less: int) -> None:
    price = rounded(amount, Rounding(to, less))
    assert price == 0 or ((price + less) % to == 0 and abs(price + less - amount) * 2 <= to)


@given(st.integers(0, 10**9), st.integers(-10_000, 100_000))
def test_a_percentage_is_exact_to_half_a_minor_unit(amount: int, basis_points: int) -> None:
    price = priced_by(PriceByPercent("EUR", basis_points), amount)
    assert price is not None
    assert abs(price * 10_000 - amount * (10_000 + basis_points)) <= 5_000


def test_facts_change_as_told_and_what_is_so_already_stays() -> None:
    other = uuid7()
    cases: list[tuple[Operation, ProductFacts]] = [
        (AttributeSet("b", "x"), structs.replace(FACTS, attributes={"a": 1, "b": "x"})),
        (AttributeRemoved("a"), structs.replace(FACTS, attributes={})),
        (CategorySet(other), structs.replace(FACTS, category_id=other)),
        (StatusSet("draft"), structs.replace(FACTS, status="draft")),
    ]
    for operation, expected in cases:
        change = done(operation).change
        assert change is not None
        assert (change.product.facts, change.product.version) == (expected, 2)
    unchanged: list[Operation] = [AttributeSet("a", 1), AttributeRemoved("z"), CategorySet(None), StatusSet("active")]
    for same in unchanged:
        assert (done(same).outcome.became, done(same).events) == ("unchanged", 0)


def test_what_a_product_may_not_say_leaves_it_as_it_is() -> None:
    outcome = done(AttributeSet("b", "\x00")).outcome
    assert (outcome.became, [left.reason for left in outcome.left]) == ("left", ["control_character"])


def test_an_edit_says_which_products_and_names_what_there_is() -> None:
    tree = [Category(uuid7(), 1, None, "a", "A")]
    tree += [Category(uuid7(), 1, tree[0].id, "b", "B")]
    check(Edit(Selection(category_id=tree[0].id), CategorySet(tree[1].id)), tree)
    assert below(tree[0].id, tree) == {tree[0].id, tree[1].id}
    assert below(tree[1].id, tree) == {tree[1].id}
    for edit, refusal in [
        (Edit(Selection(), StatusSet("draft")), SelectionNeeded),
        (Edit(ALL, PriceTo("XXX", 1)), UnknownCurrency),
        (Edit(Selection(price=PriceRange("XXX")), StatusSet("draft")), UnknownCurrency),
        (Edit(ALL, CategorySet(uuid7())), NoSuchCategory),
        (Edit(Selection(brand="a\0"), StatusSet("draft")), BrokenText),
        (Edit(Selection(skus=["a", "b\0"]), StatusSet("draft")), BrokenText),
        (Edit(Selection(category_id=uuid7()), StatusSet("draft")), NoSuchCategory),
    ]:
        with pytest.raises(refusal):
            check(edit, tree)


def test_a_batch_is_cut_where_its_events_are_enough_and_never_empty() -> None:
    two, one, none = done(PriceTo("EUR", 5)), done(StatusSet("draft")), done(StatusSet("active"))
    assert cut([two, one, one], 3) == [two, one]
    assert cut([two, one], 1) == [two]
    assert cut([one, none, none], 1) == [one, none, none]


def test_products_are_mended_attribute_by_attribute_since_their_type_asks_for_more() -> None:
    needed = [Attribute("power", "number", required=True), Attribute("size", values=["S"], required=True)]
    shelf = SHELF._replace(declared=ProductType(uuid7(), "Lamp", needed, "in_force", 1))

    def left(operation: Operation) -> list[str]:
        decided = edited(shelf, Edit(ALL, operation), NOW)
        assert decided is not None
        return [each.reason for each in decided.outcome.left]

    assert left(AttributeSet("power", 40)) == left(AttributeSet("size", "S")) == left(AttributeRemoved("a")) == []
    assert left(AttributeSet("power", "40 W")) == ["attribute_of_another_kind"]
    assert left(AttributeSet("size", "XL")) == ["attribute_not_listed"]
    assert left(AttributeRemoved("size")) == ["attribute_missing"]
    assert left(StatusSet("active")) == ["attribute_missing"]
    assert left(StatusSet("archived")) == []
