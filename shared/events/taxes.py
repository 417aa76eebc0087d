"""Which taxes a country asks. Aggregate: `destination` (one per country, key `destination:<country>`).

Its history may begin with `shipping.destination_set.v1`.
"""

from typing import Literal
from uuid import UUID

from msgspec import Struct

ShippingTaxed = Literal["standard", "goods", "none"]


class Tax(Struct, frozen=True):
    """A tax, such as VAT. `rates`: tax class → parts per million (190000 is 19 %); `standard` is among them."""

    name: str
    rates: dict[str, int]


class TaxRules(Struct, frozen=True, omit_defaults=True):
    """All taxes of a place, each on the price without tax; whether shipping is taxed as standard, like the goods, or
    not at all; and whether duties and import taxes are the recipient's to pay at the door."""

    taxes: list[Tax]
    shipping: ShippingTaxed = "standard"
    duties_due: bool = False


class TaxArea(Struct, frozen=True, omit_defaults=True):
    """The part of a country with one of these regions, or of these beginnings of a postcode, and its own rules."""

    rules: TaxRules
    regions: list[str] = []
    postcodes: list[str] = []


class TaxesSet(Struct, frozen=True, omit_defaults=True, tag="taxes.taxes_set.v1"):
    """From now on this is what orders to a country pay: all that is said of it."""

    destination_id: UUID
    country: str
    rules: TaxRules
    areas: list[TaxArea] = []
