"""Stock over HTTP."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from read_side.access import requires
from read_side.answers import Shown, respond
from read_side.documents import Documents, parse_position
from read_side.parameters import PositionToken
from read_side.stock.queries import MOST, ManyStocks, shopper_stock, shopper_stocks, staff_stock
from shared.documents.stock import ShopperStock, StaffStock
from shared.http.described import Link, leads_to, refuses
from shared.http.problems import NOT_FOUND

_MANY = QueryParameter(
    name="sku", description="Several by repeating the parameter.", schema_extra={"minItems": 1, "maxItems": MOST}
)
Skus = Annotated[list[str], _MANY]


@get("/v1/stock/{sku:str}")
@refuses(NOT_FOUND)
async def get_stock(
    request: Request[Any, Any, Any],
    sku: FromPath[str],
    documents: NamedDependency[Documents],
    position: PositionToken = None,
) -> Shown[ShopperStock]:
    """Whether a SKU is in, low or out."""
    return respond(request, await shopper_stock(documents, sku, parse_position(position)))


@get("/v1/stock")
@leads_to(Link("get_stock", {"sku": "/items/0/sku"}))
async def get_stocks(
    request: Request[Any, Any, Any],
    skus: Skus,
    documents: NamedDependency[Documents],
    position: PositionToken = None,
) -> Shown[ManyStocks[ShopperStock]]:
    """Several SKUs at once: `items` in the order asked, `unknown` ones by name."""
    return respond(request, await shopper_stocks(documents, skus, parse_position(position)))


@get("/v1/staff/stock/{sku:str}", guards=[requires("stock:read")])
@refuses(NOT_FOUND)
async def get_staff_stock(
    request: Request[Any, Any, Any],
    sku: FromPath[str],
    documents: NamedDependency[Documents],
    position: PositionToken = None,
) -> Shown[StaffStock]:
    """Numbers of a SKU per warehouse and summed (scope stock:read)."""
    return respond(request, await staff_stock(documents, sku, parse_position(position)))


routes = [get_stock, get_stocks, get_staff_stock]
