"""Promotions over HTTP, for staff (scopes promotions:read and promotions:write)."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from shared.http.described import Link, leads_to, refuses
from write_side.catalog import NoSuchCategory, UnknownSku
from write_side.http import After, Answered, IdempotencyKey, Shown, answered, cause, idempotent, requires, shown
from write_side.if_match import IfMatch, Tagged, expected_version, tagged
from write_side.moments import TimeOutOfRange
from write_side.promotions import handlers
from write_side.promotions.domain import (
    BelowUsed,
    BrokenPromotion,
    BudgetFixed,
    CodeFixed,
    CodeTaken,
    Promotion,
    PromotionInput,
    PromotionOver,
    UnknownCurrency,
    UnknownPromotion,
)
from write_side.promotions.handlers import PromotionList
from write_side.promotions.sets import EmptySet, NeverMatches
from write_side.resources import Own

READ, WRITE = [requires("promotions:read")], [requires("promotions:write")]
Call = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Promotions per page.")]

_OF_SETS = (EmptySet, NeverMatches, NoSuchCategory, UnknownSku)
_TO_ONE = tuple(Link(name, {"promotion_id": "/id"}) for name in ("get_promotion", "put_promotion", "post_end"))


@post("/v1/promotions", guards=WRITE)
@refuses(CodeTaken, BrokenPromotion, TimeOutOfRange, UnknownCurrency, *_OF_SETS)
@leads_to(*_TO_ONE)
async def post_promotion(
    request: Call, data: JSONBody[PromotionInput], own: Own, key: IdempotencyKey = None
) -> Answered[Promotion]:
    """Announce a promotion: for every cart from `starts_at` on, or for whoever types its code."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.announce_promotion(own.pool, data, cause(request), call), 201)


@get("/v1/promotions", guards=READ)
async def get_promotions(own: Own, after: After = None, limit: Limit = 20) -> Shown[PromotionList]:
    """All promotions, the newest first, ended ones among them."""
    return shown(await handlers.list_promotions(own.pool, after, limit))


@get("/v1/promotions/{promotion_id:uuid}", guards=READ)
@refuses(UnknownPromotion)
@leads_to(Link("put_promotion", {"promotion_id": "/id", "If-Match": "$response.header.ETag"}))
async def get_promotion(promotion_id: FromPath[UUID], own: Own) -> Tagged[Promotion]:
    """A promotion and how many orders use it, with the ETag that If-Match asks for."""
    found = await handlers.show_promotion(own.pool, promotion_id)
    return tagged(found, found.version)


@put("/v1/promotions/{promotion_id:uuid}", guards=WRITE)
@refuses(
    UnknownPromotion, PromotionOver, CodeFixed, BudgetFixed, BelowUsed, BrokenPromotion, TimeOutOfRange,
    UnknownCurrency, *_OF_SETS,
)  # fmt: skip
async def put_promotion(
    request: Call, promotion_id: FromPath[UUID], data: JSONBody[PromotionInput], own: Own, if_match: IfMatch = None
) -> Answered[Promotion]:
    """Replace the terms; quotes that were made by the old ones are stale then, orders keep what they got."""
    expected = expected_version(if_match, required=True)
    answer = await handlers.revise_promotion(own.pool, promotion_id, data, expected, cause(request))
    return answered(request, answer)


@post("/v1/promotions/{promotion_id:uuid}/end", status_code=200, guards=WRITE)
@refuses(UnknownPromotion)
async def post_end(request: Call, promotion_id: FromPath[UUID], own: Own) -> Answered[Promotion]:
    """End it for good. A repeat changes nothing."""
    return answered(request, await handlers.end_promotion(own.pool, promotion_id, cause(request)))


routes = [post_promotion, get_promotions, get_promotion, put_promotion, post_end]
