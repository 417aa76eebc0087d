"""Doorbuster sales over HTTP: for staff (scopes sales:read and sales:write), and a turn taken for a guest's cart."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from shared.http.described import Link, leads_to, refuses
from write_side.carts import CartOrderedAlready
from write_side.catalog import UnknownSku
from write_side.http import (
    After,
    Answered,
    CartSecret,
    IdempotencyKey,
    Shown,
    answered,
    cause,
    idempotent,
    requires,
    shown,
)
from write_side.if_match import IfMatch, Tagged, expected_version, tagged
from write_side.moments import TimeOutOfRange
from write_side.resources import Own
from write_side.sales import handlers
from write_side.sales.domain import (
    BadTicket,
    BrokenSale,
    NotYourTurn,
    Sale,
    SaleBegun,
    SaleInput,
    SaleOver,
    SalePass,
    SkuInSale,
    TurnMissed,
    TurnTaken,
    UnknownSale,
    WaitingRoomOpen,
)
from write_side.sales.handlers import SaleList

READ, WRITE = [requires("sales:read")], [requires("sales:write")]
Call = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Sales per page.")]

_TO_ONE = tuple(Link(name, {"sale_id": "/id"}) for name in ("get_sale", "put_sale", "post_sale_end"))


class ShownTicket(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"ticket": "0198f0c0-0000-7000-8000-000000000001.17.40.c2ln"}`: as the waiting room last answered it."""

    ticket: Annotated[str, Meta(min_length=1, max_length=300)]


@post("/v1/sales", guards=WRITE)
@refuses(BrokenSale, TimeOutOfRange, UnknownSku, SkuInSale)
@leads_to(*_TO_ONE)
async def post_sale(
    request: Call, data: JSONBody[SaleInput], own: Own, key: IdempotencyKey = None
) -> Answered[Sale]:
    """Announce a doorbuster sale: from `waiting_from` on (or at once) its SKUs are sold by turns alone."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.announce_sale(own.pool, data, cause(request), call), 201)


@get("/v1/sales", guards=READ)
async def get_sales(own: Own, after: After = None, limit: Limit = 20) -> Shown[SaleList]:
    """All sales, the newest first, ended ones among them."""
    return shown(await handlers.list_sales(own.pool, after, limit))


@get("/v1/sales/{sale_id:uuid}", guards=READ)
@refuses(UnknownSale)
@leads_to(Link("put_sale", {"sale_id": "/id", "If-Match": "$response.header.ETag"}))
async def get_sale(sale_id: FromPath[UUID], own: Own) -> Tagged[Sale]:
    """A sale, with the ETag that If-Match asks for."""
    found = await handlers.show_sale(own.pool, sale_id)
    return tagged(found, found.version)


@put("/v1/sales/{sale_id:uuid}", guards=WRITE)
@refuses(UnknownSale, SaleOver, SaleBegun, WaitingRoomOpen, BrokenSale, TimeOutOfRange, UnknownSku, SkuInSale)
async def put_sale(
    request: Call, sale_id: FromPath[UUID], data: JSONBody[SaleInput], own: Own, if_match: IfMatch = None
) -> Answered[Sale]:
    """Replace the terms. Another rate, and other `pass_seconds`, count from now on: 0 turns a minute hold everybody, no
    turn that came is taken back, and none that was missed comes once more."""
    expected = expected_version(if_match, required=True)
    return answered(request, await handlers.revise_sale(own.pool, sale_id, data, expected, cause(request)))


@post("/v1/sales/{sale_id:uuid}/end", status_code=200, guards=WRITE)
@refuses(UnknownSale)
async def post_sale_end(request: Call, sale_id: FromPath[UUID], own: Own) -> Answered[Sale]:
    """End it for good: anybody may buy its SKUs again. A repeat changes nothing."""
    return answered(request, await handlers.end_sale(own.pool, sale_id, cause(request)))


@post("/v1/carts/{cart_id:uuid}/passes", status_code=200)
@refuses(BadTicket, UnknownSale, SaleOver, NotYourTurn, TurnMissed, TurnTaken, CartOrderedAlready)
@leads_to(Link("post_line", {"cart_id": "/cart_id", "Cart-Secret": "$request.header.Cart-Secret"}))
async def post_pass(
    request: Call, cart_id: FromPath[UUID], data: JSONBody[ShownTicket], own: Own, secret: CartSecret = None
) -> Answered[SalePass]:
    """Take the turn of a ticket for this cart, and for no other: it may hold what is on sale until `until`."""
    args = own.pool, own.settings.link_secret, cart_id, secret, data.ticket
    return answered(request, await handlers.take_turn(*args, cause(request)))


routes = [post_sale, get_sales, get_sale, put_sale, post_sale_end, post_pass]
