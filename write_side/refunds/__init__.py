"""Refunds: what other contexts may ask of them.

In reading order: routes.py (what comes in), handlers.py (`request_refund`), domain.py, requesting.py, sources.py,
releasing.py and goods.py (the decisions), steps.py (the worker asks), learning.py (`learn`: the provider's word).
Refunds know orders; orders ask of refunds by SQL alone.
"""

from write_side.refunds.again import failed_parts
from write_side.refunds.domain import (
    NewRefund,
    NothingToRefund,
    Reason,
    Refund,
    RefundExceedsCaptured,
    RefundExceedsOrder,
)
from write_side.refunds.giving import hold
from write_side.refunds.goods import added_up, resent, still_taken, stocked_by_failed, withheld
from write_side.refunds.handlers import (
    Carried,
    RefundState,
    again_within,
    carry_over,
    credit_left,
    release_within,
    request_within,
    worth,
)
from write_side.refunds.learning import learn
from write_side.refunds.releasing import AlreadyCaptured, NotAuthorized, NothingLeftToCapture, NotReleasable
from write_side.refunds.requesting import cover, shipping_cost, shipping_kept, unrefunded
from write_side.refunds.store import alarms, find, given_among, of_order, retry_alarmed

__all__ = [
    "AlreadyCaptured", "Carried", "NewRefund", "NotAuthorized", "NotReleasable", "NothingLeftToCapture",
    "NothingToRefund", "Reason", "Refund", "RefundExceedsCaptured", "RefundExceedsOrder", "RefundState", "added_up",
    "again_within", "alarms", "carry_over", "cover", "credit_left", "failed_parts", "find", "given_among", "hold",
    "learn", "of_order", "release_within", "request_within", "resent", "retry_alarmed", "shipping_cost",
    "shipping_kept", "still_taken", "stocked_by_failed", "unrefunded", "withheld", "worth",
]  # fmt: skip
