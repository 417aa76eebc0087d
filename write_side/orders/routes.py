"""Quotes and orders over HTTP. A guest's cart is opened by `Cart-Secret`, their order by `Order-Token`."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from shared.envelope import as_json
from shared.http.problems import forbidden, unauthorized
from shared.links import opens_order, order_token
from shared.settings import Settings
from write_side import carts, customers
from write_side.commands import Answer
from write_side.customers import AddressInput, Keyring
from write_side.database import Pool
from write_side.http import CALLER, answered, caller_of, cause, idempotent
from write_side.orders import handlers, settling
from write_side.orders.handlers import Amounts, OrderState, PaymentState
from write_side.orders.placing import Placements, PlaceOrder, place_order
from write_side.orders.refusals import OrderTokenRequired, WrongOrderToken
from write_side.payments import Gateway

Call = Request[Any, Any, Any]


class AskedQuote(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "ada@example.org", "address": {…}}`: who buys, and where it goes."""

    mail: str
    address: AddressInput


class NewOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"quote_id": "<uuid>"}`."""

    quote_id: UUID


class PlacedOrder(Struct, frozen=True):
    """An order just placed. The token opens its status, its payment and its cancellation; whoever has it may use it."""

    id: UUID
    number: str
    state: str
    totals: Amounts
    payment: PaymentState
    expires_at: datetime
    order_token: str
    status_url: str


_state = msgspec.json.Decoder(OrderState)


@post("/v1/carts/{cart_id:uuid}/quotes")
async def post_quote(
    request: Call, cart_id: FromPath[UUID], data: JSONBody[AskedQuote], pool: NamedDependency[Pool],
    keyring: NamedDependency[Keyring], settings: NamedDependency[Settings],
) -> Response[bytes]:  # fmt: skip
    """Price the cart for an address, with tax and shipping; good for a quarter of an hour.

    409 `cart_empty`, `cart_ordered`, `not_sellable`; 422 `broken_mail`, `broken_address`, `unknown_destination`,
    `total_out_of_range`; 503 `keyring_unavailable`.
    """
    contact = customers.contact(data.mail, data.address)
    secret, ttl = request.headers.get("cart-secret"), settings.quote_ttl_seconds
    answer = await handlers.issue_quote(pool, keyring, cart_id, secret, contact, ttl, cause(request))
    return answered(request, answer, 201)


@post("/v1/orders")
async def post_order(
    request: Call, data: JSONBody[NewOrder], pool: NamedDependency[Pool], settings: NamedDependency[Settings],
    placements: NamedDependency[Placements],
) -> Response[bytes]:  # fmt: skip
    """Place the order of a quote: its stock is held, its payment requested. The same quote is always the same order.

    409 `quote_expired`, `quote_stale` (a new quote is the way back), `out_of_stock` with what is left of each line,
    `cart_ordered`, `not_sellable`. 503 `overloaded` when too many orders wait.
    """
    secret = request.headers.get("cart-secret")
    call = idempotent(request, data, actor=carts.guest_of(secret))
    command = PlaceOrder(data.quote_id, secret, settings.payment_ttl_seconds, cause(request), call)
    answer = await place_order(placements, pool, command)
    return answered(request, _with_token(answer, settings), 201)


def _with_token(answer: Answer, settings: Settings) -> Answer:
    # Put on here, so that the answer kept for repeats holds no token.
    order = _state.decode(answer.body)
    token = order_token(settings.link_secret, order.id)
    placed = PlacedOrder(
        order.id, order.number, order.state, order.totals, order.payment, order.expires_at, token,
        f"{settings.public_read_url}/v1/orders/{order.id}?token={token}",
    )  # fmt: skip
    return msgspec.structs.replace(answer, body=as_json(placed))


@post("/v1/orders/{order_id:uuid}/cancel", status_code=200)
async def post_cancel(
    request: Call, order_id: FromPath[UUID], pool: NamedDependency[Pool], gateway: NamedDependency[Gateway],
    settings: NamedDependency[Settings],
) -> Response[bytes]:  # fmt: skip
    """Cancel an order that is not captured yet, by its Order-Token or with the scope orders:write.

    202 with state `closing` while the payment provider has not confirmed it. 409 `already_paid`; 404 `unknown_order`.
    """
    await _may_cancel(request, order_id, settings)
    idempotent(request, NewOrder(order_id))  # asked for, though the order's state alone makes a repeat harmless
    await settling.cancel_order(pool, gateway, order_id, cause(request))
    answer = await handlers.show_order(pool, order_id)
    return answered(request, answer, 202 if _state.decode(answer.body).state == "closing" else 200)


async def _may_cancel(request: Call, order_id: UUID, settings: Settings) -> None:
    if "authorization" in request.headers:
        caller = await caller_of(request)
        if caller is None:
            raise unauthorized()
        if "orders:write" not in caller.scopes:
            raise forbidden("orders:write")
        request.scope["state"][CALLER] = caller
        return
    token = request.headers.get("order-token")
    if not token:
        raise OrderTokenRequired("This needs the order's token in the header Order-Token.")
    if not opens_order(settings.link_secret, token, order_id):
        raise WrongOrderToken("The Order-Token does not open this order.")


routes = [post_quote, post_order, post_cancel]
