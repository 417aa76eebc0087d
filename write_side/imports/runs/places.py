"""A product's facts, and a variant's own prices, as places by name: what two moments differ in. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, structs

from shared.events.catalog import AttributeValue, ProductFacts
from write_side.imports.runs.domain import PlaceChanged

Places = Mapping[str, Any]  # `/name`, `/attributes/watts`, `/prices/LAMP/EUR` → what stands there

GONE = object()  # nothing does
ATTRIBUTES, RELATED = "/attributes/", "/related/"


def of_facts(facts: ProductFacts) -> dict[str, Any]:
    """Each field is a place, each attribute, and each kind of related products."""
    said = structs.asdict(facts)
    fields = {f"/{name}": value for name, value in said.items() if name not in ("attributes", "related")}
    fields |= {f"{ATTRIBUTES}{key}": value for key, value in facts.attributes.items()}
    return fields | {f"{RELATED}{kind}": products for kind, products in facts.related.items()}


def of_prices(sku: str, prices: Mapping[str, int]) -> dict[str, int]:
    """Each currency is a place."""
    return {f"/prices/{sku}/{currency}": amount for currency, amount in prices.items()}


def differing(before: Places, after: Places) -> list[str]:
    """The places at which something else stands, before's first."""
    places = [*before, *(place for place in after if place not in before)]
    return [place for place in places if before.get(place, GONE) != after.get(place, GONE)]


def changed(before: Places, after: Places) -> list[PlaceChanged]:
    """The same places, with what stood there and what does."""
    pairs = [(place, before.get(place, GONE), after.get(place, GONE)) for place in differing(before, after)]
    return [PlaceChanged(place, told(old), told(new)) for place, old, new in pairs]


def told(value: Any) -> Any:
    """What stands at a place, as it is told: null where nothing does."""
    return None if value is GONE or value is UNSET else value


def with_places(facts: ProductFacts, wanted: Places, order: Mapping[str, AttributeValue]) -> ProductFacts:
    """The facts with this at these places; the attributes in the order of those, and behind them the others."""
    fields = {place[1:]: value for place, value in wanted.items() if not place.startswith((ATTRIBUTES, RELATED))}
    merged = _merged(facts.attributes, wanted, ATTRIBUTES)
    attributes = {key: merged[key] for key in order if key in merged} | merged
    return structs.replace(facts, attributes=attributes, related=_merged(facts.related, wanted, RELATED), **fields)


def _merged(there: Mapping[str, Any], wanted: Places, prefix: str) -> dict[str, Any]:
    said = {place.removeprefix(prefix): value for place, value in wanted.items() if place.startswith(prefix)}
    return {key: value for key, value in {**there, **said}.items() if value is not GONE}
