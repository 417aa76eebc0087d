"""What whoever is signed in may read."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from read_side.access import requires_session
from read_side.accounts.queries import OrderHistory, OwnOrders
from read_side.answers import Shown, respond
from read_side.documents import parse_position
from read_side.parameters import PositionToken
from read_side.search.cursors import BROKEN_CURSOR
from shared.http.described import Asked, refuses
from shared.http.problems import unavailability

CREDENTIALS = {
    "session": {"type": "http", "scheme": "bearer", "description": "Of an account; the command API signs in."},
}
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Orders of a page.")]
Cursor = Annotated[
    str | None,
    QueryParameter(description="`next_cursor` of the page before.", max_length=2000),
    Asked((BROKEN_CURSOR,)),
]


@get("/v1/account/orders", guards=[requires_session])
@refuses(unavailability("elasticsearch"))
async def get_account_orders(
    request: Request[Any, Any, Any], history: NamedDependency[OrderHistory], limit: Limit = 20, cursor: Cursor = None,
    position: PositionToken = None,
) -> Shown[OwnOrders]:  # fmt: skip
    """The orders of the account, newest first: those placed signed in, and those that were claimed."""
    authorization = request.headers.get("authorization")
    return respond(request, await history.answer(authorization, limit, cursor, parse_position(position)))


routes = [get_account_orders]
