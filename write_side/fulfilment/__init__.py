"""Parcels of orders: routes.py (what comes in), handlers.py, domain.py (decisions). They know orders and refunds."""

from write_side.fulfilment.booking.carrier import Carrier, CarrierDown, CarrierRefused, Consignment, Scan
from write_side.fulfilment.booking.domain import Booking
from write_side.fulfilment.domain import Parcel, UnshippedOrders
from write_side.fulfilment.handlers import check_shipped
from write_side.fulfilment.picking.domain import Pick
from write_side.fulfilment.standing import is_paid_back
from write_side.fulfilment.store import find
from write_side.fulfilment.store import of_order as parcels_of

__all__ = [
    "Booking", "Carrier", "CarrierDown", "CarrierRefused", "Consignment", "Parcel", "Pick", "Scan",
    "UnshippedOrders", "check_shipped", "find", "is_paid_back", "parcels_of",
]  # fmt: skip
