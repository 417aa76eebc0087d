"""What types, their attributes and listed values are called in other languages, pure.

An attribute has one name in a language in all types, since a facet has one heading. So what one type tells holds for
all, and no order of types decides anything.
"""

from collections.abc import Collection, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from shared.events.product_types import AttributeTranslation, ProductTypeTranslation
from shared.locales import MOST as LOCALES
from shared.locales import is_locale
from shared.names import kept_name

Label = Annotated[str, Meta(max_length=200)]


class AttributeTranslationInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Größe", "values": {"S": "klein"}}`; what is left out is called as in the next best language."""

    name: Label = ""
    values: dict[str, Label] = {}


class ProductTypeTranslationInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Leuchte"}`; without a name it is called as in the next best language."""

    name: Label = ""


def misnamed(locales: Collection[str]) -> tuple[str, str] | None:
    """What is wrong with the names of languages that something is told in, and which of them it is ("": all)."""
    if len(locales) > LOCALES:
        return f"{len(locales)} languages, {LOCALES} at most", ""
    wrong = next((locale for locale in locales if not is_locale(locale)), None)
    return None if wrong is None else ("a language is named as in de, de-AT or zh-Hant-TW", wrong)


def mistake(given: Mapping[str, AttributeTranslationInput], listed: Collection[str]) -> tuple[str, str] | None:
    """What is wrong with translations of an attribute that lists these values, and in which language ("": in all)."""
    if wrong := misnamed(given):
        return wrong
    for locale, said in given.items():
        if unlisted := next((value for value in said.values if value.strip() not in listed), None):
            return f"only listed values are called otherwise, and {unlisted[:80]!r} is none", locale
    return None


def translated(given: Mapping[str, AttributeTranslationInput]) -> dict[str, AttributeTranslation]:
    """As they are kept: what says nothing is left out."""
    made = {locale: _translation(said) for locale, said in given.items()}
    return {locale: told for locale, told in made.items() if told != AttributeTranslation()}


def called(given: Mapping[str, ProductTypeTranslationInput]) -> dict[str, ProductTypeTranslation]:
    """What a type is called, as it is kept."""
    names = {locale: kept_name(said.name) for locale, said in given.items()}
    return {locale: ProductTypeTranslation(name) for locale, name in names.items() if name}


def _translation(said: AttributeTranslationInput) -> AttributeTranslation:
    labels = {value.strip(): kept_name(label) for value, label in said.values.items()}
    return AttributeTranslation(kept_name(said.name), {value: label for value, label in labels.items() if label})


def contradiction(
    one: Mapping[str, AttributeTranslation], other: Mapping[str, AttributeTranslation]
) -> tuple[str, str] | None:
    """A language in which the attribute, or a value of it, has two names, and the other's; None if there is none."""
    for locale, told in one.items():
        here, there = _names(told), _names(other.get(locale, AttributeTranslation()))
        if differing := [there[name] for name in here if there.get(name, here[name]) != here[name]]:
            return locale, differing[0]
    return None


def _names(told: AttributeTranslation) -> dict[str, str]:
    """What is called how; under "", which no value is, the attribute itself."""
    return told.values | ({"": told.name} if told.name else {})
