"""Product types: one document, kept decoded for as long as it stays the same."""

import contextlib
import time
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct, structs
from redis.exceptions import RedisError

from read_side.answers import Answer, catalog_kept
from read_side.documents import Documents, Found
from shared.documents.product_types import MODEL, THE_ONE, ProductType, ProductTypes
from shared.events.product_types import Attribute, AttributeKind, AttributeTranslation
from shared.http.problems import Problem
from shared.locales import Locales, best
from shared.position import Position
from shared.shards import PRODUCT_TYPES

KEPT_SECONDS = 1.0
_types = msgspec.json.Decoder(ProductTypes)

Called = Mapping[str, AttributeTranslation]  # attribute → what it and its values are called, if otherwise


class ShownAttribute(Struct, frozen=True, omit_defaults=True):
    """An attribute that products of a type have. `label`: what it is called in the language asked for, and `labels`
    what values are; left out where that is as they are. Filters take `name` and values as they are in every language.
    """

    name: str
    kind: AttributeKind = "text"
    unit: str = ""
    required: bool = False
    values: list[str] = []
    label: str = ""
    labels: dict[str, str] = {}


class ShownType(Struct, frozen=True, omit_defaults=True):
    """A type as products name it, and the attributes that its products have, in the merchant's order. `label`: what it
    is called in the language asked for; left out where that is as products name it."""

    name: str
    attributes: list[ShownAttribute]
    label: str = ""


class ShownTypes(Struct, frozen=True):
    """All types in force, by name."""

    types: list[ShownType]


class Declared:
    """The types in the forms that queries need."""

    def __init__(self, document: ProductTypes, etag: str = "") -> None:
        self.etag = etag
        self.by_name: Mapping[str, Attribute] = _by_name(document.types)
        self._document = document
        self._called: dict[Locales, Called] = {}
        self._labels: dict[Locales, Mapping[str, str]] = {}
        self._answers: dict[Locales, Answer[ShownTypes]] = {}

    def called(self, locales: Locales) -> Called:
        """Attributes that are called otherwise in these languages, the best first: each part in the best that tells."""
        if locales not in self._called:
            self._called[locales] = {
                name: told for name, attribute in self.by_name.items() if (told := _best(attribute, locales))
            }
        return self._called[locales]

    def labels(self, locales: Locales) -> Mapping[str, str]:
        """Types that are called otherwise in these languages, and what in the best of them."""
        if locales not in self._labels:
            named = {each.name: best(each.names, locales, each.name) for each in self._document.types}
            self._labels[locales] = {name: label for name, label in named.items() if label != name}
        return self._labels[locales]

    def answer(self, locales: Locales) -> Answer[ShownTypes]:
        """All of them, in the best of these languages."""
        if locales not in self._answers:
            shown = _shown(self._document, self.called(locales), self.labels(locales))
            self._answers[locales] = Answer.made(shown, catalog_kept(locales))
        return self._answers[locales]


def _by_name(types: Iterable[ProductType]) -> dict[str, Attribute]:
    """What several types tell of an attribute is put together; none of it contradicts what another tells."""
    found: dict[str, Attribute] = {}
    for attribute in (attribute for each in types for attribute in each.attributes):
        translations = dict(attribute.translations)
        for locale, told in (found[attribute.name].translations if attribute.name in found else {}).items():
            translations[locale] = _over(told, translations.get(locale, AttributeTranslation()))
        found[attribute.name] = structs.replace(attribute, translations=translations)
    return found


def _best(attribute: Attribute, locales: Locales) -> AttributeTranslation | None:
    best = AttributeTranslation()
    for locale in reversed(locales or ()):
        if locale in attribute.translations:
            best = _over(attribute.translations[locale], best)
    return best if best != AttributeTranslation() else None


def _over(told: AttributeTranslation, otherwise: AttributeTranslation) -> AttributeTranslation:
    return AttributeTranslation(told.name or otherwise.name, otherwise.values | told.values)


def _shown(document: ProductTypes, called: Called, labels: Mapping[str, str]) -> ShownTypes:
    shown = ((each.name, [_shown_attribute(one, called) for one in each.attributes]) for each in document.types)
    return ShownTypes([ShownType(name, attributes, labels.get(name, "")) for name, attributes in shown])


def _shown_attribute(one: Attribute, called: Called) -> ShownAttribute:
    told = called.get(one.name, AttributeTranslation())
    return ShownAttribute(one.name, one.kind, one.unit, one.required, one.values, told.name, told.values)


class Types:
    """The types as last seen."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._last, self._until = Declared(ProductTypes([])), 0.0

    async def declared(self, position: Position | None = None) -> Declared:
        """What types declare, with a position as of then; while they can't be read the last ones seen."""
        if position is not None or time.monotonic() >= self._until:
            self._until = time.monotonic() + KEPT_SECONDS
            with contextlib.suppress(Problem, RedisError, OSError):
                self._keep(await self._find(position))
        return self._last

    def _keep(self, found: Found | None) -> Declared:
        if found is None:
            self._last = Declared(ProductTypes([]))
        elif found.etag != self._last.etag:
            self._last = Declared(_types.decode(found.body), found.etag)
        return self._last

    async def _find(self, position: Position | None) -> Found | None:
        return await self._documents.find(MODEL, THE_ONE, PRODUCT_TYPES, position)

    async def all(self, position: Position | None, locales: Locales = None) -> Answer[ShownTypes]:
        """All of them, attributes and values called as in the best of these languages."""
        found = await self._find(position)
        answer = self._keep(found).answer(locales)
        return structs.replace(answer, stale=found.stale) if found and found.stale else answer
