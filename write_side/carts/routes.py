"""Carts over HTTP. A cart is opened by its secret in the header `Cart-Secret`."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shared.envelope import as_json
from write_side.carts import handlers
from write_side.carts.domain import AddLine, NewCart, SetLine
from write_side.commands import Call as IdempotentCall
from write_side.database import Pool
from write_side.http import answered, cause, idempotent

Call = Request[Any, Any, Any]
SECRET = "cart-secret"


@post("/v1/carts")
async def post_cart(request: Call, data: JSONBody[NewCart], pool: NamedDependency[Pool]) -> Response[bytes]:
    """Open a cart. The answer shows its secret once. 422 `unknown_currency`."""
    answer = await handlers.open_cart(pool, data, cause(request))
    return answered(request, answer, 201)


@get("/v1/carts/{cart_id:uuid}")
async def get_cart(request: Call, cart_id: FromPath[UUID], pool: NamedDependency[Pool]) -> Response[bytes]:
    """The cart at today's prices. 401 `cart_secret_required`, 403 `wrong_cart_secret`."""
    state = await handlers.show_cart(pool, cart_id, request.headers.get(SECRET))
    return Response(as_json(state), media_type="application/json", headers={"Cache-Control": "no-store"})


@post("/v1/carts/{cart_id:uuid}/lines", status_code=200)
async def post_line(
    request: Call, cart_id: FromPath[UUID], data: JSONBody[AddLine], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Add so many of a SKU; two at once add up. With an Idempotency-Key a repeat adds nothing.

    404 `unknown_sku`; 409 `not_sold`, `cart_ordered`; 422 `too_many`, `too_many_lines`.
    """
    call = _optional_key(request, cart_id, data)
    secret = request.headers.get(SECRET)
    return answered(request, await handlers.add_line(pool, cart_id, secret, data, cause(request), call))


@put("/v1/carts/{cart_id:uuid}/lines/{sku:str}")
async def put_line(
    request: Call, cart_id: FromPath[UUID], sku: FromPath[str], data: JSONBody[SetLine], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """So many of a SKU from now on. 404 `unknown_sku`; 409 `not_sold`, `cart_ordered`; 422 `too_many_lines`."""
    secret = request.headers.get(SECRET)
    return answered(request, await handlers.set_line(pool, cart_id, secret, sku, data.quantity, cause(request)))


@delete("/v1/carts/{cart_id:uuid}/lines/{sku:str}", status_code=200)
async def delete_line(
    request: Call, cart_id: FromPath[UUID], sku: FromPath[str], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Take a SKU out; a repeat changes nothing. 409 `cart_ordered`."""
    secret = request.headers.get(SECRET)
    return answered(request, await handlers.set_line(pool, cart_id, secret, sku, 0, cause(request)))


def _optional_key(request: Call, cart_id: UUID, data: AddLine) -> IdempotentCall | None:
    if "idempotency-key" not in request.headers:
        return None
    return idempotent(request, data, actor=f"cart:{cart_id}")


routes = [post_cart, get_cart, post_line, put_line, delete_line]
