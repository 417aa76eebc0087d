"""Refunds: what other contexts may ask of them.

In reading order: routes.py (what comes in), handlers.py (`request_refund`, and `learn` for the provider's word),
domain.py (the decisions), steps.py (the worker asks Stripe). Refunds know orders; orders ask of refunds by SQL alone.
"""

from write_side.refunds.domain import (
    NewRefund,
    NothingToRefund,
    Refund,
    RefundExceedsCaptured,
    RefundExceedsOrder,
    resent,
    unrefunded,
    withheld,
)
from write_side.refunds.handlers import learn, request_within
from write_side.refunds.store import alarms, find, of_order, retry_alarmed

__all__ = [
    "NewRefund", "NothingToRefund", "Refund", "RefundExceedsCaptured", "RefundExceedsOrder", "alarms", "find", "learn",
    "of_order", "request_within", "resent", "retry_alarmed", "unrefunded", "withheld",
]  # fmt: skip
