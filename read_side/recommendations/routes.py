"""Recommendations over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from read_side.answers import Shown, respond
from read_side.documents import parse_position
from read_side.parameters import PositionToken
from read_side.recommendations.queries import MOST_GIVEN, Adviser, Recommendations, RelatedProducts
from shared.http.described import refuses
from shared.http.problems import INVALID_INPUT, FieldError, unavailability

Call = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=24, description="Products to show, at most.")]
Given = Annotated[
    list[UUID] | None,
    QueryParameter(
        description="What is in the cart, was looked at or bought; several by repeating the parameter.",
        schema_extra={"maxItems": MOST_GIVEN},
    ),
]
Category = Annotated[UUID | None, QueryParameter(description="What is popular there, and below it.")]


@get("/v1/products/{product_id:uuid}/bought-together")
async def get_bought_together(
    request: Call, product_id: FromPath[UUID], adviser: NamedDependency[Adviser], limit: Limit = 8
) -> Shown[Recommendations]:
    """What is bought together with a product, the closest first. Empty where nobody has bought it with another one."""
    return respond(request, await adviser.bought_with(product_id, limit))


@get("/v1/products/{product_id:uuid}/related")
async def get_related(
    request: Call, product_id: FromPath[UUID], adviser: NamedDependency[Adviser], position: PositionToken = None
) -> Shown[RelatedProducts]:
    """What the merchant shows beside a product, by kind (accessories, alternatives), as far as it is for sale now.

    Empty where nothing was said, or nobody knows the product.
    """
    return respond(request, await adviser.related(product_id, parse_position(position)))


@get("/v1/products/{product_id:uuid}/similar")
@refuses(unavailability("elasticsearch"))
async def get_similar(
    request: Call, product_id: FromPath[UUID], adviser: NamedDependency[Adviser], limit: Limit = 8
) -> Shown[Recommendations]:
    """Products like this one by name, type and attributes, bought before or not. Empty if there is no such product."""
    return respond(request, await adviser.similar(product_id, limit))


@get("/v1/recommendations")
async def get_recommendations(
    request: Call,
    adviser: NamedDependency[Adviser],
    product: Given = None,
    category: Category = None,
    limit: Limit = 8,
) -> Shown[Recommendations]:
    """What goes with all that somebody has in hand, then what is popular in its categories, then what is popular.

    Without `product` what is popular in the shop; with `category` what is popular there.
    """
    in_hand = dict.fromkeys(product or ())
    if len(in_hand) > MOST_GIVEN:
        error = FieldError("?product", "out_of_range", f"at most {MOST_GIVEN} products")
        raise INVALID_INPUT.problem(f"This route takes at most {MOST_GIVEN} products.", errors=[error])
    return respond(request, await adviser.for_hand(list(in_hand), category, limit))


routes = [get_bought_together, get_related, get_similar, get_recommendations]
