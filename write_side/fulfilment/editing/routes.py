"""Edits over HTTP, for customers and staff."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post, put
from litestar.params import FromPath, JSONBody

from shared.http.described import Link, leads_to, refuses
from shared.http.problems import MISSING_SCOPE, UNAUTHORIZED
from write_side.customers import BrokenAddress, KeyringUnavailable
from write_side.errors import Invalid
from write_side.fraud import AddressNotAccepted, Asker
from write_side.fulfilment.editing import adding, handlers
from write_side.fulfilment.editing.adding import AdditionPreview, Additions
from write_side.fulfilment.editing.domain import (
    AdditionUnpaid,
    AddLines,
    AddressChangesPrice,
    AddsToOrder,
    ChangeAddress,
    EditOrder,
    IsAddition,
    NotEditable,
    NothingToChange,
    PickingHasBegun,
)
from write_side.fulfilment.editing.keeping import BelowTerms
from write_side.http import (
    Answered,
    Device,
    IdempotencyKey,
    OptionalOrderToken,
    Shown,
    answered,
    cause,
    client,
    idempotent,
    shown,
)
from write_side.inventory import OutOfStock, PurchaseLimitReached, UnknownStock
from write_side.invoices import CreditExceeded, InvoiceNotPermitted
from write_side.opening_orders import key_owner, opened_by, who_opens
from write_side.orders import (
    NotAddable,
    NotSellable,
    OrderState,
    PlacedOrder,
    TotalOutOfRange,
    UnknownOrder,
    with_token,
)
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
from write_side.shipping import ShippingUnavailable, UnknownDestination, UnknownShippingMethod
from write_side.taxes import TaxesUnavailable

Call = Request[Any, Any, Any]

_REFUSED = (  # of what is added, and of a preview of it
    UnknownOrder, NotEditable, PickingHasBegun, IsAddition, AdditionUnpaid, NotSellable, NotAddable,
    OutOfStock, UnknownStock, PurchaseLimitReached, TotalOutOfRange, UnknownDestination, UnknownShippingMethod,
    ShippingUnavailable, TaxesUnavailable, KeyringUnavailable, InvoiceNotPermitted, CreditExceeded, UNAUTHORIZED,
    MISSING_SCOPE,
)  # fmt: skip


@post("/v1/orders/{order_id:uuid}/edits", status_code=201, security=[{"bearer": ["orders:write"]}])
@refuses(
    UnknownOrder, NotEditable, PickingHasBegun, AddsToOrder, NothingToChange, BelowTerms, AdditionUnpaid, NotAuthorized,
    AlreadyCaptured, NotReleasable, NothingLeftToCapture, NothingToRefund, RefundExceedsCaptured, Invalid,
    UNAUTHORIZED, MISSING_SCOPE,
)  # fmt: skip
async def post_edit(
    request: Call, order_id: FromPath[UUID], data: JSONBody[EditOrder], own: Own, token: OptionalOrderToken = None,
    key: IdempotencyKey = None,
) -> Answered[RefundState]:  # fmt: skip
    """Less of some lines, until picking begins; by the Order-Token, the account's session, or the scope orders:write.

    Answers what goes back, or is not taken at all. More is added by `POST …/additions`. Less than a price, a discount,
    a gift or free shipping was given for is refused to customers, who take that off, too, or all of it; staff may.
    """
    by = await who_opens(request, own, order_id, token)
    call = idempotent(request, key, data, actor=key_owner(by, order_id))
    by_staff = by == "staff"
    given = await handlers.lower_lines(own.pool, order_id, data, cause(request), call, by_staff=by_staff)
    return answered(request, given, 201)


@post("/v1/orders/{order_id:uuid}/additions", status_code=201, security=[{"bearer": ["orders:write"]}])
@refuses(*_REFUSED)
@leads_to(
    Link("post_session", {"payment_id": "/payment/id", "Order-Token": "/order_token"}),
    Link("post_cancel", {"order_id": "/id", "Order-Token": "/order_token"}),
)
async def post_addition(
    request: Call, order_id: FromPath[UUID], data: JSONBody[AddLines], own: Own, token: OptionalOrderToken = None,
    key: IdempotencyKey = None, device: Device = "",
) -> Answered[PlacedOrder]:  # fmt: skip
    """So many more goods, until picking begins, at today's prices; by the Order-Token, the account's session, or the
    scope orders:write.

    What goes on invoice, as the first did, is added by its account's session or by staff: not by the token alone.
    Answers the order that goes with the first, with a token of its own: pay it like any order, or cancel it. It is
    cancelled by itself if it is not paid in time, or the first leaves without it.
    """
    by = await opened_by(request, own, order_id, token)
    call = idempotent(request, key, data, actor=key_owner(by, order_id))
    asker = Asker() if by == "staff" else Asker(device, client(request, own))
    offered = await adding.offer(
        own.pool, own.keyring, order_id, data, own.settings, own.outside, by_token=by == "token", asker=asker
    )
    answer = await adding.add_lines(own.pool, order_id, offered, own.settings, cause(request), call)
    return answered(request, with_token(answer, own.settings), 201)


@post("/v1/orders/{order_id:uuid}/additions/preview", status_code=200, security=[{"bearer": ["orders:write"]}])
@refuses(*_REFUSED)
async def post_addition_preview(
    request: Call, order_id: FromPath[UUID], data: JSONBody[AddLines], own: Own, token: OptionalOrderToken = None
) -> Shown[AdditionPreview]:
    """What adding so many more goods would cost, as of now: nothing is held, and `POST …/additions` prices anew. Who
    may ask is who may add, and what is refused is what that would refuse.
    """
    by = await opened_by(request, own, order_id, token)
    return shown(
        await adding.preview(
            own.pool, own.keyring, order_id, data, own.settings, own.outside, by_token=by == "token"
        )
    )  # fmt: skip


@get("/v1/orders/{order_id:uuid}/additions", security=[{"bearer": ["orders:write"]}])
@refuses(UnknownOrder, UNAUTHORIZED, MISSING_SCOPE)
async def get_additions(
    request: Call, order_id: FromPath[UUID], own: Own, token: OptionalOrderToken = None
) -> Shown[Additions]:
    """What was added to an order, oldest first, each with its own token; who may ask for this is who may add."""
    await who_opens(request, own, order_id, token)
    return shown(await adding.list_additions(own.pool, order_id, own.settings))


@put("/v1/orders/{order_id:uuid}/address", status_code=200, security=[{"bearer": ["orders:write"]}])
@refuses(
    UnknownOrder, NotEditable, PickingHasBegun, IsAddition, AddressChangesPrice, AddressNotAccepted, BrokenAddress,
    KeyringUnavailable, UNAUTHORIZED, MISSING_SCOPE,
)  # fmt: skip
async def put_order_address(
    request: Call, order_id: FromPath[UUID], data: JSONBody[ChangeAddress], own: Own, token: OptionalOrderToken = None,
    key: IdempotencyKey = None,
) -> Answered[OrderState]:  # fmt: skip
    """Send it elsewhere, where shipping and taxes are the same, until picking begins; the customer is mailed.
    Whom gift cards are mailed to stays, unless the new address names somebody.

    While a person still decides whether its money is taken, only staff do, and where fraud checks don't accept the new
    address (`address_not_accepted`: whoever has good reasons asks the shop); of what is on invoice the account's
    session or staff, not the token alone.
    """
    by = await opened_by(request, own, order_id, token)
    call = idempotent(request, key, data, actor=key_owner(by, order_id))
    answer = await handlers.change_address(
        own.pool, own.keyring, order_id, data.address, own.settings, cause(request), call,
        by_staff=by == "staff", by_token=by == "token",
    )  # fmt: skip
    return answered(request, answer)


routes = [post_edit, post_addition, post_addition_preview, get_additions, put_order_address]
