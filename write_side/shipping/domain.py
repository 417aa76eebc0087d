"""Shipping zones, pure: which zone a place lies in, what sending costs there, and which zones may be set.

The zone that names a place most closely is the one that holds: by the longest beginning of its postcode, else by its
region, else by its country. No two may name the same place in the same words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, structs

from shared.events.orders import Shipping
from shared.events.shipping import Bracket, Method, Place, ZoneSet
from shared.money import EXPONENTS, MinorUnits, is_known
from write_side.errors import Invalid, Refusal

HEAVIEST = 10**9  # grams
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$", description="ISO 3166-1 alpha-2", examples=["DE"])]
CODE = r"^[a-z0-9][a-z0-9-]{0,39}(?!\n)$"
Code = Annotated[str, Meta(pattern=CODE, examples=["europe"])]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Days = Annotated[int, Meta(ge=0, le=365)]
Part = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,20}(?!\n)$")]


class UnknownDestination(Refusal):
    """Nothing is shipped to this place, or not in this currency, or nothing of this weight or value."""

    status = 422
    code = "unknown_destination"


class UnknownShippingMethod(Invalid):
    """What is asked for is not sent so to this address; `methods` says how it is."""

    code = "unknown_shipping_method"


class BrokenZone(Invalid):
    """A code stands twice, a bracket can never hold, or days run backwards."""

    code = "broken_zone"


class PlaceTaken(Refusal):
    """Another zone names this place in the same words."""

    code = "place_taken"


class UnknownCurrency(Invalid):
    """No such currency."""

    code = "unknown_currency"


class PlaceInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"country": "ES", "postcodes": ["35", "38"]}`: the Canary Islands. Without parts it is the whole country."""

    country: Country
    regions: Annotated[list[Part], Meta(max_length=200)] = []
    postcodes: Annotated[list[Part], Meta(max_length=1000)] = []


class BracketInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"up_to_grams": 5000, "price_minor": 490}`; a bound that is left out is none."""

    price_minor: MinorUnits
    up_to_grams: Annotated[int, Meta(ge=0, le=HEAVIEST)] | None = None
    up_to_minor: MinorUnits | None = None


Brackets = Annotated[list[BracketInput], Meta(min_length=1, max_length=100)]


class MethodInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"code": "standard", "name": "Parcel", "prices": {"EUR": [{"price_minor": 490}]}, "free_from": {"EUR": 50}}`."""

    code: Code
    name: Name
    prices: Annotated[dict[str, Brackets], Meta(min_length=1, max_length=len(EXPONENTS))]
    free_from: Annotated[dict[str, MinorUnits], Meta(max_length=len(EXPONENTS))] = {}
    min_days: Days | None = None
    max_days: Days | None = None
    tax_included: bool = False


class ZoneInput(Struct, frozen=True, forbid_unknown_fields=True):
    """All that is said of a zone. Without places it holds nowhere; without methods nothing goes there."""

    name: Name
    places: Annotated[list[PlaceInput], Meta(max_length=300)]
    methods: Annotated[list[MethodInput], Meta(max_length=20)]


class Zone(Struct, frozen=True):
    """Places, and how what goes there is sent."""

    id: UUID
    code: str
    name: str
    places: list[Place]
    methods: list[Method]
    version: int


class Parcel(Struct, frozen=True):
    """What is to be sent: where to (region and postcode may be empty), what it weighs, and what the goods cost after
    promotions, in minor units of a currency."""

    country: str
    region: str
    postcode: str
    currency: str
    grams: int
    value_minor: int


# --- what sending costs ----------------------------------------------------------------------------------------------


def options(zones: Iterable[Zone], parcel: Parcel) -> list[Shipping]:
    """How a parcel can be sent, the cheapest first; none where nothing goes."""
    zone = zone_of(zones, parcel.country, parcel.region, parcel.postcode)
    if zone is None:
        return []
    found = [
        Shipping(
            method.code, method.name, price, zone.code, method.min_days, method.max_days, method.tax_included,
            from_value(method, parcel, price),
        )
        for method in zone.methods
        if (price := price_of(method, parcel)) is not None
    ]  # fmt: skip
    return sorted(found, key=lambda option: option.price_minor)


def price_of(method: Method, parcel: Parcel) -> int | None:
    """What it costs so, None if it isn't sent so."""
    brackets = method.prices.get(parcel.currency, [])
    fitting = next((bracket for bracket in brackets if _fits(bracket, parcel)), None)
    if fitting is None:
        return None
    free_from = method.free_from.get(parcel.currency)
    return 0 if free_from is not None and parcel.value_minor >= free_from else fitting.price_minor


def from_value(method: Method, parcel: Parcel, price_minor: int) -> int:
    """From what value of the goods on it costs no more than this: with less of them it would be dearer, or not sent so.
    0 where it is cheap whatever they come to."""
    bounds = {bracket.up_to_minor + 1 for bracket in method.prices[parcel.currency] if bracket.up_to_minor is not None}
    bounds.add(method.free_from.get(parcel.currency, 0))
    for bound in sorted((each for each in bounds if 0 < each <= parcel.value_minor), reverse=True):
        below = price_of(method, structs.replace(parcel, value_minor=bound - 1))
        if below is None or below > price_minor:
            return bound
    return 0


def _fits(bracket: Bracket, parcel: Parcel) -> bool:
    return not (
        (bracket.up_to_grams is not None and parcel.grams > bracket.up_to_grams)
        or (bracket.up_to_minor is not None and parcel.value_minor > bracket.up_to_minor)
    )


def zone_of(zones: Iterable[Zone], country: str, region: str, postcode: str) -> Zone | None:
    """The zone that names this place most closely."""
    named = ((closeness(place, country, region, postcode), zone) for zone in zones for place in zone.places)
    best = max(named, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] else None


def closeness(place: Place, country: str, region: str, postcode: str) -> int:
    """How closely a place names this one: 0 not at all, 1 the country, 2 the region, more by the postcode."""
    if place.country != country:
        return 0
    compact = compacted(postcode)
    fitting = [len(start) + 2 for start in place.postcodes if compact.startswith(start)]
    if region and compacted(region) in place.regions:
        fitting.append(2)
    return max(fitting, default=0) if place.postcodes or place.regions else 1


def compacted(text: str) -> str:
    """As regions and postcodes are compared: capital letters and digits alone."""
    return "".join(character for character in text.upper() if character.isalnum())


def chosen(options: Sequence[Shipping], wanted: str | None, parcel: Parcel) -> Shipping:
    """The one that is wanted, else the cheapest; raises `UnknownDestination`, `UnknownShippingMethod`."""
    if not options:
        place = " ".join(filter(None, (parcel.country, parcel.region, parcel.postcode)))
        raise UnknownDestination(
            f"this is not sent to {place} in {parcel.currency}", country=parcel.country, currency=parcel.currency,
            pointer="/address/country",
        )  # fmt: skip
    found = options[0] if wanted is None else next((each for each in options if each.method == wanted), None)
    if found is None:
        methods = [option.method for option in options]
        detail = f"it is not sent by {wanted}, but by {', '.join(methods)}"
        raise UnknownShippingMethod(detail, methods=methods, pointer="/shipping_method")
    return found


def is_code(text: str) -> bool:
    """Whether a zone may be called so."""
    return re.match(CODE, text) is not None


# --- which zones may be set ------------------------------------------------------------------------------------------


def set_zone(zones: Sequence[Zone], code: str, said: ZoneInput, zone_id: UUID) -> ZoneSet | None:
    """The event of a new or changed zone, None if it is so already; raises `BrokenZone`, `PlaceTaken`,
    `UnknownCurrency`."""
    existing = next((zone for zone in zones if zone.code == code), None)
    places = msgspec.convert(msgspec.to_builtins(said.places), list[Place])
    methods = msgspec.convert(msgspec.to_builtins(said.methods), list[Method])
    _check_methods(methods)
    _check_places(places, [zone for zone in zones if zone.code != code])
    event = ZoneSet(existing.id if existing else zone_id, code, said.name.strip(), places, methods)
    return None if existing is not None and evolve(event, existing.version) == existing else event


def _check_methods(methods: Sequence[Method]) -> None:
    seen: set[str] = set()
    for n, method in enumerate(methods):
        pointer = f"/methods/{n}"
        if method.code in seen:
            raise BrokenZone(f"{method.code} stands twice", pointer=f"{pointer}/code")
        seen.add(method.code)
        for currency in [*method.prices, *method.free_from]:
            if not is_known(currency):
                raise UnknownCurrency(f"{currency[:40]} is no currency we know", pointer=f"{pointer}/prices")
        if method.min_days is not None and method.max_days is not None and method.min_days > method.max_days:
            raise BrokenZone("it takes at least longer than at most", pointer=f"{pointer}/min_days")
        for currency, brackets in method.prices.items():
            _check_brackets(brackets, f"{pointer}/prices/{currency}")


def _check_brackets(brackets: Sequence[Bracket], pointer: str) -> None:
    for n, bracket in enumerate(brackets):
        if any(_covers(earlier, bracket) for earlier in brackets[:n]):
            raise BrokenZone("a bracket before it holds for all that this one is for", pointer=f"{pointer}/{n}")


def _covers(one: Bracket, other: Bracket) -> bool:
    return _reaches(one.up_to_grams, other.up_to_grams) and _reaches(one.up_to_minor, other.up_to_minor)


def _reaches(bound: int | None, other: int | None) -> bool:
    return bound is None or (other is not None and bound >= other)


def _check_places(places: Sequence[Place], others: Sequence[Zone]) -> None:
    taken = {words: zone.code for zone in others for place in zone.places for words in _words(place)}
    for n, place in enumerate(places):
        for words in _words(place):
            if words in taken:
                named = " ".join(filter(None, words))
                raise PlaceTaken(f"{named} is in {taken[words]}", pointer=f"/places/{n}", zone=taken[words])


def _words(place: Place) -> Iterator[tuple[str, str, str]]:
    yield from ((place.country, region, "") for region in place.regions)
    yield from ((place.country, "", start) for start in place.postcodes)
    if not place.regions and not place.postcodes:
        yield place.country, "", ""


def evolve(event: ZoneSet, version: int) -> Zone:
    """A zone after an event, which says all of it."""
    return Zone(event.zone_id, event.code, event.name, event.places, event.methods, version)
