"""What tax an order pays by where it goes: what other contexts may ask of it."""

from write_side.taxes.domain import Destination
from write_side.taxes.handlers import flat_rates, seed
from write_side.taxes.store import find_destination

__all__ = ["Destination", "find_destination", "flat_rates", "seed"]
