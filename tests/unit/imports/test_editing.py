"""What an edit in bulk makes of a product."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.catalog import ProductFacts, Variant
from shared.events.product_types import Attribute
from shared.ids import uuid7
from write_side.catalog import (
    BrokenText,
    Category,
    NoSuchCategory,
    NoSuchProduct,
    NoWholeMinute,
    Product,
    RelatedTwice,
)
from write_side.imports.runs.domain import Decided, cut
from write_side.imports.runs.editing import (
    Edit,
    PriceRange,
    Selection,
    SelectionNeeded,
    Shelf,
    below,
    check,
    edited,
    priced_by,
    rounded,
)
from write_side.imports.runs.operations import (
    AttributeRemoved,
    AttributeSet,
    BrandSet,
    CategorySet,
    Operation,
    PriceByAmount,
    PriceByPercent,
    PriceTo,
    ProductTypeSet,
    PublishAtSet,
    RelatedSet,
    Rounding,
    StatusSet,
    TaxClassSet,
    UnpublishAtSet,
)
from write_side.moments import TimeOutOfRange
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
SIX = datetime(2026, 11, 27, 18, tzinfo=UTC)
ELEVEN = [(f"kind-{n}", [uuid7()]) for n in range(11)]


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
        (BrandSet(" Nox "), structs.replace(FACTS, brand="Nox")),
        (ProductTypeSet("Lamp "), structs.replace(FACTS, product_type="Lamp")),
        (TaxClassSet("reduced"), structs.replace(FACTS, tax_class="reduced")),
        (PublishAtSet(SIX), structs.replace(FACTS, publish_at=SIX)),
        (UnpublishAtSet(SIX.astimezone(timezone(timedelta(hours=5)))), structs.replace(FACTS, unpublish_at=SIX)),
        (RelatedSet("parts", [other, PRODUCT.id]), structs.replace(FACTS, related={"parts": [other]})),
    ]
    for operation, expected in cases:
        change = done(operation).change
        assert change is not None
        assert (change.product.facts, change.product.version) == (expected, 2)
    unchanged: list[Operation] = [
        AttributeSet("a", 1), AttributeRemoved("z"), CategorySet(None), StatusSet("active"), BrandSet(" "),
        ProductTypeSet(""), TaxClassSet("standard"), PublishAtSet(None), UnpublishAtSet(None), RelatedSet("parts", []),
        RelatedSet("parts", [PRODUCT.id]),
    ]  # fmt: skip
    for same in unchanged:
        assert (done(same).outcome.became, done(same).events) == ("unchanged", 0)


def test_one_kind_of_related_products_is_set_and_the_others_stay() -> None:
    a, b, c = (uuid7() for _ in range(3))
    product = structs.replace(PRODUCT, facts=structs.replace(FACTS, related={"parts": [a], "more": [b]}))
    for ids, expected in [([c, b], {"parts": [c, b], "more": [b]}), ([], {"more": [b]})]:
        decided = edited(SHELF._replace(product=product), Edit(ALL, RelatedSet("parts", ids)), NOW)
        assert decided is not None and decided.change is not None
        assert decided.change.product.facts.related == expected
        assert [(each.place, each.before, each.after) for each in decided.outcome.changes] == [
            ("/related/parts", [a], ids or None)
        ]


def test_what_a_product_may_not_be_leaves_it_with_the_reason() -> None:
    ends = structs.replace(PRODUCT, facts=structs.replace(FACTS, unpublish_at=SIX, related=dict(ELEVEN[1:])))
    asked: list[tuple[Operation, str]] = [
        (PublishAtSet(SIX), "never_published"), (RelatedSet("parts", [uuid7()]), "too_many_related"),
    ]  # fmt: skip
    for operation, reason in asked:
        decided = edited(SHELF._replace(product=ends), Edit(ALL, operation), NOW)
        assert decided is not None
        assert [left.reason for left in decided.outcome.left] == [reason]


def test_what_a_product_may_not_say_leaves_it_as_it_is() -> None:
    outcome = done(AttributeSet("b", "\x00")).outcome
    assert (outcome.became, [left.reason for left in outcome.left]) == ("left", ["control_character"])


def test_an_edit_says_which_products_and_names_what_there_is() -> None:
    known, tree = uuid7(), [Category(uuid7(), 1, None, "a", "A")]
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
        (Edit(ALL, BrandSet("a\0")), BrokenText),
        (Edit(ALL, ProductTypeSet("a\0")), BrokenText),
        (Edit(ALL, PublishAtSet(SIX.replace(second=1))), NoWholeMinute),
        (Edit(ALL, UnpublishAtSet(SIX.replace(microsecond=1))), NoWholeMinute),
        (Edit(ALL, PublishAtSet(datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))))), TimeOutOfRange),
        (Edit(ALL, RelatedSet("parts", [known, uuid7()])), NoSuchProduct),
        (Edit(ALL, RelatedSet("parts", [known, known])), RelatedTwice),
    ]:
        with pytest.raises(refusal):
            check(edit, tree, {known})
    check(Edit(ALL, RelatedSet("parts", [known])), tree, {known})


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


def test_a_product_gets_another_type_only_where_it_is_as_that_one_declares() -> None:
    needed = ProductType(uuid7(), "Lamp", [Attribute("power", "number", required=True)], "in_force", 1)
    for status, reasons in (("active", ["attribute_missing"]), ("draft", [])):
        facts = structs.replace(FACTS, status=status)
        shelf = SHELF._replace(product=structs.replace(PRODUCT, facts=facts), declared=needed)
        decided = edited(shelf, Edit(ALL, ProductTypeSet("Lamp")), NOW)
        assert decided is not None
        assert [left.reason for left in decided.outcome.left] == reasons
    had = structs.replace(PRODUCT, facts=structs.replace(FACTS, product_type="Lamp"))
    decided = edited(SHELF._replace(product=had, declared=needed), Edit(ALL, ProductTypeSet("Lamp")), NOW)
    assert decided is not None
    assert decided.outcome.became == "unchanged"
