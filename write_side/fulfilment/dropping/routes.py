"""Dropping goods over HTTP, for staff."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.params import FromPath, JSONBody

from shared.http.described import refuses
from write_side.fulfilment.domain import NotShippable
from write_side.fulfilment.dropping import handlers
from write_side.fulfilment.dropping.domain import DropGoods, DropsTooMuch, NotPaidBack
from write_side.fulfilment.dropping.handlers import Dropped
from write_side.http import Answered, IdempotencyKey, answered, cause, idempotent, requires
from write_side.orders import UnknownOrder
from write_side.resources import Own

Call = Request[Any, Any, Any]


@post("/v1/orders/{order_id:uuid}/drops", status_code=201, guards=[requires("orders:write")])
@refuses(UnknownOrder, NotShippable, DropsTooMuch, NotPaidBack)
async def post_drop(
    request: Call, order_id: FromPath[UUID], data: JSONBody[DropGoods], own: Own, key: IdempotencyKey = None,
) -> Answered[Dropped]:  # fmt: skip
    """Not send some goods any more whose money went back as a mere amount, or that are a gift which is gone.

    What of them lies on a shelf, or in a box, is back in stock. Whoever has money to get for them gets a refund of
    their lines instead, which drops them, too.
    """
    call = idempotent(request, key, data)
    return answered(request, await handlers.drop_goods(own.pool, order_id, data, cause(request), call), 201)


routes = [post_drop]
