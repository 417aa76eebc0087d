"""A line of a file, with those that go with it, as what it says of a product. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from shared.events.catalog import AttributeValue, Translation
from shared.names import is_blank
from write_side.imports.images import SaidImage
from write_side.imports.magento import translated
from write_side.imports.mapping import ATTRIBUTE, DESCRIPTION, LIST, NAME, PRICE, ColumnMapping
from write_side.imports.numbers import typed_by
from write_side.imports.reading import Line
from write_side.imports.rejecting import Rejected, decoded
from write_side.imports.related import SaidRelated, is_related, said_of
from write_side.imports.spreadsheets import plain
from write_side.imports.variant_rows import VariantReader, VariantRow, addresses, tax_class_of
from write_side.moments import is_kept

DEEPEST, LONGEST_NAME = 12, 200

_OF_OURS = (PRICE, NAME, DESCRIPTION)  # columns of an export, as many as there are currencies and languages
_OTHER = "other:"  # a column without a field, where those are attributes
_CATEGORY = ("category", "category_slug", "magento:categories")  # fields that say where a product stands
_FEATURES = ("features", "magento:attributes")  # and those whose features may
_MOMENTS = ("publish_at", "unpublish_at")
_STATUS = ("draft", "active", "archived")
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Row(Struct, frozen=True):
    """What a line, with those that go with it, says of a product. None: the file has no such column, what the product
    has stays. Without a reference the product is found by a SKU, and keeps the reference that it has. Where the file
    says no category, `category` is that of a product that is new."""

    line: Line
    variants: list[VariantRow]
    external_ref: str | None
    name: str
    category: tuple[str, ...]
    slug: str | None
    brand: str | None
    description: str | None
    product_type: str | None
    status: str | None
    images: list[SaidImage] | None
    attributes: dict[str, AttributeValue] | None
    category_slug: str = ""
    tax_class: str | None = None
    translations: dict[str, Translation] | None = None  # in the languages that the file has columns for
    moments: dict[str, datetime | None] = {}  # `publish_at` and `unpublish_at`, as far as there are columns
    handle: str = ""  # what a new product's slug is made from, instead of its name
    says_category: bool = True
    related: SaidRelated | None = None

    @property
    def sku(self) -> str:
        """Its first SKU."""
        return self.variants[0].sku


class RowReader:
    """Reads rows of a table with these columns. Raises `Rejected` for each that can't be taken."""

    duplicate = "duplicate_product"

    def __init__(self, columns: list[str], mapping: ColumnMapping, currency: str) -> None:
        self._mapping = mapping
        self._at: dict[str, int] = {}
        for n, column in enumerate(columns):
            field = _field(column, mapping)
            if field is not None:  # of two columns that are the same field the first one counts
                self._at.setdefault(field, n)
        self._variants = VariantReader(mapping, currency)
        self._meant = typed_by(mapping.decimal_separator, mapping.thousands_separator)
        sorted_by = (*_FEATURES, *mapping.category_from) if mapping.category_from else ()
        self._sorts = not self._at.keys().isdisjoint(sorted_by)
        self._says_category = self._sorts or not self._at.keys().isdisjoint(_CATEGORY)

    def currencies(self) -> set[str]:
        """Those that columns name."""
        return {field.removeprefix(PRICE) for field in self._at if field.startswith(PRICE)}

    def relates(self) -> bool:
        """Whether rows may name other products."""
        return any(is_related(field) for field in self._at)

    def missing(self) -> list[str]:
        """Needed fields that no column of the file is."""
        named = self._mapping.lines == "variant" and self._mapping.group in self._at  # then a SKU can be made up
        return [field for field in ("sku", "name") if field not in self._at and not (named and field == "sku")]

    def keys(self, row: Row) -> set[int]:
        """What no other row of the file may name."""
        keys = {hash(("sku", variant.sku)) for variant in row.variants}
        if "external_ref" in self._at and row.external_ref is not None:  # else the reference is the SKU
            keys.add(hash(("ref", row.external_ref)))
        return keys

    def read(self, line: Line) -> Row:
        """What a line says, with those that go with it."""
        said, also = self._said(line), [self._said(each) for each in line.also]
        if not said.get("name"):
            raise Rejected("no_name", "no name")
        if _truth(said.get("gift_card", ""), "gift_card"):
            raise Rejected("gift_card", "a gift card: make it here, as a product of the tax class gift-card")
        variants = self._variants.read(said, also)
        features = self._features(said.get("features", ""))
        kind = next((found for key in self._mapping.category_from if (found := _first(features, said, key))), "")
        row = Row(
            line=line,
            variants=variants,
            external_ref=said.get("external_ref") or self._reference(said, variants),
            name=said["name"],
            category=self._category(said.get("category"), kind),
            slug=said.get("slug") or None,
            brand=said.get("brand"),
            description=said.get("description"),
            product_type=said.get("product_type", kind if self._sorts else None),
            status=_status(said),
            images=self._images([said, *also]),
            attributes=self._typed(features, said),
            translations=_translations(said),
            category_slug=said.get("category_slug", ""),
            tax_class=tax_class_of(said.get("tax_class")),
            moments={field: _moment(said[field]) for field in _MOMENTS if field in said},
            handle=said.get("handle", ""),
            says_category=self._says_category,
            related=said_of(said, self._mapping.list_separator),
        )
        _check_asked_for(row)
        return row

    def _reference(self, said: Mapping[str, str], variants: Sequence[VariantRow]) -> str | None:
        return None if self._mapping.exact else said.get("sku") or variants[0].sku

    def _said(self, line: Line) -> dict[str, str]:
        """Field → cell."""
        mapping = self._mapping
        said = {field: self._text(line.cells[n]) for field, n in self._at.items()}
        for field, meanings in mapping.values.items():
            if field in said:
                said[field] = meanings.get(said[field], said[field])
        return translated(said, mapping.image_base) if mapping.lines == "magento" else said

    def _text(self, cell: str) -> str:
        return plain(cell) if self._mapping.exact else cell.strip()

    def cell(self, line: Line, field: str) -> str:
        """What a line says of a field in signs that are any, whatever else is wrong with it; empty: nothing."""
        at = self._at.get(field, len(line.cells))
        text = self._text(line.cells[at]).encode(errors="ignore").decode() if at < len(line.cells) else ""
        return self._mapping.values.get(field, {}).get(text, text)

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

    def _typed(self, features: Mapping[str, list[str]], said: Mapping[str, str]) -> dict[str, AttributeValue] | None:
        if "json:attributes" in said:
            return decoded(said["json:attributes"] or "{}", dict[str, AttributeValue], "broken_attributes")
        own = {field: cell for field, cell in said.items() if field.startswith((ATTRIBUTE, LIST, _OTHER))}
        if not own and "features" not in said:
            return None
        attributes: dict[str, AttributeValue] = {
            key: self._meant(values[0]) if len(values) == 1 else [self._meant(value) for value in values]
            for key, values in features.items()
        }
        for field, cell in own.items():
            if cell:
                attributes[field.partition(":")[2]] = self._value(field, cell)
        return attributes

    def _value(self, field: str, cell: str) -> AttributeValue:
        if field.startswith(ATTRIBUTE):
            return self._meant(cell)
        values = [self._meant(one.strip()) for one in cell.split(self._mapping.list_separator) if one.strip()]
        return values[0] if field.startswith(_OTHER) and len(values) == 1 else values

    def _category(self, cell: str | None, kind: str) -> tuple[str, ...]:
        names = cell.split(self._mapping.category_separator) if cell else [kind]
        path = tuple(name.strip() for name in names if name.strip())[: self._mapping.category_levels or None]
        if not path and self._mapping.category_default:
            path = (self._mapping.category_default,)
        if len(path) > DEEPEST or not all(_is_name(name, exact=self._mapping.exact) for name in path):
            said = f"a category has at most {DEEPEST} levels, their names {LONGEST_NAME} printable characters"
            raise Rejected("broken_category", said)
        return path

    def _images(self, lines: Sequence[Mapping[str, str]]) -> list[SaidImage] | None:
        if "json:images" in lines[0]:
            return decoded(lines[0]["json:images"] or "[]", list[SaidImage], "broken_images")
        if not any("images" in said for said in lines):
            return None
        images: dict[str, SaidImage] = {}
        for said in lines:
            for url in addresses(said.get("images", ""), self._mapping):
                images.setdefault(url, SaidImage(url, said.get("image_alt"), None))
        return list(images.values())


def _check_asked_for(row: Row) -> None:
    """Refuses what Postgres has no text with, where that is asked for before the catalog looks at it: all of the batch,
    and so the file, would fail of it."""
    texts = (row.external_ref, row.slug, row.product_type, *row.category, *(variant.sku for variant in row.variants))
    if any("\0" in text for text in texts if text):
        raise Rejected("control_character", "control characters can't be kept")


def _is_name(text: str, *, exact: bool) -> bool:
    """Whether a category may be called so; as an export wrote it, it is."""
    return len(text) <= LONGEST_NAME and (exact or text.isprintable()) and not is_blank(text)


def _field(column: str, mapping: ColumnMapping) -> str | None:
    """What a column is; None where it means nothing."""
    if mapping.exact and column.startswith(_OF_OURS):
        return column
    if column in mapping.columns or mapping.others == "ignored" or not column or column in mapping.ignored:
        return mapping.columns.get(column)
    return (ATTRIBUTE if mapping.others == "attribute" else _OTHER) + column


def _first(features: Mapping[str, list[str]], said: Mapping[str, str], key: str) -> str:
    """What names the category: a feature (a repeated one by its first value), else a field."""
    return features[key][0] if key in features else said.get(key, "")


def _translations(said: Mapping[str, str]) -> dict[str, Translation] | None:
    """By locale; of a language without a cell the product has none."""
    locales = sorted({field.partition(":")[2] for field in said if field.startswith((NAME, DESCRIPTION))})
    found = {locale: Translation(said.get(NAME + locale, ""), said.get(DESCRIPTION + locale, "")) for locale in locales}
    return found or None


def _moment(cell: str) -> datetime | None:
    """A time with its zone, or none: a shop's own may be anybody's guess."""
    if not cell:
        return None
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not is_kept(moment):
        raise Rejected("broken_moment", f"{cell[:40]!r} is no time with its zone, like 2026-11-27T18:00:00Z")
    return moment


def _status(said: Mapping[str, str]) -> str | None:
    """As the file says; what isn't published is a draft, whatever its status says of being active."""
    cell = said.get("status", "").lower()
    if cell and cell not in _STATUS:
        raise Rejected("unknown_status", f"{cell[:40]!r} is none of {', '.join(_STATUS)}")
    published = _truth(said.get("published", ""), "unknown_status")
    if published is None or cell in ("draft", "archived"):
        return cell or None
    return "active" if published else "draft"


def _truth(cell: str, code: str) -> bool | None:
    """Yes or no; None where nothing is said."""
    if cell and cell.lower() not in _TRUTH:
        raise Rejected(code, f"{cell[:40]!r} is neither true nor false")
    return _TRUTH.get(cell.lower())
