"""Stock over HTTP."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from read_side.access import requires
from read_side.answers import respond
from read_side.documents import Documents, parse_position
from read_side.parameters import PositionToken
from read_side.stock.queries import shopper_stock, shopper_stocks, staff_stock

Skus = Annotated[list[str], QueryParameter(name="sku", description="Up to 100, by repeating the parameter.")]


@get("/v1/stock/{sku:str}", tags=["stock"])
async def get_stock(
    request: Request[Any, Any, Any],
    sku: FromPath[str],
    documents: NamedDependency[Documents],
    position: PositionToken = None,
) -> Response[bytes]:
    """Whether a SKU is in, low or out. 404 if unknown."""
    return respond(request, await shopper_stock(documents, sku, parse_position(position)))


@get("/v1/stock", tags=["stock"])
async def get_stocks(
    request: Request[Any, Any, Any],
    skus: Skus,
    documents: NamedDependency[Documents],
    position: PositionToken = None,
) -> Response[bytes]:
    """Several SKUs at once: `items` in the order asked, `unknown` ones by name."""
    return respond(request, await shopper_stocks(documents, skus, parse_position(position)))


@get("/v1/staff/stock/{sku:str}", tags=["stock"], guards=[requires("stock:read")], security=[{"bearer": []}])
async def get_staff_stock(
    request: Request[Any, Any, Any],
    sku: FromPath[str],
    documents: NamedDependency[Documents],
    position: PositionToken = None,
) -> Response[bytes]:
    """Numbers of a SKU per warehouse and summed (scope stock:read). 404 if unknown."""
    return respond(request, await staff_stock(documents, sku, parse_position(position)))


routes = [get_stock, get_stocks, get_staff_stock]
