"""Parcels of orders: routes.py (what comes in), handlers.py, domain.py (decisions). They know orders and refunds."""

from write_side.fulfilment.booking.domain import Booking
from write_side.fulfilment.domain import Parcel, UnshippedOrders
from write_side.fulfilment.handlers import check_shipped
from write_side.fulfilment.picking.domain import Pick
from write_side.fulfilment.store import find

__all__ = ["Booking", "Parcel", "Pick", "UnshippedOrders", "check_shipped", "find"]
