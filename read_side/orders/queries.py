"""An order's status and history, for its guest by signed link and for staff by token."""

import time
from hmac import compare_digest
from math import inf
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from read_side.access import require
from read_side.answers import PERSONAL, Answer
from read_side.documents import Documents, not_ready
from shared.documents.orders import STATUS, Happened, OrderStatus
from shared.http.problems import Told, not_found, unauthorized
from shared.links import ENDED, OrderLinks, order_token, signed_until
from shared.position import Position
from shared.shards import order_key

SCOPE = "orders:read"
WRONG_TOKEN = Told(403, "wrong_order_token", "This token does not open this order.")
TOKEN_ENDED = Told(
    403, "order_token_ended", "This link has ended; ask the command API for a fresh one by POST /v1/orders/links."
)
_OVER = frozenset(f"order_{state}" for state in ENDED)


class _Ending(Struct):
    """What of a status tells when its order ended."""

    state: str
    history: list[Happened]


_ending = msgspec.json.Decoder(_Ending)


class Ticket:
    """What a request shows to be let in: the signed link's token, or a staff member's."""

    __slots__ = ("authorization", "token")

    def __init__(self, token: str | None, authorization: str | None) -> None:
        self.token, self.authorization = token, authorization


async def order_status(
    documents: Documents, links: OrderLinks, order_id: str, ticket: Ticket, position: Position | None = None
) -> Answer[OrderStatus]:
    """An order with its history, by its id in the usual spelling: it isn't parsed where it is asked for most.

    Answers 401 without a token and 403 with a wrong one, both before anything is read: whether the order exists is
    only told to those whom its token, or the scope orders:read, lets in; 403 `order_token_ended` with one that has
    ended. 503 `not_ready` with a right token means that the order was placed this very moment.
    """
    until, now = inf, time.time()
    if not ticket.token:
        await _let_staff_in(documents, ticket)
    else:
        until = _until(links, ticket.token, order_id)
    fresh = position is not None  # what is kept may be from before
    found = await documents.find(STATUS, order_id, order_key(order_id), position, fresh=fresh)
    if found is None and ticket.token:
        raise not_ready()  # its token was signed when it was placed: it exists, and will be here in a moment
    if found is None:
        raise not_found("order")
    if ticket.token and until == inf and links.may_have_ended(UUID(order_id), now):
        until = _ends(links, found.body)
    if now >= until:
        raise TOKEN_ENDED.problem()
    return Answer.of(found, PERSONAL)


def _until(links: OrderLinks, token: str, order_id: str) -> float:
    """Until when a token opens an order, in Unix seconds; raises `wrong_order_token`."""
    until = signed_until(links.secret, token, order_id)
    if until is None:
        raise WRONG_TOKEN.problem()
    return until


def _ends(links: OrderLinks, body: bytes) -> float:
    """When the first token of the order with this status ends, in Unix seconds."""
    told = _ending.decode(body)
    over = [each.at.timestamp() for each in told.history if each.what in _OVER] if told.state in ENDED else []
    return links.ends(max(over, default=None))


class _Opened(NamedTuple):
    """What is said of an order that is kept, and to whom."""

    token: bytes
    ends: float  # Unix seconds
    answer: Answer[OrderStatus]


def order_at_once(
    documents: Documents, links: OrderLinks, order_id: str, token: bytes | None
) -> Answer[OrderStatus] | None:
    """The same by the token of its link, of an order that is kept. None: ask `order_status`, which also refuses."""
    lying = documents.at_once(STATUS, order_id) if token else None
    if lying is None or token is None:
        return None
    opened: _Opened | None = lying.made
    if opened is None:
        answer: Answer[OrderStatus] = Answer(lying.body, lying.etag, PERSONAL)
        signed = order_token(links.secret, order_id).encode()
        opened = lying.made = _Opened(signed, _ends(links, lying.body), answer)
    return opened.answer if compare_digest(token, opened.token) and time.time() < opened.ends else None


async def order_soon(
    documents: Documents, links: OrderLinks, order_id: str, token: bytes
) -> Answer[OrderStatus]:
    """The same by one read, mostly; whatever isn't plain goes on as `order_status` says. Nothing is read for a token
    that is not this order's."""
    opens = compare_digest(token, order_token(links.secret, order_id).encode())
    if opens and not links.may_have_ended(UUID(order_id), time.time()):
        lying = await documents.soon(STATUS, order_id)
        if lying is not None:
            return Answer(lying.body, lying.etag, PERSONAL)
    return await order_status(documents, links, order_id, Ticket(token.decode("latin-1"), None))


async def _let_staff_in(documents: Documents, ticket: Ticket) -> None:
    if ticket.authorization is None:
        raise unauthorized("An order opens with the token of its link, or a bearer token with the scope orders:read.")
    await require(documents, ticket.authorization, SCOPE)
