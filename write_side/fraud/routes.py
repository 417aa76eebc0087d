"""Fraud checks over HTTP, for staff: what was thought of an order, what waits for a person, and the decision."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from shared.http.described import refuses
from write_side.fraud import handlers
from write_side.fraud.domain import NoOpenReview, UnknownCheck
from write_side.fraud.handlers import CheckState, Reviews
from write_side.http import Answered, IdempotencyKey, Shown, answered, cause, idempotent, requires, shown
from write_side.orders import AlreadyPaid, UnknownOrder
from write_side.resources import Own

Call = Request[Any, Any, Any]
After = Annotated[UUID | None, QueryParameter(name="after", description="`next` of the page before.")]


class NewDecision(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"decision": "accepted", "note": "called them: it is their card"}`."""

    decision: Literal["accepted", "refused"]
    note: Annotated[str, Meta(max_length=500)] = ""


@get("/v1/fraud/reviews", guards=[requires("fraud:read")])
async def get_reviews(own: Own, after: After = None) -> Shown[Reviews]:
    """Payments that are authorized and held until a person has decided, the oldest first; 50 at a time.

    Whatever nobody has decided about after six days is let go and its order cancelled: the authorization ends a day
    later. An order that its buyer cancels waits for nobody.
    """
    return shown(await handlers.list_reviews(own.pool, after))


@get("/v1/orders/{order_id:uuid}/fraud", guards=[requires("fraud:read")])
@refuses(UnknownOrder, UnknownCheck)
async def get_check(order_id: FromPath[UUID], own: Own) -> Shown[CheckState]:
    """What was thought of each try to pay an order, and of each other door it was wanted at since: the verdict, and
    each rule that spoke, with its figures."""
    return shown(await handlers.find_check(own.pool, order_id))


@post("/v1/orders/{order_id:uuid}/fraud/decision", status_code=200, guards=[requires("fraud:write")])
@refuses(UnknownOrder, UnknownCheck, NoOpenReview, AlreadyPaid)
async def post_decision(
    request: Call, order_id: FromPath[UUID], data: JSONBody[NewDecision], own: Own, key: IdempotencyKey = None,
) -> Answered[CheckState]:  # fmt: skip
    """Take the money that was held, or let go of it and cancel the order."""
    call = idempotent(request, key, data)
    return answered(
        request,
        await handlers.decide_review(own.pool, order_id, data.decision, data.note, cause(request), call),
    )


routes = [get_reviews, get_check, post_decision]
