"""Which column of a file is which field of a product. JSON or TOML:

    price_unit = "major"            # 19.99; "minor" (the default) is 1999
    decimal_separator = ","         # 19,99
    thousands_separator = "."       # 1.234,50
    encoding = "windows-1252"       # else it is UTF-8
    category_separator = ">"        # Audio > Headphones
    category_from = ["type"]        # where no column is a category: the first of these features that there is
    category_default = "Unsorted"
    [columns]
    "Article" = "sku"
    "Title" = "name"
    "Colour" = "attribute:colour"

Fields stand in `FIELDS`, and those with a name behind them in `NAMED`: docs/import.md tells what each says. A field
without a column is left as it is when a product is revised.
"""

import re
import tomllib
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from shared.money import EXPONENTS
from write_side.catalog import RELATED_KIND
from write_side.imports.reading import Encoding

ATTRIBUTE, LIST, PRICE, OPTION = "attribute:", "list:", "price:", "option:"
OPTION_NAME, OPTION_VALUE = "option_name:", "option_value:"
NAME, DESCRIPTION = "name:", "description:"  # in another language
RELATED = "related:"  # by kind
NAMED = (ATTRIBUTE, LIST, PRICE, OPTION, OPTION_NAME, OPTION_VALUE, NAME, DESCRIPTION, RELATED)
FIELDS = (
    "sku", "name", "external_ref", "slug", "handle", "brand", "description", "product_type", "status", "published",
    "category", "category_slug", "price", "ean", "images", "image_alt", "stock", "features", "variant_name",
    "gift_card", "weight_grams", "tax_class", "variant_tax_class", "publish_at", "unpublish_at", "variant_images",
    "related", "json:attributes", "json:images", "json:options", "json:related", "json:variant_images",
)  # fmt: skip


Others = Literal["ignored", "attribute", "list"]


class BrokenMapping(ValueError):
    """The mapping can't be read, or names fields that there aren't; the message says which."""


class ColumnMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """Column → field, and how cells are to be read.

    `lines`: whether each line is a product, or a variant of the product that `group` names in adjacent lines, or those
    of Magento in any order. `values`: field → what a cell stands for. `image_base` goes before addresses that aren't
    whole. `others`: what becomes of columns without a field, `ignored` apart; of a `list` several values between
    `list_separator`s. `category_levels`: so many names make the path, those behind them name something else (0: all
    do). With `exact`, cells are as an export wrote them: nothing is trimmed, formulas are taken apart again.
    """

    columns: dict[str, str]
    lines: Literal["product", "variant", "magento"] = "product"
    group: str = "external_ref"
    values: dict[str, dict[str, str]] = {}
    oversold: Literal["rejected", "none"] = "rejected"
    image_base: str = ""
    exact: bool = False
    others: Others = "ignored"
    ignored: list[str] = []
    list_separator: str = ","
    price_unit: Literal["minor", "major"] = "minor"
    decimal_separator: Literal[".", ","] = "."
    thousands_separator: Literal["", ".", ",", " ", "'", "’"] = ""
    encoding: Encoding = "utf-8"
    feature_separator: str = "|"
    key_separator: str = ":"
    image_separator: str = ","
    category_separator: str = ">"
    category_levels: int = 0
    category_from: list[str] = []
    category_default: str = "Unsorted"

    def column_of(self, field: str) -> str | None:
        """The column of a field."""
        return next((column for column, name in self.columns.items() if name == field), None)


DEFAULT = ColumnMapping(
    columns={
        "product_id": "sku",
        "product_name": "name",
        "product_description": "description",
        "product_features": "features",
        "brand": "brand",
        "price": "price",
        "ean": "ean",
        "image": "images",
    },
    category_from=["product type", "type"],
)


def read_mapping(path: Path) -> ColumnMapping:
    """The mapping in a file; TOML if its name says so, else JSON. Raises `BrokenMapping`."""
    try:
        raw = path.read_bytes()
        given = tomllib.loads(raw.decode()) if path.suffix == ".toml" else msgspec.json.decode(raw)
        mapping = msgspec.convert(given, ColumnMapping)
    except (OSError, RecursionError, ValueError) as error:
        raise BrokenMapping(f"{path}: {error}") from error
    check(mapping)
    return mapping


def check(mapping: ColumnMapping) -> None:
    """Raises `BrokenMapping` for fields that there aren't, stand twice, or are missing."""
    fields = list(mapping.columns.values())
    for field in fields:
        if field not in FIELDS and not (field.startswith(NAMED) and field not in NAMED):
            there_are = ", ".join([*FIELDS, *(f"{name}<name>" for name in NAMED)])
            raise BrokenMapping(f"there is no field {field!r}; there are {there_are}")
        if field.startswith(PRICE) and field.removeprefix(PRICE) not in EXPONENTS:
            raise BrokenMapping(f"{field!r} names no currency")
        if field.startswith(RELATED) and not re.match(RELATED_KIND, field.removeprefix(RELATED)):
            raise BrokenMapping(f"{field!r} names no kind of related products: lower-case letters, digits, hyphens")
        if fields.count(field) > 1:
            raise BrokenMapping(f"two columns are {field!r}")
    for needed in ("sku", "name"):
        if needed not in fields:
            raise BrokenMapping(f"no column is {needed!r}")
    if mapping.lines == "variant" and mapping.group not in fields:
        raise BrokenMapping(f"no column is {mapping.group!r}, by which lines make a product")
    if mapping.category_levels < 0:
        raise BrokenMapping("category_levels is below 0")
    if mapping.decimal_separator == mapping.thousands_separator:
        raise BrokenMapping("decimal_separator and thousands_separator are the same")
    if mapping.price_unit == "minor" and (mapping.decimal_separator != "." or mapping.thousands_separator):
        raise BrokenMapping("separators of prices go with price_unit = \"major\"")
    for name in ("feature_separator", "key_separator", "image_separator", "category_separator", "list_separator"):
        if not getattr(mapping, name):
            raise BrokenMapping(f"{name} is empty")
