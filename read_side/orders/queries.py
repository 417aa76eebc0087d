"""An order's status and history, for its guest by signed link and for staff by token."""

from hmac import compare_digest
from typing import NamedTuple

from read_side.access import require
from read_side.answers import PERSONAL, Answer
from read_side.documents import Documents, not_ready
from shared.documents.orders import STATUS, OrderStatus
from shared.http.problems import Told, not_found, unauthorized
from shared.links import opens_order, order_token
from shared.position import Position
from shared.shards import order_key

SCOPE = "orders:read"
WRONG_TOKEN = Told(403, "wrong_order_token", "This token does not open this order.")


class Ticket:
    """What a request shows to be let in: the signed link's token, or a staff member's."""

    __slots__ = ("authorization", "token")

    def __init__(self, token: str | None, authorization: str | None) -> None:
        self.token, self.authorization = token, authorization


async def order_status(
    documents: Documents, link_secret: str, order_id: str, ticket: Ticket, position: Position | None = None
) -> Answer[OrderStatus]:
    """An order with its history, by its id in the usual spelling: it isn't parsed where it is asked for most.

    Answers 401 without a token and 403 with a wrong one, both before anything is read: whether the order exists is
    only told to those whom its token, or the scope orders:read, lets in. 503 `not_ready` with a right token means that
    the order was placed this very moment.
    """
    if not ticket.token:
        await _let_staff_in(documents, ticket)
    elif not opens_order(link_secret, ticket.token, order_id):
        raise WRONG_TOKEN.problem()
    fresh = position is not None  # what is kept may be from before
    found = await documents.find(STATUS, order_id, order_key(order_id), position, fresh=fresh)
    if found is None and ticket.token:
        raise not_ready()  # its token was signed when it was placed: it exists, and will be here in a moment
    if found is None:
        raise not_found("order")
    return Answer.of(found, PERSONAL)


class _Opened(NamedTuple):
    """What is said of an order that is kept, and to whom."""

    token: bytes
    answer: Answer[OrderStatus]


def order_at_once(
    documents: Documents, link_secret: str, order_id: str, token: bytes | None
) -> Answer[OrderStatus] | None:
    """The same by the token of its link, of an order that is kept. None: ask `order_status`, which also refuses."""
    lying = documents.at_once(STATUS, order_id) if token else None
    if lying is None or token is None:
        return None
    opened: _Opened | None = lying.made
    if opened is None:
        answer: Answer[OrderStatus] = Answer(lying.body, lying.etag, PERSONAL)
        opened = lying.made = _Opened(order_token(link_secret, order_id).encode(), answer)
    return opened.answer if compare_digest(token, opened.token) else None


async def _let_staff_in(documents: Documents, ticket: Ticket) -> None:
    if ticket.authorization is None:
        raise unauthorized("An order opens with the token of its link, or a bearer token with the scope orders:read.")
    await require(documents, ticket.authorization, SCOPE)
