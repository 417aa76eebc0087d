"""Parcels over HTTP, for staff and for whoever tells what a carrier says."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.params import FromPath, JSONBody

from shared.http.described import refuses
from write_side.errors import Invalid
from write_side.fulfilment import handlers
from write_side.fulfilment.domain import (
    NewParcel,
    NothingToShip,
    NotShippable,
    Parcel,
    ShipsTooMuch,
    TrackingNumberTaken,
    UnknownParcel,
)
from write_side.fulfilment.picking.domain import PickNotPicked, UnknownPick
from write_side.http import Answered, IdempotencyKey, Nothing, answered, cause, idempotent, requires
from write_side.orders import UnknownOrder
from write_side.resources import Own

Call = Request[Any, Any, Any]


@post("/v1/orders/{order_id:uuid}/parcels", status_code=201, guards=[requires("orders:write")])
@refuses(
    UnknownOrder, NotShippable, ShipsTooMuch, NothingToShip, TrackingNumberTaken, UnknownPick, PickNotPicked, Invalid
)
async def post_parcel(
    request: Call, order_id: FromPath[UUID], data: JSONBody[NewParcel], own: Own, key: IdempotencyKey = None,
) -> Answered[Parcel]:  # fmt: skip
    """A parcel of an order goes out: with what a pick list holds, with some lines, or with all that no list holds.

    The customer is mailed.
    """
    call = idempotent(request, key, data)
    return answered(request, await handlers.ship_parcel(own.pool, order_id, data, cause(request), call), 201)


@post("/v1/parcels/{parcel_id:uuid}/delivered", status_code=200, guards=[requires("orders:write")])
@refuses(UnknownParcel)
async def post_delivered(
    request: Call, parcel_id: FromPath[UUID], own: Own, key: IdempotencyKey = None,
) -> Answered[Parcel]:  # fmt: skip
    """A parcel has arrived; may be told again."""
    call = idempotent(request, key, Nothing())
    return answered(request, await handlers.deliver_parcel(own.pool, parcel_id, cause(request), call))


routes = [post_parcel, post_delivered]
