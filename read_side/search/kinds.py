"""What kind of values an attribute has: asked of the whole shop, so that a facet is the same in every search."""

import asyncio
import re
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from read_side.product_types.queries import Called, Types
from read_side.search import elastic
from read_side.search.index import Index
from shared.events.product_types import Attribute, AttributeTranslation

Json = dict[str, Any]

KEPT_SECONDS = 60.0
MOST_KEPT = 2000  # attributes: their names come from whoever asks
MOST_NUMBERS = 100  # different ones: each is counted; of more, steps are
LEAST_NUMERIC = 0.9  # of the products that have it: else its numbers are words among others
TRUTHS = frozenset(("true", "false", "yes", "no"))
_COLOUR = re.compile(r"\b(colou?rs?|farben?|couleurs?)\b", re.IGNORECASE)


class Kind(Struct, frozen=True):
    """How an attribute is shown, and which field it is counted by. `several`: some product says more than one value, of
    numbers more than one number."""

    name: Literal["text", "boolean", "colour", "number"]
    field: Literal["facets", "numbers", "steps"] = "facets"
    unit: str = ""  # as it is declared: of numbers that tell none
    called: AttributeTranslation | None = None  # in the language that was asked for, if otherwise
    several: bool = False


TEXT = Kind("text")


def question(attributes: Sequence[str]) -> Json:
    """What tells the kinds, named by place."""
    aggs: Json = {}
    for place, attribute in enumerate(attributes):
        aggs[f"{place}/has"] = {"filter": {"exists": {"field": f"facets.{attribute}"}}}
        aggs[f"{place}/numeric"] = {"filter": {"exists": {"field": f"numbers.{attribute}"}}}
        aggs[f"{place}/numbers"] = {"terms": {"field": f"numbers.{attribute}", "size": MOST_NUMBERS}}
        aggs[f"{place}/values"] = {"terms": {"field": f"facets.{attribute}", "size": len(TRUTHS)}}
    return aggs


def told(attributes: Sequence[str], found: Json) -> dict[str, Kind]:
    """The kinds that Elasticsearch's answer tells."""
    counted = found["aggregations"]
    return {
        attribute: _kind(attribute, *(counted[f"{place}/{what}"] for what in ("has", "numeric", "numbers", "values")))
        for place, attribute in enumerate(attributes)
    }


def as_declared(kind: Kind, declared: Attribute | None) -> Kind:
    """What a merchant declared holds against what the data look like; how many numbers there are only these tell."""
    if declared is None:
        return kind
    if declared.kind == "number":
        field = kind.field if kind.name == "number" else "steps"
        return Kind("number", field, declared.unit, several=kind.several)
    return Kind(declared.kind, several=kind.several)


def _kind(attribute: str, has: Json, numeric: Json, numbers: Json, values: Json) -> Kind:
    if has["doc_count"] and numeric["doc_count"] >= LEAST_NUMERIC * has["doc_count"]:
        field: Literal["numbers", "steps"] = "steps" if numbers["sum_other_doc_count"] else "numbers"
        return Kind("number", field, several=_are_several(numbers, numeric))
    words, several = {bucket["key"].lower() for bucket in values["buckets"]}, _are_several(values, has)
    if words and words <= TRUTHS and not values["sum_other_doc_count"]:
        return Kind("boolean", several=several)
    return Kind("colour" if _COLOUR.search(attribute) else "text", several=several)


def called(kinds: Mapping[str, Kind], names: Called) -> Mapping[str, Kind]:
    """With what they are called. That isn't kept with them: unlike a kind it costs no search, and need not be old."""
    return {name: replace(kind, called=names[name]) if name in names else kind for name, kind in kinds.items()}


def _are_several(told: Json, products: Json) -> bool:
    counted: int = sum(bucket["doc_count"] for bucket in told["buckets"]) + told["sum_other_doc_count"]
    return counted > int(products["doc_count"])


class Kinds:
    """The kinds as last told, asked for anew when they are a minute old."""

    def __init__(self, index: Index, types: Types) -> None:
        self._index, self._types = index, types
        self._known: dict[str, tuple[float, Kind]] = {}
        self._asking = asyncio.Lock()  # many who miss the same are one question

    async def of(self, attributes: Collection[str]) -> Mapping[str, Kind]:
        """The kind of each; answers 503 while Elasticsearch is down."""
        if self._missing(attributes):
            async with self._asking:
                if len(self._known) > MOST_KEPT:  # before it is known what is missing: of these none may go
                    self._known.clear()
                await self._learn(self._missing(attributes))
        return {attribute: self._known[attribute][1] for attribute in attributes}

    def _missing(self, attributes: Collection[str]) -> list[str]:
        now = time.monotonic()
        return [name for name in attributes if name not in self._known or self._known[name][0] < now]

    async def _learn(self, attributes: list[str]) -> None:
        if not attributes:
            return
        shop = elastic.whole_shop(datetime.now(UTC))
        found = await self._index.search(**elastic.counting(question(attributes), shop))
        declared = (await self._types.declared()).by_name
        until = time.monotonic() + KEPT_SECONDS
        for attribute, kind in told(attributes, found).items():
            self._known[attribute] = until, as_declared(kind, declared.get(attribute))
