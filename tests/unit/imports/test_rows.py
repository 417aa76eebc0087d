from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from write_side.imports.formats import READY
from write_side.imports.images import SaidImage
from write_side.imports.mapping import DEFAULT, ColumnMapping
from write_side.imports.numbers import typed
from write_side.imports.reading import Line
from write_side.imports.rejecting import Rejected
from write_side.imports.rows import Row, RowReader
from write_side.imports.variant_rows import minor_units, restored

COLUMNS = ["product_id", "product_name", "product_description", "product_features", "brand", "price", "ean"]
LAMP = {
    "product_id": "1", "product_name": " Lamp ", "product_description": "Bright.", "brand": "Lumeno", "price": "1999",
    "product_features": "product type:Desk lamp|power:9.5|colour:red|colour:2|ratio:16:9|dimmable:True|empty:",
    "ean": "4006381333931",
}  # fmt: skip


def read(**changes: str) -> Row:
    cells = LAMP | changes
    return RowReader(COLUMNS, DEFAULT, "EUR").read(Line(2, [cells[column] for column in COLUMNS]))


def test_a_row_says_what_its_columns_say() -> None:
    row = read()
    assert (row.sku, row.external_ref, row.name, row.variants[0].prices) == ("1", "1", "Lamp", {"EUR": 1999})
    assert (row.category, row.product_type) == (("Desk lamp",), "Desk lamp")
    assert row.attributes == {
        "product type": "Desk lamp", "power": 9.5, "colour": ["red", 2], "ratio": "16:9", "dimmable": True
    }  # fmt: skip
    assert (row.images, row.status, row.slug, row.variants[0].stock) == (None, None, None, None)


@pytest.mark.parametrize(
    ("features", "category"),
    [
        ("type:Original|product type:Toner", "Toner"),
        ("type:Original", "Original"),
        ("product type:Toner|product type:Ink", "Toner"),
        ("weight:2", "Unsorted"),
        ("", "Unsorted"),
    ],
)
def test_the_category_is_the_product_type_else_the_type_else_unsorted(features: str, category: str) -> None:
    assert read(product_features=features).category == (category,)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product_id": " "}, "no_sku"),
        ({"product_name": ""}, "no_name"),
        ({"price": "19.99"}, "broken_price"),
        ({"price": "-1"}, "broken_price"),
        ({"price": "1e3"}, "broken_price"),
        ({"price": "٣"}, "broken_price"),
        ({"product_features": "power"}, "broken_feature"),
        ({"product_features": ":9"}, "broken_feature"),
        ({"product_features": "type:" + "x" * 201}, "broken_category"),
        ({"product_features": "type:\u2800"}, "broken_category"),
    ],
)
def test_a_row_that_cannot_be_meant_is_rejected_with_a_code(changes: dict[str, str], code: str) -> None:
    with pytest.raises(Rejected) as why:
        read(**changes)
    assert why.value.code == code


@pytest.mark.parametrize("name", ["images", "attributes", "options", "related"])
def test_a_cell_that_is_nested_without_end_rejects_its_row_alone(name: str) -> None:
    columns = {"sku": "sku", "name": "name", "cell": f"json:{name}"}
    reader, deep = RowReader(list(columns), ColumnMapping(columns), "EUR"), "[" * 5000 + "]" * 5000
    for cell in (deep, f'{{"a": {deep}}}', f'[{{"url": "https://a.example/1.jpg", "x": {deep}}}]'):
        with pytest.raises(Rejected) as why:
            reader.read(Line(2, ["S1", "Lamp", cell]))
        assert why.value.code == f"broken_{name}"


def test_a_row_without_price_or_ean_is_a_row() -> None:
    [variant] = read(price="", ean="").variants
    assert (variant.prices, variant.ean, variant.has_ean) == ({}, None, True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("True", True), ("false", False), ("17", 17), ("17.0", 17), ("-4.5", -4.5), ("0.512", 0.512), ("007", "007"),
        ("1e5", "1e5"), ("1,5", "1,5"), ("12345678901234567", "12345678901234567"), ("NaN", "NaN"), ("", ""),
    ],
)  # fmt: skip
def test_values_get_the_type_that_people_mean(text: str, value: object) -> None:
    assert typed(text) == value
    assert type(typed(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "exponent", "minor"),
    [("19.99", 2, 1999), ("19.9", 2, 1990), ("19", 2, 1900), ("0.01", 2, 1), ("19.990", 2, 1999), ("300", 0, 300),
     ("99999999999.99", 2, 9999999999999)],
)  # fmt: skip
def test_major_units_are_read_exactly(text: str, exponent: int, minor: int) -> None:
    assert minor_units(text, exponent) == minor


@pytest.mark.parametrize(("text", "exponent"), [("19.999", 2), ("1.5", 0), ("1,99", 2), ("-1", 2), ("", 2), (".5", 2)])
def test_what_is_no_exact_amount_is_rejected(text: str, exponent: int) -> None:
    with pytest.raises(Rejected):
        minor_units(text, exponent)


@given(st.integers(min_value=0, max_value=10**13 - 1))
def test_no_cent_is_lost_on_the_way(minor: int) -> None:
    assert minor_units(f"{minor // 100}.{minor % 100:02d}", 2) == minor


def test_leading_zeros_that_a_spreadsheet_dropped_come_back() -> None:
    assert restored("85896333746") == "085896333746"
    assert restored("96385074") == "96385074"
    assert restored("") is None


def test_a_mapping_names_other_columns() -> None:
    columns = {"Art": "sku", "Title": "name", "Shop": "category", "Cost": "price", "Colour": "attribute:colour",
               "Ref": "external_ref", "Pics": "images", "Qty": "stock", "State": "status", "URL": "slug"}  # fmt: skip
    reader = RowReader(list(columns), ColumnMapping(columns, price_unit="major"), "EUR")
    cells = ["S1", "Lamp", "Home > Lamps >", "19.90", "red", "R1", "https://a.example/1.jpg, https://a.example/2.jpg",
             "7", "draft", "lamp"]  # fmt: skip
    row = reader.read(Line(2, cells))
    assert (row.category, row.variants[0].prices) == (("Home", "Lamps"), {"EUR": 1990})
    assert row.attributes == {"colour": "red"}
    assert (row.external_ref, row.variants[0].stock, row.status, row.slug) == ("R1", 7, "draft", "lamp")
    assert row.images == [SaidImage(f"https://a.example/{n}.jpg", None, None) for n in (1, 2)]
    assert (row.brand, row.description, row.variants[0].has_ean) == (None, None, False)
    deep = ">".join("abcdefghijklmn")
    for column, cell, code in [(7, "-1", "broken_stock"), (8, "sold", "unknown_status"), (2, deep, "broken_category")]:
        with pytest.raises(Rejected) as why:
            reader.read(Line(2, [*cells[:column], cell, *cells[column + 1 :]]))
        assert why.value.code == code


def priced(cell: str, **settings: Any) -> dict[str, int]:
    mapping = structs.replace(DEFAULT, price_unit="major", **settings)
    line = Line(2, [(LAMP | {"price": cell})[column] for column in COLUMNS])
    return RowReader(COLUMNS, mapping, "EUR").read(line).variants[0].prices


@pytest.mark.parametrize(
    ("cell", "settings", "minor"),
    [
        ("19,99", {"decimal_separator": ","}, 1999),
        ("1234,5", {"decimal_separator": ","}, 123450),
        ("19", {"decimal_separator": ","}, 1900),
        ("1.234,50", {"decimal_separator": ",", "thousands_separator": "."}, 123450),
        ("1.234.567", {"decimal_separator": ",", "thousands_separator": "."}, 123456700),
        ("1234567,00", {"decimal_separator": ",", "thousands_separator": "."}, 123456700),
        ("1,234.50", {"thousands_separator": ","}, 123450),
        ("1'234.50", {"thousands_separator": "'"}, 123450),
        ("1\u202f234,50", {"decimal_separator": ",", "thousands_separator": " "}, 123450),
        ("1\u00a0234,50", {"decimal_separator": ",", "thousands_separator": " "}, 123450),
    ],
)
def test_prices_are_read_with_the_separators_that_the_mapping_says(
    cell: str, settings: dict[str, str], minor: int
) -> None:
    assert priced(cell, **settings) == {"EUR": minor}


@pytest.mark.parametrize(
    ("cell", "settings"),
    [
        ("19,99", {}),
        ("1,234", {}),
        ("19.99", {"decimal_separator": ","}),
        ("1.234", {"decimal_separator": ","}),
        ("19.99", {"decimal_separator": ",", "thousands_separator": "."}),
        ("1.23.456", {"decimal_separator": ",", "thousands_separator": "."}),
        (".234,50", {"decimal_separator": ",", "thousands_separator": "."}),
        ("1234.567,00", {"decimal_separator": ",", "thousands_separator": "."}),
        ("1,234,50", {"thousands_separator": ","}),
        ("19,99 €", {"decimal_separator": ","}),
        ("19,999", {"decimal_separator": ","}),
    ],
)
def test_what_those_separators_do_not_make_a_price_of_is_rejected_and_not_guessed(
    cell: str, settings: dict[str, str]
) -> None:
    with pytest.raises(Rejected) as why:
        priced(cell, **settings)
    assert why.value.code == "broken_price"


def test_counts_and_weights_go_by_the_same_decimal_separator() -> None:
    mapping = ColumnMapping(
        {"a": "sku", "b": "name", "c": "stock", "d": "weight_grams"}, decimal_separator=",", price_unit="major"
    )
    [variant] = RowReader(["a", "b", "c", "d"], mapping, "EUR").read(Line(2, ["1", "Lamp", "5,0", "500,00"])).variants
    assert (variant.stock, variant.weight_grams) == (5, 500)


GERMAN = {"decimal_separator": ",", "thousands_separator": "."}
SPACED = {"decimal_separator": ",", "thousands_separator": " "}


@pytest.mark.parametrize(
    ("cell", "settings", "value"),
    [
        ("1,5", GERMAN, 1.5), ("1.500", GERMAN, 1500), ("-1.234,50", GERMAN, -1234.5), ("1,125 kg", GERMAN, "1.125 kg"),
        ("10.000 mAh", GERMAN, "10000 mAh"), ("1,5 kg", GERMAN, "1,5 kg"), ("1.5", GERMAN, 1.5), ("007", GERMAN, "007"),
        ("0.125", GERMAN, 0.125), ("204.123.456", GERMAN, "204.123.456"), ("A 1.500", GERMAN, "A 1.500"),
        ("10,000", {"thousands_separator": ","}, 10000), ("10,000mAh", {"thousands_separator": ","}, "10000mAh"),
        ("1 500", SPACED, 1500), ("10,000 mAh", {}, "10,000 mAh"),
        ("1.125", {"decimal_separator": ","}, 1.125), ("12,5,7", GERMAN, "12,5,7"), ("true", GERMAN, True),
        ("204 123 456", SPACED, "204 123 456"), ("128\u00a0256 512", SPACED, "128\u00a0256 512"),
        ("100,200,300", {"thousands_separator": ","}, "100,200,300"), ("128 256 512 GB", SPACED, "128 256 512 GB"),
        ("1'234'567", {"thousands_separator": "'"}, "1'234'567"), ("10 000 mAh", SPACED, "10000 mAh"),
        ("1 234 567,5", SPACED, 1234567.5),
    ],
)  # fmt: skip
def test_numbers_among_attributes_go_by_the_separators_too(cell: str, settings: dict[str, str], value: object) -> None:
    columns = {"a": "sku", "b": "name", "c": "attribute:size", "d": "list:sizes", "e": "features"}
    given = {"price_unit": "major", "list_separator": ";"} | settings
    mapping = msgspec.convert({"columns": columns} | given, ColumnMapping)
    row = RowReader(list(columns), mapping, "EUR").read(Line(2, ["1", "Lamp", cell, f"{cell}; red", f"width:{cell}"]))
    assert row.attributes is not None
    assert (row.attributes["size"], row.attributes["sizes"], row.attributes["width"]) == (value, [value, "red"], value)
    assert type(row.attributes["size"]) is type(value)


@pytest.mark.parametrize(
    ("cell", "grams"),
    [("907.18474", 907), ("453.59237", 454), ("226.796185", 227), ("0.5", 1), ("0.49", 0), ("250.0", 250),
     ("9999999.9", 10_000_000), ("28.349523125000000001", 28)],
)  # fmt: skip
def test_a_fraction_of_a_gram_is_rounded_half_of_it_up(cell: str, grams: int) -> None:
    mapping = ColumnMapping({"a": "sku", "b": "name", "c": "weight_grams"})
    [variant] = RowReader(["a", "b", "c"], mapping, "EUR").read(Line(2, ["S1", "Lamp", cell])).variants
    assert variant.weight_grams == grams


@pytest.mark.parametrize("cell", ["10000000.5", "1,5", "1.", ".5", "-1.5", "2.5 kg"])
def test_what_is_no_weight_that_a_product_may_have_is_rejected(cell: str) -> None:
    mapping = ColumnMapping({"a": "sku", "b": "name", "c": "weight_grams"})
    with pytest.raises(Rejected) as why:
        RowReader(["a", "b", "c"], mapping, "EUR").read(Line(2, ["S1", "Lamp", cell]))
    assert why.value.code == "broken_weight"


@pytest.mark.parametrize(
    ("mapping", "columns", "says"),
    [
        (ColumnMapping({"a": "sku", "b": "name"}), ["a", "b"], False),
        (ColumnMapping({"a": "sku", "b": "name", "c": "features"}), ["a", "b", "c"], False),
        (ColumnMapping({"a": "sku", "b": "name", "c": "features"}, category_from=["type"]), ["a", "b", "c"], True),
        (ColumnMapping({"a": "sku", "b": "name"}, category_from=["type"]), ["a", "b"], False),
        (ColumnMapping({"a": "sku", "b": "name", "c": "category"}), ["a", "b", "c"], True),
        (ColumnMapping({"a": "sku", "b": "name", "c": "category"}), ["a", "b"], False),
        (ColumnMapping({"a": "sku", "b": "name", "c": "category_slug"}), ["a", "b", "c"], True),
        (DEFAULT, ["product_id", "product_name"], False),
        (DEFAULT, ["product_id", "product_name", "product_features"], True),
        (READY["shopify"], ["Variant SKU", "Title", "Handle"], False),
        (READY["shopify"], ["Variant SKU", "Title", "Handle", "Type"], True),
        (READY["shopify"], ["Variant SKU", "Title", "Handle", "Product Category"], True),
        (READY["magento"], ["sku", "name", "additional_attributes"], False),
        (READY["magento"], ["sku", "name", "categories"], True),
        (READY["magento-simple"], ["sku", "name", "category"], True),
        (READY["doorbuster"], ["slug", "sku", "name"], False),
    ],
)
def test_a_category_is_said_where_a_column_is_one_or_it_is_taken_from(
    mapping: ColumnMapping, columns: list[str], says: bool
) -> None:
    row = RowReader(columns, mapping, "EUR").read(Line(2, ["k:v"] * len(columns)))
    assert row.says_category is says
    if not says:
        assert row.product_type is None
