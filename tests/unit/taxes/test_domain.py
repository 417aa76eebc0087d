"""Destinations."""

from uuid import UUID

from write_side.taxes import domain
from write_side.taxes.domain import SEED, Destination, Terms

ID = UUID(int=1)


def test_the_present_terms_are_no_event() -> None:
    assert domain.set_terms(Destination(ID, "DE", 1900, {}, 1), "DE", Terms(1900), ID) is None


def test_the_first_destinations_are_those_of_the_first_zones() -> None:
    from write_side.shipping.seeds import ZONES

    assert {place.country for zone in ZONES.values() for place in zone.places} == SEED.keys()
