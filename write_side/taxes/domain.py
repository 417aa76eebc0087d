"""Destinations, pure: one tax per country."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from shared.events.shipping import DestinationSet


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"tax_basis_points": 1900}`: 19 % tax."""

    tax_basis_points: Annotated[int, Meta(ge=0, le=10_000)]


class Destination(Struct, frozen=True):
    """A country that orders may go to. `rates`: what shipping cost there before there were zones."""

    id: UUID
    country: str
    tax_basis_points: int
    rates: dict[str, int]
    version: int


# Standard rates as of this writing; a shop sets its own by PUT /v1/destinations/{country}.
SEED = {
    "AT": Terms(2000),
    "BE": Terms(2100),
    "CH": Terms(810),
    "CZ": Terms(2100),
    "DE": Terms(1900),
    "DK": Terms(2500),
    "ES": Terms(2100),
    "FR": Terms(2000),
    "GB": Terms(2000),
    "IE": Terms(2300),
    "IT": Terms(2200),
    "NL": Terms(2100),
    "PL": Terms(2300),
    "SE": Terms(2500),
    "US": Terms(0),
}


def set_terms(
    existing: Destination | None, country: str, terms: Terms, destination_id: UUID
) -> DestinationSet | None:
    """The event of new terms, None if they are the present ones."""
    if existing is not None and existing.tax_basis_points == terms.tax_basis_points:
        return None
    known_id = existing.id if existing is not None else destination_id
    return DestinationSet(known_id, country, terms.tax_basis_points, {})


def evolve(event: DestinationSet, version: int) -> Destination:
    """A destination after an event, which says all of it."""
    return Destination(event.destination_id, event.country, event.tax_basis_points, event.rates, version)
