"""What a batch of rows does to what is there, without a database."""

from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from shared.events.product_types import Attribute
from shared.ids import uuid7
from write_side.catalog import Product
from write_side.imports.images import SaidImage
from write_side.imports.plan import Known, Plan, Terms, plan
from write_side.imports.reading import Line
from write_side.imports.rows import Row
from write_side.imports.variant_rows import VariantRow
from write_side.pricing import PricedVariant
from write_side.product_types import ProductType

LAMPS = uuid7()
TERMS = Terms("MAIN", 5)
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
VARIANT = VariantRow("1", has_ean=True, prices={"EUR": 1999})
ROW = Row(
    line=Line(2, []), variants=[VARIANT], external_ref="1", name="Lamp", category=("Lamps",), slug=None, brand="Lumeno",
    description="Bright.", product_type="Lamps", status=None, images=None, attributes={"power": 9},
)  # fmt: skip


def row(sku: str = "1", ean: str | None = None, amount_minor: int | None = 1999, stock: int | None = None,
        **changes: Any) -> Row:  # fmt: skip
    prices = {} if amount_minor is None else {"EUR": amount_minor}
    variant = structs.replace(VARIANT, sku=sku, ean=ean, prices=prices, stock=stock)
    return structs.replace(ROW, **{"variants": [variant]} | changes)


def planned(
    rows: list[Row], products: list[Product] = [], priced: dict[str, PricedVariant] = {}, *declared: ProductType  # noqa: B006
) -> Plan:
    slugs, types = [product.facts.slug for product in products], {each.name: each for each in declared}
    return plan(rows, Known(products, priced, slugs, {"lamps": LAMPS}, NOW, types), TERMS, uuid7)


def imported(*rows: Row) -> tuple[list[Product], dict[str, PricedVariant]]:
    made = planned(list(rows))
    return [change.product for change in made.changes], {priced.sku: priced for priced, _ in made.prices}


def test_new_rows_make_products_prices_and_stock() -> None:
    made = planned([row(), row(sku="2", external_ref="2", amount_minor=None, stock=0)])
    assert (made.created, made.revised, made.unchanged, made.refused) == (2, 0, 0, [])
    assert [change.product.facts.slug for change in made.changes] == ["lamp", "lamp-2"]
    assert [(priced.sku, priced.prices) for priced, _ in made.prices] == [("1", {"EUR": 1999})]
    assert [(item.sku, item.on_hand, item.warehouse) for item in made.stock] == [("1", 5, "MAIN"), ("2", 0, "MAIN")]


def test_the_same_rows_again_change_nothing() -> None:
    rows = [row(), row(sku="2", external_ref="2")]
    again = planned(rows, *imported(*rows))
    assert (again.created, again.revised, again.unchanged) == (0, 0, 2)
    assert (again.changes, again.prices) == ([], [])


def test_another_price_alone_revises_the_price_alone() -> None:
    again = planned([row(amount_minor=1899)], *imported(row()))
    assert (again.revised, again.changes, len(again.prices)) == (1, [], 1)
    assert again.prices[0][0].version == 2


def test_another_name_revises_the_product_and_keeps_its_slug() -> None:
    again = planned([row(name="Better lamp")], *imported(row()))
    [change] = again.changes
    assert (change.product.version, change.product.facts.name, change.product.facts.slug) == (2, "Better lamp", "lamp")


def test_what_staff_added_stays_and_what_the_file_does_not_say_too() -> None:
    [product], priced = imported(row())
    more = structs.replace(product.facts.variants[0], sku="1-XL", variant_id=uuid7())
    variants = [*product.facts.variants, more]
    edited = structs.replace(product.facts, status="archived", slug="our-lamp", variants=variants)
    product = structs.replace(product, facts=edited)
    assert planned([row(brand=None)], [product], priced).unchanged == 1
    [change] = planned([row(description="Brighter.")], [product], priced).changes
    assert structs.replace(change.product.facts, description="Bright.") == edited


def test_a_product_that_staff_made_is_adopted_by_its_sku() -> None:
    [product], priced = imported(row())
    product = structs.replace(product, facts=structs.replace(product.facts, external_ref=None))
    again = planned([row(external_ref="R1")], [product], priced)
    assert (again.revised, again.changes[0].product.facts.external_ref) == (1, "R1")


def test_of_two_rows_for_one_product_that_staff_made_the_first_adopts_it_and_the_second_is_refused() -> None:
    [made], priced = imported(row(external_ref=None, variants=[structs.replace(VARIANT, sku=sku) for sku in "12"]))
    again = planned([row(amount_minor=None), row(sku="2", external_ref="2", amount_minor=None)], [made], priced)
    assert [change.product.facts.external_ref for change in again.changes] == ["1"]
    assert [(refused.row.sku, refused.code) for refused in again.refused] == [("2", "sku_taken")]


def test_a_sku_of_another_product_is_refused_and_the_other_rows_go_in() -> None:
    products, priced = imported(row())
    made = planned([row(external_ref="R2"), row(sku="3", external_ref="3")], products, priced)
    assert [(refused.code, refused.row.external_ref) for refused in made.refused] == [("sku_taken", "R2")]
    assert made.created == 1


def test_what_the_catalog_refuses_is_refused_with_its_place() -> None:
    made = planned([row(ean="123"), row(sku="2", external_ref="2", images=[SaidImage("ftp://x")])])
    assert [(refused.code, refused.reason.split(":")[0]) for refused in made.refused] == [
        ("broken_ean", "/variants/0/ean"), ("broken_image_url", "/images/0/url")
    ]  # fmt: skip
    assert (made.created, made.stock) == (0, [])


def test_a_row_is_read_as_its_product_type_declares_and_refused_where_it_can_not_be() -> None:
    attributes = [Attribute("power", "number", "W", required=True), Attribute("model")]
    lamps = ProductType(uuid7(), "Lamps", attributes, "in_force", 1)
    rows = [
        row(attributes={"power": "0.04 kW", "model": 300}),
        row(sku="2", external_ref="2", attributes={"power": "strong"}),
        row(sku="3", external_ref="3", attributes={}),
        row(sku="4", external_ref="4", attributes={}, status="draft"),
        row(sku="5", external_ref="5", attributes={"power": "strong"}, product_type="Lamp"),
    ]
    made = planned(rows, [], {}, lamps)
    assert made.changes[0].product.facts.attributes == {"power": 40, "model": "300"}
    assert [change.product.facts.external_ref for change in made.changes] == ["1", "4", "5"]
    assert [(each.row.sku, each.code, each.reason.partition(":")[0]) for each in made.refused] == [
        ("2", "attribute_of_another_kind", "/attributes/power"), ("3", "attribute_missing", "/attributes/power"),
    ]  # fmt: skip


def test_a_list_of_prices_is_held_to_nothing_that_its_product_type_asks_for_since() -> None:
    products, priced = imported(row(attributes={}))
    declared = ProductType(uuid7(), "Lamps", [Attribute("power", "number", required=True)], "in_force", 1)
    dearer = row(attributes=None, amount_minor=2999)
    made = planned([dearer], products, priced, declared)
    assert (made.refused, [each.prices for each, _ in made.prices]) == ([], [{"EUR": 2999}])
    [refused] = planned([row(attributes={"colour": "red"}, amount_minor=2999)], products, priced, declared).refused
    assert refused.code == "attribute_missing"
    drafts = [structs.replace(each, facts=structs.replace(each.facts, status="draft")) for each in products]
    [refused] = planned([structs.replace(dearer, status="active")], drafts, priced, declared).refused
    assert refused.code == "attribute_missing"
