"""What happened to destinations and shipping zones.

Aggregates: `destination` (one per country, key `destination:<country>`; what it is now says `shared.events.taxes`),
`shipping_zone` (key `shipping_zone:<code>`).
"""

from uuid import UUID

from msgspec import Struct


class DestinationSet(Struct, frozen=True, tag="shipping.destination_set.v1"):
    """From now on an order to this country pays this tax. Not written any more: `taxes.taxes_set.v1` took its place."""

    destination_id: UUID
    country: str
    tax_basis_points: int
    rates: dict[str, int]  # currency → minor units: what shipping cost before there were zones, empty since


class Place(Struct, frozen=True, omit_defaults=True):
    """A country, or the part of it with one of these regions, or of these beginnings of a postcode."""

    country: str
    regions: list[str] = []
    postcodes: list[str] = []


class Bracket(Struct, frozen=True, omit_defaults=True):
    """What it costs, up to a weight and up to a value of the goods, both included. Minor units of its currency."""

    price_minor: int
    up_to_grams: int | None = None
    up_to_minor: int | None = None


class Method(Struct, frozen=True, omit_defaults=True):
    """A way of sending. Of the brackets of a currency the first that fits holds; what fits none is not sent so."""

    code: str
    name: str
    prices: dict[str, list[Bracket]]
    free_from: dict[str, int] = {}  # currency → value of the goods from which on it costs nothing
    min_days: int | None = None
    max_days: int | None = None
    tax_included: bool = False  # in its prices


class ZoneSet(Struct, frozen=True, tag="shipping.zone_set.v1"):
    """From now on this is how what goes to these places is sent: the whole of a zone's facts."""

    zone_id: UUID
    code: str
    name: str
    places: list[Place]
    methods: list[Method]


ShippingEvent = DestinationSet | ZoneSet
