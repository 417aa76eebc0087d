"""Orders: what other contexts may ask of them."""

from write_side.orders.domain import Order
from write_side.orders.handlers import OrderState, find_state
from write_side.orders.refusals import AlreadyPaid, OrderTokenRequired, UnknownOrder, WrongOrderToken
from write_side.orders.settling import close_expired, finish_closing, learn
from write_side.orders.store import find_order

__all__ = [
    "AlreadyPaid", "Order", "OrderState", "OrderTokenRequired", "UnknownOrder", "WrongOrderToken", "close_expired",
    "find_order", "find_state", "finish_closing", "learn",
]  # fmt: skip
