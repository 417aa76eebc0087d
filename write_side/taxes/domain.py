"""The taxes of countries, pure: which may be set, and whose rules hold at a place.

The area of a country that names a place most closely holds, as with shipping zones; where none does, the country's own.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from shared.events.shipping import DestinationSet, Place
from shared.events.taxes import ShippingTaxed, Tax, TaxArea, TaxesSet, TaxRules
from write_side.catalog import TAX_CLASS
from write_side.errors import Invalid
from write_side.shipping import Part, closeness
from write_side.taxes.computing import STANDARD, WHOLE

Rate = Annotated[int, Meta(ge=0, le=WHOLE, description="parts per million: 190000 is 19 %")]
Rates = Annotated[dict[Annotated[str, Meta(pattern=TAX_CLASS)], Rate], Meta(min_length=1, max_length=50)]


class BrokenTaxes(Invalid):
    """A tax without a standard rate, or twice; an area that names no part of the country, or one that another names."""

    code = "broken_taxes"


class TaxInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "VAT", "rates": {"standard": 190000, "reduced": 70000}}`: 19 % and 7 %."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    rates: Rates


TaxInputs = Annotated[list[TaxInput], Meta(max_length=10)]


class AreaInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"regions": ["QC"], "taxes": [{"name": "GST", "rates": {"standard": 50000}}]}`; what it doesn't say is none."""

    taxes: TaxInputs
    regions: Annotated[list[Part], Meta(max_length=200)] = []
    postcodes: Annotated[list[Part], Meta(max_length=1000)] = []
    shipping: ShippingTaxed = "standard"
    duties_due: bool = False


class TaxesInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"taxes": [{"name": "VAT", "rates": {"standard": 190000, "reduced": 70000}}], "shipping": "goods"}`."""

    taxes: TaxInputs
    areas: Annotated[list[AreaInput], Meta(max_length=200)] = []
    shipping: ShippingTaxed = "standard"
    duties_due: bool = False


class Destination(Struct, frozen=True):
    """A country that orders may go to. `rates`: what shipping cost there before there were zones."""

    id: UUID
    country: str
    rules: TaxRules
    areas: list[TaxArea]
    rates: dict[str, int]
    version: int


def rules_at(destination: Destination, region: str, postcode: str) -> TaxRules:
    """The rules of the area that names this place most closely, else the country's."""
    country = destination.country
    named = [
        (closeness(Place(country, area.regions, area.postcodes), country, region, postcode), area.rules)
        for area in destination.areas
    ]
    best = max(named, key=lambda pair: pair[0], default=(0, destination.rules))
    return best[1] if best[0] else destination.rules


def set_taxes(existing: Destination | None, country: str, said: TaxesInput, destination_id: UUID) -> TaxesSet | None:
    """The event of new rules, None if they are the present ones; raises `BrokenTaxes`."""
    _check_taxes(said.taxes, "/taxes")
    for n, area in enumerate(said.areas):
        _check_taxes(area.taxes, f"/areas/{n}/taxes")
    _check_areas(said.areas)
    areas = [TaxArea(_rules(area), list(area.regions), list(area.postcodes)) for area in said.areas]
    event = TaxesSet(existing.id if existing else destination_id, country, _rules(said), areas)
    return None if existing and (existing.rules, existing.areas) == (event.rules, event.areas) else event


def _rules(said: TaxesInput | AreaInput) -> TaxRules:
    return TaxRules([Tax(tax.name.strip(), tax.rates) for tax in said.taxes], said.shipping, said.duties_due)


def _check_taxes(taxes: Sequence[TaxInput], pointer: str) -> None:
    seen: set[str] = set()
    for n, tax in enumerate(taxes):
        name = tax.name.strip()
        if not name or not name.isprintable() or name in seen:
            raise BrokenTaxes("a tax has a name of its own", pointer=f"{pointer}/{n}/name")
        if STANDARD not in tax.rates:
            raise BrokenTaxes("what no other rate is for pays the standard one", pointer=f"{pointer}/{n}/rates")
        seen.add(name)


def _check_areas(areas: Sequence[AreaInput]) -> None:
    seen: set[tuple[str, str]] = set()
    for n, area in enumerate(areas):
        named = list(_named(area))
        if not named:
            raise BrokenTaxes("an area is some regions or postcodes", pointer=f"/areas/{n}")
        for words in named:
            if words in seen:
                raise BrokenTaxes(f"{words[1]} is in another area", pointer=f"/areas/{n}")
        seen.update(named)


def _named(area: AreaInput) -> Iterator[tuple[str, str]]:
    yield from (("region", region) for region in area.regions)
    yield from (("postcode", start) for start in area.postcodes)


def evolve(destination: Destination | None, event: DestinationSet | TaxesSet, version: int) -> Destination:
    """A destination after an event, which says all of it but what shipping cost once."""
    if isinstance(event, TaxesSet):
        rates = destination.rates if destination else {}
        return Destination(event.destination_id, event.country, event.rules, event.areas, rates, version)
    rules = TaxRules([Tax("Tax", {STANDARD: event.tax_basis_points * 100})] if event.tax_basis_points else [])
    return Destination(event.destination_id, event.country, rules, [], event.rates, version)
