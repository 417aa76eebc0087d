"""Recommendations over HTTP."""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from read_side.answers import Shown, respond
from read_side.documents import parse_position
from read_side.parameters import DEFAULT_CHANNEL, Channel, Locale, PositionToken, locales_of
from read_side.products.queries import AsAsked
from read_side.recommendations.queries import MOST_GIVEN, Adviser, Recommendations, RelatedProducts, SeveralProducts
from shared.http.described import Link, leads_to, refuses
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
Ids = Annotated[
    list[UUID],
    QueryParameter(
        name="id",
        description="Several by repeating the parameter.",
        schema_extra={"minItems": 1, "maxItems": MOST_GIVEN},
    ),
]
Category = Annotated[UUID | None, QueryParameter(description="What is popular there, and below it.")]


@get("/v1/products")
@leads_to(Link("get_product", {"product_id": "/items/0/id"}), Link("get_product_by_slug", {"slug": "/items/0/slug"}))
async def get_products(
    request: Call,
    ids: Ids,
    adviser: NamedDependency[Adviser],
    position: PositionToken = None,
    channel: Channel = DEFAULT_CHANNEL,
    locale: Locale = None,
) -> Shown[SeveralProducts]:
    """Several products at once, such as those looked at lately: in the order asked, each once, at the prices of their
    pages, sold out or not. What isn't for sale now is named in `missing`."""
    asked = _each_once("id", ids)
    as_asked = _as_asked(request, locale, channel)
    return respond(request, await adviser.named(asked, as_asked, parse_position(position)))


@get("/v1/products/{product_id:uuid}/bought-together")
async def get_bought_together(
    request: Call,
    product_id: FromPath[UUID],
    adviser: NamedDependency[Adviser],
    limit: Limit = 8,
    channel: Channel = DEFAULT_CHANNEL,
    locale: Locale = None,
) -> Shown[Recommendations]:
    """What is bought together with a product, the closest first. Empty where nobody has bought it with another one."""
    as_asked = _as_asked(request, locale, channel)
    return respond(request, await adviser.bought_with(product_id, as_asked, limit))


@get("/v1/products/{product_id:uuid}/related")
async def get_related(
    request: Call,
    product_id: FromPath[UUID],
    adviser: NamedDependency[Adviser],
    position: PositionToken = None,
    channel: Channel = DEFAULT_CHANNEL,
    locale: Locale = None,
) -> Shown[RelatedProducts]:
    """What the merchant shows beside a product, by kind (accessories, alternatives), as far as it is for sale now.

    Empty where nothing was said, or nobody knows the product.
    """
    as_asked = _as_asked(request, locale, channel)
    return respond(request, await adviser.related(product_id, as_asked, parse_position(position)))


@get("/v1/products/{product_id:uuid}/similar")
@refuses(unavailability("elasticsearch"))
async def get_similar(
    request: Call,
    product_id: FromPath[UUID],
    adviser: NamedDependency[Adviser],
    limit: Limit = 8,
    channel: Channel = DEFAULT_CHANNEL,
    locale: Locale = None,
) -> Shown[Recommendations]:
    """Products like this one by name, type and attributes, bought before or not. Empty if there is no such product."""
    as_asked = _as_asked(request, locale, channel)
    return respond(request, await adviser.similar(product_id, as_asked, limit))


@get("/v1/recommendations")
async def get_recommendations(
    request: Call,
    adviser: NamedDependency[Adviser],
    product: Given = None,
    category: Category = None,
    limit: Limit = 8,
    channel: Channel = DEFAULT_CHANNEL,
    locale: Locale = None,
) -> Shown[Recommendations]:
    """What goes with all that somebody has in hand, then what is popular in its categories, then what is popular.

    Without `product` what is popular in the shop; with `category` what is popular there.
    """
    in_hand = _each_once("product", product or ())
    as_asked = _as_asked(request, locale, channel)
    return respond(request, await adviser.for_hand(in_hand, category, as_asked, limit))


def _as_asked(request: Call, locale: str | None, channel: str) -> AsAsked:
    return AsAsked(locales_of(request, locale), channel)


def _each_once(name: str, given: Iterable[UUID]) -> list[UUID]:
    """Those that a parameter names, `MOST_GIVEN` at most."""
    asked = list(dict.fromkeys(given))
    if len(asked) > MOST_GIVEN:
        error = FieldError(f"?{name}", "out_of_range", f"at most {MOST_GIVEN} products")
        raise INVALID_INPUT.problem(f"This route takes at most {MOST_GIVEN} products.", errors=[error])
    return asked


routes = [get_products, get_bought_together, get_related, get_similar, get_recommendations]
