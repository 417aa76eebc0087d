"""What a file leaves of the texts of images that a product has."""

from datetime import UTC, datetime

import pytest
from msgspec import structs

from shared.events.catalog import Image, ProductFacts, Variant
from shared.ids import uuid7
from write_side.catalog import Product
from write_side.imports import READY
from write_side.imports.mapping import DEFAULT, ColumnMapping
from write_side.imports.plan import Known, Terms, plan
from write_side.imports.reading import Line
from write_side.imports.rows import RowReader

FRONT = Image("1.jpg", "front view", {"de": "vorne"})
BACK = Image("2.jpg", "back view", {"de": "hinten"})
PLAIN = {"Ref": "external_ref", "SKU": "sku", "Name": "name", "Pics": "images"}
SHOPIFY = ["Handle", "Variant SKU", "Title", "Image Src"]
MAGENTO = ["sku", "name", "base_image", "additional_images"]


def images(mapping: ColumnMapping, columns: list[str], *lines: list[str]) -> list[Image]:
    """Those of a lamp behind a file."""
    facts = ProductFacts("lamp", "Lamp", "", "", "", "active", None, {}, [FRONT, BACK], [Variant(uuid7(), "S")], "S")
    first, *also = [Line(n, line) for n, line in enumerate(lines, 2)]
    row = RowReader(columns, mapping, "EUR").read(first._replace(also=tuple(also)))
    known = Known([Product(uuid7(), 1, facts)], {}, ["lamp"], {"unsorted": uuid7()}, datetime.now(UTC))
    made = plan([row], known, Terms(None, None), uuid7)
    assert made.refused == []
    return made.changes[0].product.facts.images if made.changes else facts.images


@pytest.mark.parametrize(
    ("mapping", "columns", "lines"),
    [
        (DEFAULT, ["product_id", "product_name", "image"], [["S", "Lamp", "1.jpg,2.jpg"]]),
        (ColumnMapping(PLAIN), list(PLAIN), [["S", "S", "Lamp", "1.jpg,2.jpg"]]),
        (READY["shopify"], SHOPIFY, [["S", "S", "Lamp", "1.jpg"], ["S", "", "", "2.jpg"]]),
        (READY["magento"], MAGENTO, [["S", "Lamp", "1.jpg", "2.jpg"]]),
    ],
)
def test_an_image_keeps_the_texts_that_no_column_says(
    mapping: ColumnMapping, columns: list[str], lines: list[list[str]]
) -> None:
    assert images(mapping, columns, *lines) == [FRONT, BACK]


def test_what_a_column_says_of_an_image_goes_in_and_its_other_languages_stay() -> None:
    said = ColumnMapping(PLAIN | {"Alt": "image_alt"})
    [front] = images(said, [*PLAIN, "Alt"], ["S", "S", "Lamp", "1.jpg", "from the front"])
    assert front == structs.replace(FRONT, alt="from the front")
    [front] = images(said, [*PLAIN, "Alt"], ["S", "S", "Lamp", "1.jpg", ""])
    assert front == structs.replace(FRONT, alt="")
    labelled = ["S", "Lamp", "1.jpg", "2.jpg", "from the front"]
    assert images(READY["magento"], [*MAGENTO, "base_image_label"], labelled) == [
        structs.replace(FRONT, alt="from the front"), BACK
    ]  # fmt: skip


def test_another_image_has_no_text_and_one_that_the_file_does_not_name_is_gone() -> None:
    assert images(ColumnMapping(PLAIN), list(PLAIN), ["S", "S", "Lamp", "3.jpg,2.jpg"]) == [Image("3.jpg"), BACK]


def test_an_image_that_only_a_variant_names_keeps_its_texts_too() -> None:
    columns = [*SHOPIFY, "Variant Image"]
    assert images(READY["shopify"], columns, ["S", "S", "Lamp", "1.jpg", "2.jpg"]) == [FRONT, BACK]


def test_our_own_format_says_all_of_an_image() -> None:
    columns = ["slug", "sku", "name", "json:images"]
    bare = '[{"url": "1.jpg", "alt": "front"}, {"url": "2.jpg"}]'
    found = images(READY["doorbuster"], columns, ["lamp", "S", "Lamp", bare])
    assert found == [Image("1.jpg", "front"), Image("2.jpg")]
