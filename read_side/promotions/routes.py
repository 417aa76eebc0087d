"""Promotions over HTTP: those in force, and the products of one."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from read_side.answers import Shown, respond
from read_side.documents import parse_position
from read_side.parameters import PositionToken
from read_side.prices.promotions import PromotionShelf
from read_side.promotions.queries import NO_PROMOTION, RunningPromotions, running
from read_side.search.listings import of_promotion
from read_side.search.parameters import FAMILIES, SearchRequest
from read_side.search.queries import search_of
from read_side.search.results import Page
from read_side.search.routes import FROM_PAGE, REFUSALS
from shared.http.described import Link, leads_to, refuses
from shared.http.parameters import PREFIXES

Asking = Request[Any, Any, Any]


@get("/v1/promotions")
@leads_to(Link("get_promotion_products", {"promotion_id": "/promotions/0/id"}))
async def get_promotions(
    request: Asking, promotion_shelf: NamedDependency[PromotionShelf], position: PositionToken = None
) -> Shown[RunningPromotions]:
    """The promotions in force that pages show: a campaign's name, what it takes off, and until when."""
    return respond(request, await running(promotion_shelf, parse_position(position)))


@get("/v1/promotions/{promotion_id:uuid}/products", opt={PREFIXES: FAMILIES})
@refuses(NO_PROMOTION, *REFUSALS)
@leads_to(*FROM_PAGE)
async def get_promotion_products(
    request: Asking,
    promotion_id: FromPath[UUID],
    asked: NamedDependency[SearchRequest],
    position: PositionToken = None,
) -> Shown[Page]:
    """The products that a promotion in force is for, with everything that /v1/search takes."""
    listing = of_promotion(str(promotion_id))
    return respond(request, await search_of(request).answer(asked, parse_position(position), listing))


routes = [get_promotions, get_promotion_products]
