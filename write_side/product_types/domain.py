"""Types of products, pure: what may be declared, what each event makes of a type, and whether attributes fit one.

Attributes that no type declares are free, as are products whose type nobody declared: feeds say more than a shop cares
for. What is declared holds wherever facts are written; what was there before stays as it is until it is written again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.documents.quantities import UNITS, quantity_of
from shared.events.catalog import AttributeValue
from shared.events.product_types import (
    Attribute,
    AttributeKind,
    ProductTypeEvent,
    ProductTypeRemoved,
    ProductTypeSet,
    ProductTypeTranslation,
)
from shared.names import kept_name
from shared.pointers import escaped
from write_side.errors import Invalid, NotFound, Refusal
from write_side.product_types.translations import (
    AttributeTranslationInput,
    ProductTypeTranslationInput,
    called,
    contradiction,
    misnamed,
    mistake,
    translated,
)

MOST_TYPES = 1000
ATTRIBUTES, VALUES = 200, 500
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

Value = bool | int | float | str
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class UnknownProductType(NotFound):
    """No such type, or it was removed."""

    code = "unknown_product_type"


class ProductTypeExists(Refusal):
    """Another type has this name."""

    code = "product_type_exists"


class TooManyProductTypes(Refusal):
    """All of them are one document."""

    code = "too_many_product_types"


class AttributeDeclaredOtherwise(Refusal):
    """Another type says that it is of another kind or unit: nobody could filter by it in all of the shop. Or that it is
    called otherwise in a language, or a value of it is: a facet has one heading."""

    code = "attribute_declared_otherwise"


class BrokenProductType(Invalid):
    """An attribute stands twice or has no name, a text has a unit, a number has a list of values, a language is none,
    a value that is translated isn't listed."""

    code = "broken_product_type"


class AttributeMissing(Invalid):
    """Its type asks for it before it is for sale."""

    code = "attribute_missing"


class AttributeOfAnotherKind(Invalid):
    """Its type says that it is a number, a truth or a text, and it is not."""

    code = "attribute_of_another_kind"


class AttributeNotListed(Invalid):
    """Its type lists the values that there may be, and it is none of them."""

    code = "attribute_not_listed"


class AttributeInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "weight", "kind": "number", "unit": "g", "required": true}`, `{"name": "size", "values": ["S", "M"]}`.

    `unit`: of numbers only, as in "500 GB". `values`: of texts and colours only, the only ones there may be.
    `translations`: by locale (`de`, `de-AT`), what it and its listed values are called. Told by one type it holds in
    all.
    """

    name: Name
    kind: AttributeKind = "text"
    unit: Annotated[str, Meta(max_length=4, examples=["g"])] = ""
    required: bool = False
    values: Annotated[list[Name], Meta(max_length=VALUES)] = []
    translations: dict[str, AttributeTranslationInput] = {}


class ProductTypeInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Lamp", "attributes": [{"name": "power", "kind": "number", "unit": "W", "required": true}]}`.

    `translations`: by locale (`de`, `de-AT`), what it is called; products go on naming it by `name`.
    """

    name: Name
    attributes: Annotated[list[AttributeInput], Meta(max_length=ATTRIBUTES)]
    translations: dict[str, ProductTypeTranslationInput] = {}


class ProductType(Struct, frozen=True):
    """A type; a removed one is kept for its history."""

    id: UUID
    name: str
    attributes: list[Attribute]
    state: Literal["in_force", "removed"]
    version: int
    translations: dict[str, ProductTypeTranslation] = {}


def declare(type_id: UUID, given: ProductTypeInput, others: Collection[ProductType]) -> ProductTypeSet:
    """The event of a new type, or of other attributes; `others`: the types in force but this one.

    Raises `TooManyProductTypes`, `ProductTypeExists`, `BrokenProductType`, `AttributeDeclaredOtherwise`.
    """
    if len(others) >= MOST_TYPES:
        raise TooManyProductTypes(f"there are {len(others)} types, {MOST_TYPES} at most", limit=MOST_TYPES)
    name = kept_name(given.name)
    if not name:
        raise BrokenProductType("a type needs a name", pointer="/name")
    if any(other.name == name for other in others):
        raise ProductTypeExists(f"there is a type {name}", pointer="/name")
    if wrong := misnamed(given.translations):
        raise BrokenProductType(wrong[0], pointer=f"/translations/{escaped(wrong[1])}".rstrip("/"))
    declared: dict[str, list[tuple[Attribute, str]]] = defaultdict(list)
    for other in others:
        for attribute in other.attributes:
            declared[attribute.name].append((attribute, other.name))
    attributes: dict[str, Attribute] = {}
    for place, said in enumerate(given.attributes):
        attribute = _attribute(said, f"/attributes/{place}")
        if attribute.name in attributes:
            raise BrokenProductType(f"{attribute.name} stands twice", pointer=f"/attributes/{place}/name")
        for known, owner in declared.get(attribute.name, ()):
            _check_alike(attribute, known, owner, place)
        attributes[attribute.name] = attribute
    return ProductTypeSet(type_id, name, list(attributes.values()), called(given.translations))


def _attribute(said: AttributeInput, pointer: str) -> Attribute:
    name, values = kept_name(said.name), [kept_name(value) for value in said.values]
    if not name:
        raise BrokenProductType("an attribute needs a name", pointer=f"{pointer}/name")
    if said.unit and (said.kind != "number" or said.unit not in UNITS):
        raise BrokenProductType(f"{said.unit} is no unit of a {said.kind}", pointer=f"{pointer}/unit")
    if values and (said.kind in ("number", "boolean") or not all(values) or len(set(values)) < len(values)):
        told = "texts and colours may list their values, each once and none of them empty"
        raise BrokenProductType(told, pointer=f"{pointer}/values")
    if wrong := mistake(said.translations, values):
        raise BrokenProductType(wrong[0], pointer=f"{pointer}/translations/{escaped(wrong[1])}".rstrip("/"))
    return Attribute(name, said.kind, said.unit, said.required, values, translated(said.translations))


def _check_alike(attribute: Attribute, other: Attribute, owner: str, place: int) -> None:
    if (attribute.kind, attribute.unit) != (other.kind, other.unit):
        told = f"in {owner} {attribute.name} is a {other.kind}" + (f" in {other.unit}" if other.unit else "")
        raise AttributeDeclaredOtherwise(told, pointer=f"/attributes/{place}", product_type=owner)
    if found := contradiction(attribute.translations, other.translations):
        locale, known = found
        pointer = f"/attributes/{place}/translations/{locale}"
        raise AttributeDeclaredOtherwise(f"in {owner} it is {known!r} in {locale}", pointer=pointer, product_type=owner)


def replace(
    product_type: ProductType, given: ProductTypeInput, others: Collection[ProductType]
) -> ProductTypeSet | None:
    """The event of other attributes or another name, None if it says the same; raises as `declare` does."""
    event = declare(product_type.id, given, others)
    return None if evolve(product_type, event, product_type.version) == product_type else event


def remove(product_type: ProductType) -> ProductTypeRemoved:
    """The event of its end."""
    return ProductTypeRemoved(product_type.id)


def evolve(product_type: ProductType | None, event: ProductTypeEvent, version: int) -> ProductType:
    """A type after an event."""
    if isinstance(event, ProductTypeSet):
        return ProductType(event.type_id, event.name, event.attributes, "in_force", version, event.translations)
    assert product_type is not None, "a type's history begins with ProductTypeSet"
    return structs.replace(product_type, state="removed", version=version)


# --- attributes of products -----------------------------------------------------------------------------------------


def check(
    attributes: Mapping[str, AttributeValue],
    product_type: ProductType | None,
    *,
    for_sale: bool,
    only: str | None = None,
) -> None:
    """Whether attributes are as the type declares them, or one of them is; what is not for sale may still lack some.

    Raises `AttributeOfAnotherKind`, `AttributeNotListed`, `AttributeMissing`.
    """
    for declared in product_type.attributes if product_type else ():
        if only is not None and declared.name != only:
            continue
        pointer = f"/attributes/{escaped(declared.name)}"
        values = list(_values(attributes.get(declared.name, [])))
        if declared.required and for_sale and not any(value != "" for value in values):
            raise AttributeMissing(f"for sale it needs {declared.name}", pointer=pointer, attribute=declared.name)
        for value in values:
            _check_value(value, declared, pointer)


def _check_value(value: Value, declared: Attribute, pointer: str) -> None:
    if value == "":
        return
    if not _is_of_kind(value, declared):
        told = f"{value!r} is no {declared.kind}" + (f" in {declared.unit}" if declared.unit else "")
        raise AttributeOfAnotherKind(told, pointer=pointer, kind=declared.kind)
    if declared.values and value not in declared.values:
        raise AttributeNotListed(f"{value!r} is none of {', '.join(declared.values[:20])}", pointer=pointer)


def _is_of_kind(value: Value, declared: Attribute) -> bool:
    if declared.kind == "boolean" or isinstance(value, bool):
        return declared.kind == "boolean" and isinstance(value, bool)
    return isinstance(value, str) == (declared.kind != "number")


def _values(value: AttributeValue) -> Iterator[Value]:
    yield from value if isinstance(value, list) else [value]


def as_declared(
    attributes: Mapping[str, AttributeValue], product_type: ProductType | None
) -> dict[str, AttributeValue]:
    """What a file says, read as the type declares it: a file has only texts, and 300 may be a number or a name.

    What can't be read so stays, and `check` says what is wrong with it.
    """
    read = dict(attributes)
    for declared in product_type.attributes if product_type else ():
        if declared.name in read:
            value = read[declared.name]
            read[declared.name] = (
                [_as_kind(one, declared) for one in value] if isinstance(value, list) else _as_kind(value, declared)
            )
    return read


def _as_kind(value: Value, declared: Attribute) -> Value:
    if declared.kind == "boolean":
        return TRUTHS.get(str(value).casefold(), value)
    if declared.kind == "number":
        return _number(value, declared)
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Value, declared: Attribute) -> Value:
    """"0.5 kg" is 500 where grams are declared."""
    told = quantity_of(declared.name, value) if isinstance(value, str) else None
    base, factor = UNITS[declared.unit] if declared.unit else ("", 1.0)
    if told is None or told.unit not in ("", base):
        return value
    number = float(f"{told.number / (factor if told.unit else 1.0):.12g}")
    return int(number) if number.is_integer() else number
