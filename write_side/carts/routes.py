"""Carts over HTTP. A cart is opened by its secret in the header `Cart-Secret`."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from shared.http.described import Link, leads_to, refuses
from write_side.carts import handlers
from write_side.carts.domain import (
    AddLine,
    CartOrderedAlready,
    NewCart,
    NotSold,
    OtherPlace,
    SetLine,
    TooMany,
    TooManyLines,
    UnknownCurrency,
)
from write_side.carts.handlers import CartState, FoundCart, LineState
from write_side.catalog import UnknownSku
from write_side.http import (
    Answered,
    CartSecret,
    OptionalKey,
    Shown,
    answered,
    cause,
    repeatable,
    requires_session,
    session,
    shown,
)
from write_side.resources import Own
from write_side.sales import PassRequired

Call = Request[Any, Any, Any]


class TakeOver(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"from_cart_id": "0198f0c0-0000-7000-8000-000000000001"}`: the guest's."""

    from_cart_id: UUID


_OPENED = {"cart_id": "/id", "Cart-Secret": "/secret"}
_SAME = {"cart_id": "$request.path.cart_id", "Cart-Secret": "$request.header.Cart-Secret"}


@post("/v1/carts")
@refuses(UnknownCurrency)
@leads_to(Link("post_line", _OPENED), Link("get_cart", _OPENED), Link("post_quote", _OPENED))
async def post_cart(request: Call, data: JSONBody[NewCart], own: Own) -> Answered[CartState]:
    """Open a cart. The answer shows its secret once."""
    answer = await handlers.open_cart(own.pool, data, cause(request))
    return answered(request, answer, 201)


@get("/v1/carts/{cart_id:uuid}")
async def get_cart(
    cart_id: FromPath[UUID], own: Own, secret: CartSecret = None
) -> Shown[CartState]:
    """The cart at today's prices."""
    return shown(await handlers.show_cart(own.pool, cart_id, secret))


@post("/v1/carts/{cart_id:uuid}/lines", status_code=200)
@refuses(UnknownSku, NotSold, PassRequired, CartOrderedAlready, TooMany, TooManyLines)
@leads_to(
    Link("post_quote", _SAME),
    Link("get_cart", _SAME),
    Link("put_line", {**_SAME, "sku": "/sku"}),
    Link("delete_line", {**_SAME, "sku": "/sku"}),
)
async def post_line(
    request: Call, cart_id: FromPath[UUID], data: JSONBody[AddLine], own: Own,
    secret: CartSecret = None, key: OptionalKey = None,
) -> Answered[LineState]:  # fmt: skip
    """Add so many of a SKU; two at once add up. With an Idempotency-Key a repeat adds nothing."""
    call = repeatable(request, key, data, actor=f"cart:{cart_id}")
    return answered(request, await handlers.add_line(own.pool, cart_id, secret, data, cause(request), call))


@put("/v1/carts/{cart_id:uuid}/lines/{sku:str}")
@refuses(UnknownSku, NotSold, PassRequired, CartOrderedAlready, TooManyLines)
async def put_line(
    request: Call, cart_id: FromPath[UUID], sku: FromPath[str], data: JSONBody[SetLine], own: Own,
    secret: CartSecret = None,
) -> Answered[LineState]:  # fmt: skip
    """So many of a SKU from now on."""
    return answered(request, await handlers.set_line(own.pool, cart_id, secret, sku, data.quantity, cause(request)))


@delete("/v1/carts/{cart_id:uuid}/lines/{sku:str}", status_code=200)
@refuses(CartOrderedAlready)
async def delete_line(
    request: Call, cart_id: FromPath[UUID], sku: FromPath[str], own: Own, secret: CartSecret = None
) -> Answered[LineState]:
    """Take a SKU out; a repeat changes nothing."""
    return answered(request, await handlers.set_line(own.pool, cart_id, secret, sku, 0, cause(request)))


@post("/v1/account/cart", status_code=200, guards=[requires_session])
@refuses(UnknownCurrency)
@leads_to(Link("post_line", _OPENED), Link("get_cart", _OPENED), Link("post_quote", _OPENED))
async def post_account_cart(request: Call, data: JSONBody[NewCart], own: Own) -> Answered[CartState]:
    """The cart that the account shops with, and its secret: the same on every device, until something is ordered."""
    account_id, secret = session(request).account_id, own.settings.link_secret
    answer = await handlers.open_account_cart(own.pool, secret, account_id, data, cause(request))
    return answered(request, answer)


@post("/v1/account/carts/{cart_id:uuid}/take-over", status_code=200, guards=[requires_session])
@refuses(CartOrderedAlready, OtherPlace, TooManyLines)
async def post_take_over(
    request: Call, cart_id: FromPath[UUID], data: JSONBody[TakeOver], own: Own, secret: CartSecret = None
) -> Answered[FoundCart]:
    """The lines of a guest's cart, by its secret, go into a cart of the account, and its turn in a doorbuster sale goes
    along. A repeat changes nothing."""
    account_id = session(request).account_id
    answer = await handlers.take_over_cart(own.pool, account_id, data.from_cart_id, cart_id, secret, cause(request))
    return answered(request, answer)


routes = [post_account_cart, post_take_over, post_cart, get_cart, post_line, put_line, delete_line]
