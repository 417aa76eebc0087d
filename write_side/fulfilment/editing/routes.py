"""Edits over HTTP, for customers and staff."""

from typing import Any
from uuid import UUID

from litestar import Request, post, put
from litestar.params import FromPath, JSONBody

from shared.http.described import refuses
from shared.http.problems import MISSING_SCOPE, UNAUTHORIZED
from write_side.customers import BrokenAddress, KeyringUnavailable
from write_side.fulfilment.editing import handlers
from write_side.fulfilment.editing.domain import (
    AddressChangesPrice,
    AddsToOrder,
    ChangeAddress,
    EditOrder,
    NotEditable,
    NothingToChange,
    PickingHasBegun,
)
from write_side.http import Answered, IdempotencyKey, OptionalOrderToken, answered, cause, idempotent
from write_side.opening_orders import key_owner, who_opens
from write_side.orders import OrderState, UnknownOrder
from write_side.refunds import (
    AlreadyCaptured,
    NotAuthorized,
    NothingLeftToCapture,
    NothingToRefund,
    NotReleasable,
    RefundExceedsCaptured,
    RefundState,
)
from write_side.resources import Own

Call = Request[Any, Any, Any]


@post("/v1/orders/{order_id:uuid}/edits", status_code=201, security=[{"bearer": ["orders:write"]}])
@refuses(
    UnknownOrder, NotEditable, PickingHasBegun, AddsToOrder, NothingToChange, NotAuthorized, AlreadyCaptured,
    NotReleasable, NothingLeftToCapture, NothingToRefund, RefundExceedsCaptured, UNAUTHORIZED, MISSING_SCOPE,
)  # fmt: skip
async def post_edit(
    request: Call, order_id: FromPath[UUID], data: JSONBody[EditOrder], own: Own, token: OptionalOrderToken = None,
    key: IdempotencyKey = None,
) -> Answered[RefundState]:  # fmt: skip
    """Less of some lines, until picking begins; by the Order-Token, the account's session, or the scope orders:write.

    Answers what goes back, or is not taken at all. Nothing can be added: that is another order.
    """
    by = await who_opens(request, own, order_id, token)
    call = idempotent(request, key, data, actor=key_owner(by, order_id))
    return answered(request, await handlers.lower_lines(own.pool, order_id, data, cause(request), call), 201)


@put("/v1/orders/{order_id:uuid}/address", status_code=200, security=[{"bearer": ["orders:write"]}])
@refuses(
    UnknownOrder, NotEditable, PickingHasBegun, AddressChangesPrice, BrokenAddress, KeyringUnavailable, UNAUTHORIZED,
    MISSING_SCOPE,
)  # fmt: skip
async def put_order_address(
    request: Call, order_id: FromPath[UUID], data: JSONBody[ChangeAddress], own: Own, token: OptionalOrderToken = None,
    key: IdempotencyKey = None,
) -> Answered[OrderState]:  # fmt: skip
    """Send it elsewhere, where shipping and taxes are the same, until picking begins; the customer is mailed.
    Whom gift cards are mailed to stays, unless the new address names somebody.

    While a person still decides whether its money is taken, only staff do.
    """
    by = await who_opens(request, own, order_id, token)
    call = idempotent(request, key, data, actor=key_owner(by, order_id))
    answer = await handlers.change_address(
        own.pool, own.keyring, order_id, data.address, cause(request), call, by_staff=by == "staff"
    )
    return answered(request, answer)


routes = [post_edit, put_order_address]
