"""What lines say of the SKUs of a product: which, at what price, on which axes. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from shared.ean import LENGTHS
from shared.money import EXPONENTS
from write_side.catalog import HEAVIEST, TAX_CLASS
from write_side.imports.images import SaidImage
from write_side.imports.magento import variations, whole
from write_side.imports.mapping import OPTION, OPTION_NAME, OPTION_VALUE, PRICE, ColumnMapping
from write_side.imports.numbers import pointed
from write_side.imports.rejecting import Rejected, decoded

LONGEST_SKU = 100

_minor = re.compile(r"[0-9]{1,13}")
_major = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9}))?")
_count = re.compile(r"(-?)([0-9]{1,9})(\.0+)?")
_grams = re.compile(r"([0-9]{1,8})(?:\.([0-9]+))?")
_OF_A_VARIANT = ("sku", "price", "ean", "json:options", PRICE, OPTION, OPTION_VALUE)
_ONLY_ONE = {"Title": "Default Title"}  # what Shopify calls the option of a product that has none

Said = Mapping[str, str]


class VariantRow(Struct, frozen=True):
    """What a line says of a SKU. None: the file has no such column. Prices: currency → minor units."""

    sku: str
    ean: str | None = None
    has_ean: bool = False
    name: str | None = None
    options: dict[str, str] | None = None
    prices: dict[str, int] = {}
    stock: int | None = None
    weight_grams: int | None = None
    tax_class: str | None = None
    images: list[str] | None = None  # by their addresses


class VariantReader:
    """Reads the variants of a product. Raises `Rejected`."""

    def __init__(self, mapping: ColumnMapping, currency: str) -> None:
        self._mapping, self._currency = mapping, currency
        self._pointed = pointed(mapping.decimal_separator, mapping.thousands_separator)

    def read(self, first: Said, also: Sequence[Said]) -> list[VariantRow]:
        """The variants of a product: its first line's, and those of the lines that go with it."""
        match self._mapping.lines:
            case "product":
                found = [self._variant(first, first)]
            case "variant":
                found = [self._variant(said, first) for said in (first, *also) if _is_variant(said)]
            case "magento":
                found = self._of_magento(first, also)
        if not found:
            raise Rejected("no_variants", "no line names something to buy")
        skus = [variant.sku for variant in found]
        if len(set(skus)) < len(skus):
            raise Rejected("duplicate_sku", "a SKU stands twice in one product")
        return found

    def _of_magento(self, first: Said, also: Sequence[Said]) -> list[VariantRow]:
        if first.get("magento:kind") != "configurable":
            return [self._variant(first, first)]
        options = variations(first.get("magento:variations", ""))
        found = [(self._variant(said, said), said) for said in also]
        return [
            msgspec.structs.replace(variant, options=options.get(variant.sku, {}), images=_own_images(said))
            for variant, said in found
        ]

    def _variant(self, said: Said, first: Said) -> VariantRow:
        options = self._options(said, first)
        return VariantRow(
            sku=_sku(said, first, options, self._mapping),
            ean=restored(said.get("ean", "").removeprefix("'")),
            has_ean="ean" in said,
            name=said.get("variant_name"),
            options=options,
            prices=dict(self._prices(said)),
            stock=self._stock(said.get("stock", "")),
            weight_grams=self._weight(said.get("weight_grams", "")),
            tax_class=tax_class_of(said.get("variant_tax_class")),
            images=self._images(said),
        )

    def _images(self, said: Said) -> list[str] | None:
        if "json:variant_images" in said:
            return decoded(said["json:variant_images"] or "[]", list[str], "broken_images")
        if "variant_images" not in said:
            return None
        return list(dict.fromkeys(addresses(said["variant_images"], self._mapping)))

    def _options(self, said: Said, first: Said) -> dict[str, str] | None:
        """Axis → value; the names of numbered axes stand on the first line alone."""
        if "json:options" in said:
            return decoded(said["json:options"] or "{}", dict[str, str], "broken_options")
        fields = [field for field in said if field.startswith((OPTION, OPTION_VALUE))]
        if not fields:
            return None
        options: dict[str, str] = {}
        for field in fields:
            name = field.removeprefix(OPTION)
            axis = first.get(OPTION_NAME + field.removeprefix(OPTION_VALUE), "") if name == field else name
            if axis and said[field]:
                options[axis] = said[field]
        return {} if options == _ONLY_ONE else options

    def _prices(self, said: Said) -> Iterator[tuple[str, int]]:
        for field, cell in said.items():
            if cell and (field == "price" or field.startswith(PRICE)):
                currency = self._currency if field == "price" else field.removeprefix(PRICE)
                yield currency, self._price(cell, EXPONENTS[currency])

    def _price(self, cell: str, exponent: int) -> int:
        if self._mapping.price_unit == "major":
            return minor_units(cell, exponent, self._pointed(cell))
        if not _minor.fullmatch(cell):
            raise Rejected("broken_price", f"{cell[:40]!r} is no number of minor units")
        return int(cell)

    def _stock(self, cell: str) -> int | None:
        if not cell:
            return None
        match = _count.fullmatch(self._pointed(cell))
        if not match or (match[1] and self._mapping.oversold == "rejected"):
            raise Rejected("broken_stock", f"{cell[:40]!r} is no count")
        return 0 if match[1] else int(match[2])

    def _weight(self, cell: str) -> int | None:
        """Whole grams, half of one up: who weighs in pounds exports 907.18474."""
        if not cell:
            return None
        match = _grams.fullmatch(self._pointed(cell))
        grams = int(match[1]) + ((match[2] or "0") >= "5") if match else HEAVIEST + 1
        if grams > HEAVIEST:
            raise Rejected("broken_weight", f"{cell[:40]!r} is no weight in grams, up to {HEAVIEST}")
        return grams


def addresses(cell: str, mapping: ColumnMapping) -> list[str]:
    """Those of the images that a cell names."""
    names = (name.strip() for name in cell.split(mapping.image_separator))
    return [whole(name, mapping.image_base) for name in names if name]


def _own_images(said: Said) -> list[str] | None:
    """Those of a variant's own line."""
    if "json:images" not in said:
        return None
    return [image.url for image in decoded(said["json:images"], list[SaidImage], "broken_images")]


def tax_class_of(cell: str | None) -> str | None:
    """What is taxed alike, as the shop calls it; None where nothing is said. Raises `Rejected`."""
    if cell and not re.match(TAX_CLASS, cell):
        raise Rejected("broken_tax_class", f"{cell[:40]!r} is no tax class, like standard or reduced")
    return cell or None


def _is_variant(said: Said) -> bool:
    """Whether a line names something to buy; else it only names an image more."""
    return any(cell for field, cell in said.items() if field.startswith(_OF_A_VARIANT))


def _sku(said: Said, first: Said, options: Mapping[str, str] | None, mapping: ColumnMapping) -> str:
    """As the line says; a variant without one is named by its product and its options, the same each time."""
    if said.get("sku"):
        return said["sku"]
    if mapping.lines != "variant" or not first.get(mapping.group):
        raise Rejected("no_sku", "no sku")
    return "-".join([first[mapping.group], *(options or {}).values()])[:LONGEST_SKU].strip()


def minor_units(text: str, exponent: int, with_a_point: str | None = None) -> int:
    """`19.99` as 1999, exactly; raises `Rejected` for more digits than the currency has.

    `with_a_point` is the text where the file writes it otherwise: `19,99`.
    """
    match = _major.fullmatch(text if with_a_point is None else with_a_point)
    whole, fraction = match.groups(default="") if match else ("", "")
    kept, rest = fraction[:exponent], fraction[exponent:]
    if not match or rest.strip("0"):
        raise Rejected("broken_price", f"{text[:40]!r} is no amount with at most {exponent} decimal digits")
    return int(whole + kept.ljust(exponent, "0"))


def restored(ean: str) -> str | None:
    """An EAN with the leading zeros that spreadsheets drop: 9 to 11 digits were a UPC of 12."""
    if not ean:
        return None
    return ean.zfill(12) if LENGTHS[0] < len(ean) < LENGTHS[1] and ean.isdigit() else ean
