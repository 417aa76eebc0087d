"""Refunds over HTTP, for staff."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.params import FromPath, JSONBody

from shared.http.described import refuses
from write_side.errors import Invalid
from write_side.http import Answered, IdempotencyKey, answered, cause, idempotent, requires
from write_side.orders import UnknownOrder
from write_side.refunds import handlers
from write_side.refunds.domain import (
    DroppedUnpaid,
    NewRefund,
    NotCaptured,
    NothingToRefund,
    RefundedAsAWhole,
    RefundExceedsCaptured,
    RefundExceedsOrder,
)
from write_side.refunds.handlers import RefundState
from write_side.refunds.releasing import AlreadyCaptured, NotAuthorized, NothingLeftToCapture, NotReleasable
from write_side.resources import Own

Call = Request[Any, Any, Any]


@post("/v1/orders/{order_id:uuid}/refunds", status_code=201, guards=[requires("refunds:write")])
@refuses(
    UnknownOrder, NotCaptured, RefundedAsAWhole, RefundExceedsCaptured, RefundExceedsOrder, DroppedUnpaid,
    NothingToRefund, Invalid,
)  # fmt: skip
async def post_refund(
    request: Call, order_id: FromPath[UUID], data: JSONBody[NewRefund], own: Own, key: IdempotencyKey = None,
) -> Answered[RefundState]:  # fmt: skip
    """Give money back: an amount, some lines, the shipping, or all that is left. Never more than was captured.

    The provider is asked a moment later; the order's status tells how it went. A refund that failed counts no more.
    """
    call = idempotent(request, key, data)
    return answered(request, await handlers.request_refund(own.pool, order_id, data, cause(request), call), 201)


@post("/v1/orders/{order_id:uuid}/releases", status_code=201, guards=[requires("refunds:write")])
@refuses(
    UnknownOrder, NotAuthorized, AlreadyCaptured, NotReleasable, NothingLeftToCapture, RefundExceedsOrder,
    NothingToRefund, Invalid,
)
async def post_payment_release(
    request: Call, order_id: FromPath[UUID], data: JSONBody[NewRefund], own: Own, key: IdempotencyKey = None,
) -> Answered[RefundState]:  # fmt: skip
    """Capture less than was authorized, by an amount or by lines that can't be shipped; before the capture only.

    What is released counts like a refund that is done; the customer is told.
    """
    call = idempotent(request, key, data)
    return answered(request, await handlers.release(own.pool, order_id, data, cause(request), call), 201)


routes = [post_refund, post_payment_release]
