"""Which warehouses are near to where an order goes, pure and without asking anybody.

A warehouse comes first where it is said to serve the place, by country or, more closely, by how its postcode begins.
The others come by their distance from the middle of the country: from where they are, or from the middle of theirs.
"""

from collections.abc import Iterable, Sequence
from math import asin, cos, inf, radians, sin, sqrt
from typing import Annotated

from msgspec import Meta, Struct

from shared.events.inventory import ServedPlace, WarehouseLocated
from write_side.errors import Invalid
from write_side.inventory.countries import MIDDLES
from write_side.inventory.warehouses.domain import Warehouse

EARTH_KM = 6371.0
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$", description="ISO 3166-1 alpha-2", examples=["DE"])]
Start = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,20}(?!\n)$")]


class ServedInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"country": "DE", "postcodes": ["8", "9"]}`: by how they begin; without any it is the whole country."""

    country: Country
    postcodes: Annotated[list[Start], Meta(max_length=1000)] = []


class LocateWarehouse(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"latitude": 48.1, "longitude": 11.6, "serves": [{"country": "AT"}]}`; without coordinates it lies in the middle
    of its country."""

    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    serves: Annotated[list[ServedInput], Meta(max_length=300)] = []


def locate(warehouse: Warehouse, command: LocateWarehouse) -> WarehouseLocated | None:
    """The event, or None where it is said so already; raises `Invalid` for half of a place."""
    if (command.latitude is None) != (command.longitude is None):
        raise Invalid("a place has a latitude and a longitude", pointer="/longitude")
    serves = [ServedPlace(place.country, place.postcodes) for place in command.serves]
    if (warehouse.latitude, warehouse.longitude, warehouse.serves) == (command.latitude, command.longitude, serves):
        return None
    return WarehouseLocated(warehouse.id, warehouse.code, command.latitude, command.longitude, serves)


def by_nearness(warehouses: Iterable[Warehouse], country: str, postcode: str) -> list[str]:
    """The codes of warehouses (given in the order in which they ship), the nearest to an address first. Those of which
    nothing is known come last."""
    ranked = sorted(warehouses, key=lambda each: (-_served(each.serves, country, postcode), _distance(each, country)))
    return [warehouse.code for warehouse in ranked]


def _served(places: Sequence[ServedPlace], country: str, postcode: str) -> int:
    """How closely a warehouse's places name an address: 0 not at all, 1 by country, more by its postcode."""
    compact = "".join(character for character in postcode.upper() if character.isalnum())
    named = [
        1 + max((len(start) for start in place.postcodes if compact.startswith(start)), default=0)
        for place in places
        if place.country == country and (not place.postcodes or compact.startswith(tuple(place.postcodes)))
    ]
    return max(named, default=0)


def _distance(warehouse: Warehouse, country: str) -> float:
    there = MIDDLES.get(country)
    here = MIDDLES.get(warehouse.country)
    if warehouse.latitude is not None and warehouse.longitude is not None:
        here = (warehouse.latitude, warehouse.longitude)
    return inf if here is None or there is None else kilometres(here, there)


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """As the crow flies, between two points of (latitude, longitude) in degrees."""
    (north, east), (other_north, other_east) = (map(radians, one), map(radians, other))
    way = sin((other_north - north) / 2) ** 2
    way += cos(north) * cos(other_north) * sin((other_east - east) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(way, 1.0)))
