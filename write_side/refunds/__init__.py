"""Refunds: what other contexts may ask of them.

In reading order: routes.py (what comes in), handlers.py (`request_refund`, and `learn` for the provider's word),
domain.py (the decisions), steps.py (the worker asks Stripe). Refunds know orders; orders ask of refunds by SQL alone.
"""

from write_side.refunds.domain import Refund, withheld
from write_side.refunds.handlers import learn
from write_side.refunds.store import alarms, find, of_order, retry_alarmed

__all__ = ["Refund", "alarms", "find", "learn", "of_order", "retry_alarmed", "withheld"]
