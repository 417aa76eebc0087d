"""Orders: what other contexts may ask of them.

How one is placed, in reading order: routes.py (what comes in), handlers.py (`issue_quote`, `place_order`), domain.py
(the decisions), store.py, and schema/functions/orders.sql (what only the rows can say). How it ends: settling.py (facts
about its payment, cancelling, expiring) and verdicts.py (who wins which race).
"""

from write_side.orders.domain import Order
from write_side.orders.handlers import OrderState, find_state
from write_side.orders.refusals import AlreadyPaid, OrderTokenRequired, UnknownOrder, WrongOrderToken
from write_side.orders.settling import close_expired, finish_closing, learn
from write_side.orders.store import find_order

__all__ = [
    "AlreadyPaid", "Order", "OrderState", "OrderTokenRequired", "UnknownOrder", "WrongOrderToken", "close_expired",
    "find_order", "find_state", "finish_closing", "learn",
]  # fmt: skip
