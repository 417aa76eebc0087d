"""Orders over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, QueryParameter

from read_side.answers import respond
from read_side.documents import Documents, parse_position
from read_side.orders.queries import Ticket, order_status
from read_side.parameters import PositionToken
from shared.settings import Settings

LinkToken = Annotated[str | None, QueryParameter(name="token", description="From the signed link.")]
HeaderToken = Annotated[str | None, HeaderParameter(name="Order-Token", description="The same, kept out of the URL.")]


@get("/v1/orders/{order_id:uuid}", tags=["orders"], security=[{}, {"bearer": []}])
async def get_order(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    documents: NamedDependency[Documents],
    settings: NamedDependency[Settings],
    token: LinkToken = None,
    order_token: HeaderToken = None,
    position: PositionToken = None,
) -> Response[bytes]:
    """An order's state, lines, totals (minor units) and history. Opens with the token of its link, or orders:read.

    401 without any token, 403 with a wrong one, whether the order exists or not.
    """
    ticket = Ticket(order_token or token, request.headers.get("authorization"))
    answer = await order_status(documents, settings.link_secret, order_id, ticket, parse_position(position))
    return respond(request, answer)


routes = [get_order]
