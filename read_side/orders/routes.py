"""Orders over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, QueryParameter

from read_side.answers import Shown, respond
from read_side.documents import Documents, parse_position
from read_side.orders.queries import SCOPE, TOKEN_ENDED, WRONG_TOKEN, Ticket, order_status
from read_side.parameters import PositionToken
from shared.documents.orders import OrderStatus
from shared.http.described import Asked, refuses
from shared.http.problems import MISSING_SCOPE, NOT_FOUND, UNAUTHORIZED
from shared.settings import Settings

_HEADER, _LINK = "Order-Token", "token"
_KEPT_OUT = "The same, kept out of the URL."
LinkToken = Annotated[
    str | None,
    QueryParameter(name=_LINK, description="From the signed link."),
    Asked((WRONG_TOKEN, TOKEN_ENDED), credential="orderLink"),
]
HeaderToken = Annotated[
    str | None,
    HeaderParameter(name=_HEADER, description=_KEPT_OUT, schema_extra={"minLength": 1}),
    Asked((WRONG_TOKEN, TOKEN_ENDED), credential="orderToken"),
]
CREDENTIALS = {
    "orderToken": {"type": "apiKey", "in": "header", "name": _HEADER, "description": _KEPT_OUT},
    "orderLink": {"type": "apiKey", "in": "query", "name": _LINK, "description": "From the signed link."},
}


@get("/v1/orders/{order_id:uuid}", security=[{"bearer": [SCOPE]}])
@refuses(UNAUTHORIZED, MISSING_SCOPE, NOT_FOUND)
async def get_order(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    documents: NamedDependency[Documents],
    settings: NamedDependency[Settings],
    token: LinkToken = None,
    order_token: HeaderToken = None,
    position: PositionToken = None,
) -> Shown[OrderStatus]:
    """An order's state, lines, totals (minor units) and history. Opens with the token of its link, or orders:read.

    As the read model had it less than half a second ago; with a `Position`, as it has it now. 401 without any token,
    403 with a wrong one, whether the order exists or not, and with one that has ended.
    """
    ticket = Ticket(order_token or token, request.headers.get("authorization"))
    answer = await order_status(documents, settings.order_links, str(order_id), ticket, parse_position(position))
    return respond(request, answer)


routes = [get_order]
