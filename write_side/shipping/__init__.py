"""How orders are sent, and what that costs: what other contexts may ask of it."""

from write_side.shipping.domain import (
    Parcel,
    Part,
    UnknownDestination,
    UnknownShippingMethod,
    Zone,
    chosen,
    closeness,
    zone_of,
)
from write_side.shipping.handlers import seed
from write_side.shipping.providers import ShippingRates, ShippingUnavailable, TableRates, ask
from write_side.shipping.store import find_by_code, zones_of

__all__ = [
    "Parcel", "Part", "ShippingRates", "ShippingUnavailable", "TableRates", "UnknownDestination",
    "UnknownShippingMethod", "Zone", "ask", "chosen", "closeness", "find_by_code", "seed", "zone_of", "zones_of",
]  # fmt: skip
