"""Where orders may go, and what that costs: what other contexts may ask of it."""

from write_side.shipping.domain import Destination, UnknownDestination
from write_side.shipping.handlers import seed
from write_side.shipping.store import find_destination

__all__ = ["Destination", "UnknownDestination", "find_destination", "seed"]
