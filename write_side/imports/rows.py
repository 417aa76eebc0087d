"""A row of a file as what it says of a product. Pure."""

import re
from collections.abc import Mapping

from msgspec import Struct

from shared.ean import LENGTHS
from shared.events.catalog import AttributeValue
from shared.money import EXPONENTS
from write_side.imports.mapping import ATTRIBUTE, ColumnMapping

DEEPEST, LONGEST_NAME = 12, 200

Value = bool | int | float | str

_number = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_minor = re.compile(r"[0-9]{1,13}")
_major = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9}))?")
_STATUS = ("draft", "active", "archived")


class Rejected(ValueError):
    """A row that can't be taken: `code` for programs, the message for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Row(Struct, frozen=True):
    """What a row says. None: the file has no such column, what the product has stays."""

    number: int
    cells: list[str]
    sku: str
    external_ref: str
    name: str
    category: tuple[str, ...]
    slug: str | None
    brand: str | None
    description: str | None
    product_type: str | None
    status: str | None
    images: list[str] | None
    attributes: dict[str, AttributeValue] | None
    ean: str | None
    has_ean: bool
    amount_minor: int | None
    stock: int | None


class RowReader:
    """Reads rows of a table with these columns. Raises `Rejected` for each that can't be taken."""

    duplicate = "duplicate_product"

    def __init__(self, columns: list[str], mapping: ColumnMapping, currency: str) -> None:
        self._mapping = mapping
        self._exponent = EXPONENTS[currency] if mapping.price_unit == "major" else None
        self._at = {mapping.columns[column]: n for n, column in enumerate(columns) if column in mapping.columns}
        self._attributes = {
            field.removeprefix(ATTRIBUTE): n for field, n in self._at.items() if field.startswith(ATTRIBUTE)
        }

    def missing(self) -> list[str]:
        """Needed fields that no column of the file is."""
        return [field for field in ("sku", "name") if field not in self._at]

    def keys(self, row: Row) -> set[int]:
        """What no other row of the file may name."""
        keys = {hash(("sku", row.sku))}
        if "external_ref" in self._at:  # else the reference is the SKU
            keys.add(hash(("ref", row.external_ref)))
        return keys

    def read(self, number: int, cells: list[str]) -> Row:
        """What a row says."""
        said = {field: cells[n].strip() for field, n in self._at.items()}
        for needed in ("sku", "name"):
            if not said[needed]:
                raise Rejected(f"no_{needed}", f"no {needed}")
        features = self._features(said.get("features", ""))
        kind = next((first(features[key]) for key in self._mapping.category_from if key in features), "")
        return Row(
            number=number,
            cells=cells,
            sku=said["sku"],
            external_ref=said.get("external_ref") or said["sku"],
            name=said["name"],
            category=self._category(said.get("category"), kind),
            slug=said.get("slug") or None,
            brand=said.get("brand"),
            description=said.get("description"),
            product_type=said.get("product_type", kind if self._mapping.category_from else None),
            status=_status(said.get("status")),
            images=self._images(said.get("images")),
            attributes=self._typed(features, cells),
            ean=restored(said.get("ean", "")),
            has_ean="ean" in said,
            amount_minor=self._price(said.get("price", "")),
            stock=_count(said.get("stock", "")),
        )

    def _features(self, text: str) -> dict[str, list[str]]:
        features: dict[str, list[str]] = {}
        for pair in text.split(self._mapping.feature_separator) if text else ():
            key, separator, value = pair.partition(self._mapping.key_separator)
            key, value = key.strip(), value.strip()
            if not separator or not key:
                raise Rejected("broken_feature", f"{pair[:60]!r} is no key{self._mapping.key_separator}value")
            if value:
                features.setdefault(key, []).append(value)
        return features

    def _typed(self, features: Mapping[str, list[str]], cells: list[str]) -> dict[str, AttributeValue] | None:
        if not self._attributes and "features" not in self._at:
            return None
        attributes: dict[str, AttributeValue] = {
            key: typed(values[0]) if len(values) == 1 else [typed(value) for value in values]
            for key, values in features.items()
        }
        for key, n in self._attributes.items():
            if cells[n].strip():
                attributes[key] = typed(cells[n].strip())
        return attributes

    def _category(self, cell: str | None, kind: str) -> tuple[str, ...]:
        names = [kind] if cell is None else cell.split(self._mapping.category_separator)
        path = tuple(name.strip() for name in names if name.strip()) or (self._mapping.category_default,)
        if len(path) > DEEPEST or any(len(name) > LONGEST_NAME or not name.isprintable() for name in path):
            said = f"a category has at most {DEEPEST} levels, their names {LONGEST_NAME} printable characters"
            raise Rejected("broken_category", said)
        return path

    def _images(self, cell: str | None) -> list[str] | None:
        if cell is None:
            return None
        return [url.strip() for url in cell.split(self._mapping.image_separator) if url.strip()]

    def _price(self, cell: str) -> int | None:
        if not cell:
            return None
        if self._exponent is not None:
            return minor_units(cell, self._exponent)
        if not _minor.fullmatch(cell):
            raise Rejected("broken_price", f"{cell[:40]!r} is no number of minor units")
        return int(cell)


def first(values: list[str]) -> str:
    """A repeated feature names the category by its first value."""
    return values[0]


def typed(text: str) -> Value:
    """`True` and `False`, numbers as people write them (17.0 is 17; 007 and 1e5 are texts), else the text."""
    if text in ("True", "False", "true", "false"):
        return text[0] in "Tt"
    if not _number.fullmatch(text) or len(text) > 16:  # more digits than a float keeps
        return text
    if "." not in text:
        return int(text)
    value = float(text)
    return int(value) if value.is_integer() else value


def minor_units(text: str, exponent: int) -> int:
    """`19.99` as 1999, exactly; raises `Rejected` for more digits than the currency has."""
    match = _major.fullmatch(text)
    whole, fraction = match.groups(default="") if match else ("", "")
    kept, rest = fraction[:exponent], fraction[exponent:]
    if not match or rest.strip("0"):
        raise Rejected("broken_price", f"{text[:40]!r} is no amount with at most {exponent} digits behind the point")
    return int(whole + kept.ljust(exponent, "0"))


def restored(ean: str) -> str | None:
    """An EAN with the leading zeros that spreadsheets drop: 9 to 11 digits were a UPC of 12."""
    if not ean:
        return None
    return ean.zfill(12) if LENGTHS[0] < len(ean) < LENGTHS[1] and ean.isdigit() else ean


def _status(cell: str | None) -> str | None:
    if cell and cell not in _STATUS:
        raise Rejected("unknown_status", f"{cell[:40]!r} is none of {', '.join(_STATUS)}")
    return cell or None


def _count(cell: str) -> int | None:
    if not cell:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", cell):
        raise Rejected("broken_stock", f"{cell[:40]!r} is no count")
    return int(cell)


