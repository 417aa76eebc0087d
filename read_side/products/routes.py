"""Product pages over HTTP. The hottest routes: `read_side.front` answers the same ones ahead of Litestar."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from read_side.answers import Shown, respond
from read_side.documents import parse_position
from read_side.parameters import DEFAULT_CHANNEL, Channel, Locale, PositionToken, locales_of
from read_side.products.queries import AsAsked, Pages
from shared.documents.products import ProductPage
from shared.http.described import Link, leads_to, refuses
from shared.http.problems import NOT_FOUND

Variant = Annotated[
    str | None,
    QueryParameter(min_length=1, max_length=100, description="A SKU of the product: its page, and what else there is."),
]

_FROM_PAGE = (
    Link("get_stock", {"sku": "/variants/0/sku"}),
    Link("get_staff_stock", {"sku": "/variants/0/sku"}),
    Link("get_product_by_sku", {"sku": "/variants/0/sku"}),
    Link("get_product_by_slug", {"slug": "/slug"}),
)


@get("/v1/products/{product_id:uuid}")
@refuses(NOT_FOUND)
@leads_to(*_FROM_PAGE)
async def get_product(
    request: Request[Any, Any, Any],
    product_id: FromPath[UUID],
    pages: NamedDependency[Pages],
    position: PositionToken = None,
    locale: Locale = None,
    channel: Channel = DEFAULT_CHANNEL,
    variant: Variant = None,
) -> Shown[ProductPage]:
    """A product page: facts, images, variants with their availability, and what each costs now.

    Prices are those of somebody who isn't signed in and takes one, in minor units: by the clock, the price lists and
    the promotions in force, as the checkout asks them (`promotion_ids`; what depends on the cart or a code is not in).
    Tax is added, unless `tax_included` says that the list's price holds it. On a price that was lowered, the lowest of
    the 30 days before, of prices of the same kind.

    With `variant` the page of that SKU alone: its images, and in `axes` which SKU each other choice leads to.
    """
    as_asked = AsAsked(locales_of(request, locale), channel, variant)
    return respond(request, await pages.by_id(str(product_id), parse_position(position), as_asked))


@get("/v1/products/by-slug/{slug:str}")
@refuses(NOT_FOUND)
@leads_to(*_FROM_PAGE)
async def get_product_by_slug(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    pages: NamedDependency[Pages],
    position: PositionToken = None,
    locale: Locale = None,
    channel: Channel = DEFAULT_CHANNEL,
    variant: Variant = None,
) -> Shown[ProductPage]:
    """The page of the product with this slug."""
    as_asked = AsAsked(locales_of(request, locale), channel, variant)
    return respond(request, await pages.by_name("slug", slug, parse_position(position), as_asked))


@get("/v1/products/by-sku/{sku:str}")
@refuses(NOT_FOUND)
@leads_to(*_FROM_PAGE)
async def get_product_by_sku(
    request: Request[Any, Any, Any],
    sku: FromPath[str],
    pages: NamedDependency[Pages],
    position: PositionToken = None,
    locale: Locale = None,
    channel: Channel = DEFAULT_CHANNEL,
    variant: Variant = None,
) -> Shown[ProductPage]:
    """The page of the product that has a variant with this SKU."""
    as_asked = AsAsked(locales_of(request, locale), channel, variant)
    return respond(request, await pages.by_name("sku", sku, parse_position(position), as_asked))


@get("/v1/products/by-ean/{ean:str}")
@refuses(NOT_FOUND)
@leads_to(*_FROM_PAGE)
async def get_product_by_ean(
    request: Request[Any, Any, Any],
    ean: FromPath[str],
    pages: NamedDependency[Pages],
    position: PositionToken = None,
    locale: Locale = None,
    channel: Channel = DEFAULT_CHANNEL,
    variant: Variant = None,
) -> Shown[ProductPage]:
    """The page of the product that has a variant with this EAN."""
    as_asked = AsAsked(locales_of(request, locale), channel, variant)
    return respond(request, await pages.by_name("ean", ean, parse_position(position), as_asked))


routes = [get_product, get_product_by_slug, get_product_by_sku, get_product_by_ean]
