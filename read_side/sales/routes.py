"""Doorbuster sales and their waiting rooms over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter

from read_side.answers import NEVER, Shown, respond
from read_side.documents import parse_position
from read_side.parameters import PositionToken
from read_side.sales.queries import BAD_TICKET, NOT_OPEN_YET, SALE_OVER, TICKET_REQUIRED, Sales, Turn
from read_side.sales.waiting_room import GATHERS
from read_side.search.listings import of_sale
from read_side.search.parameters import FAMILIES, SearchRequest
from read_side.search.queries import search_of
from read_side.search.results import Page
from read_side.search.routes import FROM_PAGE, REFUSALS
from shared.documents.sales import Sale
from shared.envelope import as_json
from shared.http.described import Asked, Encoded, Header, Link, leads_to, refuses
from shared.http.parameters import PREFIXES
from shared.http.problems import NOT_FOUND

_TICKET, _HELD = "Ticket", "The ticket as the waiting room last answered it."
TicketToken = Annotated[
    str | None,
    HeaderParameter(name=_TICKET, description=_HELD, schema_extra={"minLength": 1}),
    Asked((TICKET_REQUIRED, BAD_TICKET), required=True, credential="ticket"),
]
CREDENTIALS = {"ticket": {"type": "apiKey", "in": "header", "name": _TICKET, "description": _HELD}}
_TO_QUEUE = (Link("post_ticket", {"sale_id": "/id"}),)
Asking = Request[Any, Any, Any]


Place = TypeVar("Place")


class Drawn(Encoded[Place]):
    """A place in line, for nobody else."""

    told: ClassVar[Sequence[Header]] = (
        Header("Cache-Control", "Nobody is to keep it.", {"const": NEVER}, always=True),
    )


@get("/v1/sales/{sale_id:uuid}")
@refuses(NOT_FOUND)
@leads_to(*_TO_QUEUE)
async def get_sale(
    request: Asking, sale_id: FromPath[UUID], sales: NamedDependency[Sales], position: PositionToken = None
) -> Shown[Sale]:
    """A doorbuster sale: what, from when, and how fast turns come."""
    return respond(request, await sales.show(str(sale_id), parse_position(position)))


@get("/v1/sales/by-sku/{sku:str}")
@refuses(NOT_FOUND)
@leads_to(*_TO_QUEUE)
async def get_sale_by_sku(
    request: Asking, sku: FromPath[str], sales: NamedDependency[Sales], position: PositionToken = None
) -> Shown[Sale]:
    """The sale that runs with a SKU."""
    return respond(request, await sales.show_by_sku(sku, parse_position(position)))


@post("/v1/sales/{sale_id:uuid}/tickets")
@refuses(NOT_FOUND, NOT_OPEN_YET, SALE_OVER, GATHERS)
@leads_to(Link("get_turn", {"sale_id": "/sale_id", "Ticket": "/ticket"}))
async def post_ticket(sale_id: FromPath[UUID], sales: NamedDependency[Sales]) -> Drawn[Turn]:
    """Draw a place in the waiting room. Who comes before the start is drawn by lot, the others stand behind them."""
    turn = await sales.draw(str(sale_id))
    return Drawn(as_json(turn), headers={"Cache-Control": NEVER}, media_type="application/json")


@get("/v1/sales/{sale_id:uuid}/turn")
@refuses(NOT_FOUND)
async def get_turn(
    request: Asking, sale_id: FromPath[UUID], sales: NamedDependency[Sales], ticket: TicketToken = None,
    position: PositionToken = None,
) -> Shown[Turn]:  # fmt: skip
    """Whether one's turn has come, and when to ask again. Answered from memory and one read of Redis."""
    return respond(request, await sales.turn(str(sale_id), ticket, parse_position(position)))


@get("/v1/sales/{sale_id:uuid}/products", opt={PREFIXES: FAMILIES})
@refuses(NOT_FOUND, *REFUSALS)
@leads_to(*FROM_PAGE)
async def get_sale_products(
    request: Asking, sale_id: FromPath[UUID], asked: NamedDependency[SearchRequest], position: PositionToken = None
) -> Shown[Page]:
    """The products of a sale, announced, running or over, with everything that /v1/search takes."""
    return respond(request, await search_of(request).answer(asked, parse_position(position), of_sale(str(sale_id))))


routes = [get_sale, get_sale_by_sku, get_sale_products, post_ticket, get_turn]
