"""Returns over HTTP: customers and staff ask for them, staff decide and unpack."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from shared.http.described import refuses
from shared.http.problems import MISSING_SCOPE, UNAUTHORIZED
from write_side import fraud, orders
from write_side.customers import KeyringUnavailable
from write_side.fraud import Asker
from write_side.http import (
    Answered,
    Device,
    IdempotencyKey,
    Nothing,
    OptionalOrderToken,
    Shown,
    answered,
    cause,
    client,
    idempotent,
    requires,
    shown,
)
from write_side.inventory import OutOfStock, PurchaseLimitReached, UnknownStock, UnknownWarehouse
from write_side.opening_orders import By, key_owner, opened_by, who_opens
from write_side.orders import NotSellable, PlacedOrder, TotalOutOfRange, UnknownOrder
from write_side.refunds import NothingToRefund
from write_side.resources import Own
from write_side.returns import handlers, replacing
from write_side.returns.domain import ApproveReturn, NewReturn, ReceiveReturn, RejectReturn, Return
from write_side.returns.handlers import Returns
from write_side.returns.refusals import (
    NoReplacement,
    NotExchangeable,
    NotHeld,
    OutsideReturnWindow,
    ReceivesTooMuch,
    ReturnNotApproved,
    ReturnNotOpen,
    ReturnNotRequested,
    ReturnNotToRefund,
    ReturnsTooMuch,
    UnknownReturn,
)
from write_side.taxes import TaxesUnavailable

Call = Request[Any, Any, Any]
FIRST = UUID(int=0)
OpenState = Annotated[
    Literal["requested", "approved"],
    QueryParameter(name="state", description="To be decided on, or waited for in a warehouse."),
]
After = Annotated[UUID, QueryParameter(name="after", description="The id of the last one of the page before.")]


@post("/v1/orders/{order_id:uuid}/returns", status_code=201, security=[{"bearer": ["orders:write"]}])
@refuses(
    UnknownOrder, ReturnsTooMuch, OutsideReturnWindow, UnknownWarehouse, UNAUTHORIZED, MISSING_SCOPE, NotExchangeable,
    NotSellable, PurchaseLimitReached, TotalOutOfRange, TaxesUnavailable, OutOfStock, UnknownStock,
    KeyringUnavailable,
)  # fmt: skip
async def post_return(
    request: Call, order_id: FromPath[UUID], data: JSONBody[NewReturn], own: Own, token: OptionalOrderToken = None,
    key: IdempotencyKey = None, device: Device = "",
) -> Answered[Return]:  # fmt: skip
    """Ask to send goods back that have left; by the Order-Token, the account's session, or the scope orders:write.

    What staff ask for is approved, at any time. The customer is mailed at each step, with a label where there is a
    carrier. `instead` asks for other goods in exchange: at today's price, of the same product at no more than was paid,
    sent for nothing. They are held from the approval on, and ordered when the goods are here; a difference goes back or
    is paid by the order that `GET …/replacement` tells: on invoice, as the first was, only where its account's session
    or staff ask, not by the token alone.
    """
    opened = await opened_by(request, own, order_id, token)
    by: By = "staff" if opened == "staff" else "customer"
    call = idempotent(request, key, data, actor=key_owner(by, order_id))
    asker = fraud.NOBODY if by == "staff" else Asker(device, client(request, own))
    offer = await replacing.offer(
        own.pool, own.keyring, own.outside, own.settings, order_id, data, by_token=opened == "token", asker=asker
    )
    answer = await handlers.request_return(own.pool, order_id, data, by, own.settings, cause(request), call, offer)
    return answered(request, answer, 201)


@post(
    "/v1/orders/{order_id:uuid}/returns/{return_id:uuid}/cancel", status_code=200,
    security=[{"bearer": ["orders:write"]}],
)  # fmt: skip
@refuses(UnknownOrder, UnknownReturn, ReturnNotOpen, UNAUTHORIZED, MISSING_SCOPE)
async def post_return_cancel(
    request: Call, order_id: FromPath[UUID], return_id: FromPath[UUID], own: Own, token: OptionalOrderToken = None,
    key: IdempotencyKey = None,
) -> Answered[Return]:  # fmt: skip
    """The goods stay with the customer, who may ask for another return; who may ask for this is who may ask for one."""
    by = await who_opens(request, own, order_id, token)
    call = idempotent(request, key, Nothing(), actor=key_owner(by, order_id))
    return answered(request, await handlers.cancel_return(own.pool, order_id, return_id, cause(request), call))


@get("/v1/returns", guards=[requires("orders:write")])
async def get_returns(own: Own, stage: OpenState, after: After = FIRST) -> Shown[Returns]:
    """What waits to be decided on or to be unpacked, oldest first, so many at a time."""
    return shown(await handlers.open_returns(own.pool, stage, after))


@post("/v1/returns/{return_id:uuid}/approve", status_code=200, guards=[requires("orders:write")])
@refuses(UnknownReturn, ReturnNotRequested, UnknownWarehouse, PurchaseLimitReached, OutOfStock, UnknownStock)
async def post_return_approval(
    request: Call, return_id: FromPath[UUID], data: JSONBody[ApproveReturn], own: Own, key: IdempotencyKey = None,
) -> Answered[Return]:  # fmt: skip
    """The customer may send it; what is wished instead is held, or (`exchange` false) refused."""
    call = idempotent(request, key, data)
    answer = await handlers.approve_return(own.pool, return_id, data, own.settings, cause(request), call)
    return answered(request, answer)


@post("/v1/returns/{return_id:uuid}/reject", status_code=200, guards=[requires("orders:write")])
@refuses(UnknownReturn, ReturnNotRequested)
async def post_return_rejection(
    request: Call, return_id: FromPath[UUID], data: JSONBody[RejectReturn], own: Own, key: IdempotencyKey = None,
) -> Answered[Return]:  # fmt: skip
    """The customer may not send it, and is told why."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.reject_return(own.pool, return_id, data, cause(request), call))


@post("/v1/returns/{return_id:uuid}/receive", status_code=200, guards=[requires("refunds:write")])
@refuses(UnknownReturn, ReturnNotApproved, ReceivesTooMuch, UnknownStock)
async def post_return_receipt(
    request: Call, return_id: FromPath[UUID], data: JSONBody[ReceiveReturn], own: Own, key: IdempotencyKey = None,
) -> Answered[Return]:  # fmt: skip
    """It is unpacked: what is sellable goes on the shelf, and the money of what came goes back, or pays what is sent
    instead. Once."""
    call = idempotent(request, key, data)
    return answered(
        request, await handlers.receive_return(own.pool, return_id, data, own.settings, cause(request), call)
    )


@post("/v1/returns/{return_id:uuid}/replacement", status_code=200, guards=[requires("refunds:write")])
@refuses(UnknownReturn, NotHeld)
async def post_return_replacement(
    request: Call, return_id: FromPath[UUID], own: Own, key: IdempotencyKey = None,
) -> Answered[Return]:  # fmt: skip
    """Order what is wished instead before the goods are here, as if all of them had come."""
    call = idempotent(request, key, Nothing())
    return answered(request, await handlers.send_early(own.pool, return_id, own.settings, cause(request), call))


@get(
    "/v1/orders/{order_id:uuid}/returns/{return_id:uuid}/replacement", security=[{"bearer": ["orders:write"]}],
)  # fmt: skip
@refuses(UnknownOrder, UnknownReturn, NoReplacement, UNAUTHORIZED, MISSING_SCOPE)
async def get_return_replacement(
    request: Call, order_id: FromPath[UUID], return_id: FromPath[UUID], own: Own, token: OptionalOrderToken = None,
) -> Answered[PlacedOrder]:  # fmt: skip
    """The order that is sent instead, with its own token; who may ask for this is who may ask for a return. Its payment
    is what the exchange costs more."""
    await who_opens(request, own, order_id, token)
    answer = await handlers.show_replacement(own.pool, order_id, return_id)
    return answered(request, orders.with_token(answer, own.settings))


@post("/v1/returns/{return_id:uuid}/refunds", status_code=200, guards=[requires("refunds:write")])
@refuses(UnknownReturn, ReturnNotToRefund, NothingToRefund)
async def post_return_refund(
    request: Call, return_id: FromPath[UUID], own: Own, key: IdempotencyKey = None,
) -> Answered[Return]:  # fmt: skip
    """Another refund in place of one that failed."""
    call = idempotent(request, key, Nothing())
    return answered(request, await handlers.refund_again(own.pool, return_id, cause(request), call))


routes = [
    post_return, post_return_cancel, get_returns, post_return_approval, post_return_rejection, post_return_receipt,
    post_return_refund, post_return_replacement, get_return_replacement,
]  # fmt: skip
