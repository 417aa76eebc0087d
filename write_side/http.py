"""What the command routes share: who calls, under which idempotency key, and how a command's answer goes out."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter, QueryParameter
from litestar.types import Guard
from msgspec import Struct

from shared.envelope import Metadata, as_json
from shared.http import correlation, tracing
from shared.http.described import Asked, Encoded, Header
from shared.http.operations import SESSION
from shared.http.problems import FieldError, Told, forbidden, unauthorized
from shared.http.rates import client_of, whose
from shared.http.slashes import SLASH
from shared.position import Position
from write_side.access import Caller, authenticate
from write_side.accounts import SignedIn, signed_in
from write_side.carts import SecretRequired, WrongSecret
from write_side.commands import Answer, Call, KeyInFlight, KeyReused, cause_of, request_hash
from write_side.orders import OrderTokenEnded, OrderTokenRequired, WrongOrderToken
from write_side.resources import Resources

GUEST = "guest"
LONGEST_KEY = 255

KEY_REQUIRED = Told(400, "idempotency_key_required", "This command needs an Idempotency-Key header.")
_KEY = HeaderParameter(
    name="Idempotency-Key",
    description="A repeat with the same key and body gets the first answer, for 24 hours.",
    schema_extra={"minLength": 1, "maxLength": LONGEST_KEY},
)
IdempotencyKey = Annotated[str | None, _KEY, Asked((KEY_REQUIRED, KeyInFlight, KeyReused), required=True)]
OptionalKey = Annotated[str | None, _KEY, Asked((KEY_REQUIRED, KeyInFlight, KeyReused))]
After = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]
_SAID = {"minLength": 1}
CartSecret = Annotated[
    str | None,
    HeaderParameter(name="Cart-Secret", description="Opens the cart; shown when it was opened.", schema_extra=_SAID),
    Asked((SecretRequired, WrongSecret), required=True, credential="cartSecret"),
]
_ORDER_TOKEN = HeaderParameter(
    name="Order-Token", description="Opens the order; shown when it was placed.", schema_extra=_SAID
)
_ORDER_REFUSALS = (OrderTokenRequired, WrongOrderToken, OrderTokenEnded)
OrderToken = Annotated[str | None, _ORDER_TOKEN, Asked(_ORDER_REFUSALS, required=True, credential="orderToken")]
OptionalOrderToken = Annotated[str | None, _ORDER_TOKEN, Asked(_ORDER_REFUSALS, credential="orderToken")]
Device = Annotated[
    str,
    HeaderParameter(
        name="Device-Id", description="A random word that this browser keeps; only a keyed hash of it is stored.",
        schema_extra={"maxLength": 100},
    ),
]  # fmt: skip
# What opens a guest's cart or order is told of as a header to send and as a way to be let in.
CREDENTIALS = {
    "cartSecret": {"type": "apiKey", "in": "header", "name": "Cart-Secret", "description": "Shown when it is opened."},
    "orderToken": {"type": "apiKey", "in": "header", "name": "Order-Token", "description": "Shown when it is placed."},
    SESSION: {"type": "http", "scheme": "bearer", "description": "Of an account; POST /v1/sessions signs in."},
}

State = TypeVar("State", bound=Struct)
Connection = ASGIConnection[Any, Any, Any, Any]
CALLER = "doorbuster.caller"
SIGNED_IN = "doorbuster.signed_in"


def requires(scope: str) -> Guard:
    """A guard: 401 without a valid bearer token, 403 without the scope; runs before the body is read."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        caller = await caller_of(connection)
        if caller is None:
            raise unauthorized()
        if scope not in caller.scopes:
            raise forbidden(scope)
        connection.scope["state"][CALLER] = caller

    guard.required_scope = scope  # type: ignore[attr-defined]
    return guard


def check_scope(request: Connection, scope: str) -> None:
    """Where it depends on what is asked: 403 unless the caller, whom a guard let in, has this scope, too."""
    if not has_scope(request, scope):
        raise forbidden(scope)


def has_scope(request: Connection, scope: str) -> bool:
    """Whether the caller, whom a guard let in, has this scope, too."""
    return scope in request.scope["state"][CALLER].scopes


async def requires_session(connection: Connection, _: BaseRouteHandler) -> None:
    """A guard: 401 without the session of an account; runs before the body is read. `session` tells whose it is."""
    if await session_of(connection) is None:
        raise unauthorized("This needs the session of an account: sign in.")


requires_session.required_session = True  # type: ignore[attr-defined]


async def session_of(connection: Connection) -> SignedIn | None:
    """Who is signed in, None for a guest; with the groups that prices, limits and rules go by. Asked once a request."""
    known = connection.scope["state"]
    if SIGNED_IN not in known:
        known[SIGNED_IN] = await signed_in(connection.app.state.pool, connection.headers.get("authorization"))
    found: SignedIn | None = known[SIGNED_IN]
    return found


def session(request: Connection) -> SignedIn:
    """Who is signed in, where a guard let nobody else in."""
    found: SignedIn | None = request.scope["state"][SIGNED_IN]
    assert found is not None
    return found


def client(request: Connection, own: Resources) -> str:
    """Whom tries are counted for: an address, or of IPv6 its network."""
    header = own.settings.client_address_header.lower().encode()
    return whose(client_of(request.scope, header))  # type: ignore[arg-type]


async def caller_of(connection: Connection) -> Caller | None:
    """Who a request's bearer token stands for, None without a valid one."""
    return await authenticate(connection.app.state.pool, connection.headers.get("authorization"))


def may(request: Connection, scope: str) -> bool:
    """Whether the caller that a guard let in has a further scope."""
    caller: Caller | None = request.scope["state"].get(CALLER)
    return caller is not None and scope in caller.scopes


def let_in(request: Connection) -> Caller:
    """The caller that a guard let in."""
    caller: Caller = request.scope["state"][CALLER]
    return caller


def actor_of(request: Connection) -> str:
    """Who goes into the metadata: the caller that a guard let in, or who is signed in, else a guest."""
    known = request.scope["state"]
    caller: Caller | SignedIn | None = known.get(CALLER) or known.get(SIGNED_IN)
    return GUEST if caller is None else caller.actor


def cause(request: Connection) -> Metadata:
    """The metadata of the events that this request causes."""
    return caused_by(actor_of(request), request.headers.get("traceparent"))


def caused_by(actor: str, traceparent: str | None) -> Metadata:
    """The metadata of what the request under way causes, whose header `traceparent` this is."""
    return cause_of(actor, correlation.current(), tracing.current() or tracing.accepted(traceparent))


class Nothing(Struct, frozen=True):
    """The body of a command that has none."""


def idempotent(request: Connection, key: str | None, body: Struct, *, actor: str | None = None) -> Call:
    """The idempotent call that this request is; 400 `idempotency_key_required` without a key of 1 to 255 characters.

    `actor` narrows the key to one guest (their cart or order), since all guests share one name.
    """
    route = f"{request.scope['method']} {request.scope['path'].replace(SLASH, '%2F')}"  # type: ignore[typeddict-item]
    return call_of(actor or actor_of(request), route, key, body)


def call_of(actor: str, route: str, key: str | None, body: Struct) -> Call:
    """The idempotent call of whoever asks a route; refuses as `idempotent` does."""
    if key is None or not 0 < len(key) <= LONGEST_KEY:
        detail = f"This command needs an Idempotency-Key header of 1 to {LONGEST_KEY} characters."
        errors = [FieldError("Idempotency-Key", "required", "missing, empty or too long")]
        raise KEY_REQUIRED.problem(detail, errors=errors)
    return Call(actor, route, key, request_hash(body))


def repeatable(request: Connection, key: str | None, body: Struct, *, actor: str | None = None) -> Call | None:
    """The idempotent call that this request is, None without an Idempotency-Key."""
    return None if key is None else idempotent(request, key, body, actor=actor)


class Answered(Encoded[State]):
    """A command's answer: the new state."""

    told: ClassVar[Sequence[Header]] = (
        Header("Position", "A query that carries it sees this change; missing if there is none.", {"type": "string"}),
        Header("Idempotent-Replayed", "The first answer to this Idempotency-Key, once more.", {"const": "true"}),
    )


def answered(request: Connection, answer: Answer[State], status: int = 200) -> Answered[State]:
    """A command's answer, with the Position a query may carry to see it."""
    headers = said(answer, request.app.state.epoch)
    return Answered(answer.body, status_code=status, headers=headers, media_type="application/json")


def said(answer: Answer[Any], epoch: int) -> dict[str, str]:
    """What goes with a command's answer; `epoch` is the store's."""
    headers = {}
    if answer.positions:
        headers["Position"] = Position(epoch, answer.positions).token()
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return headers


class Shown(Encoded[State]):
    """Something as the write side has it, for nobody to keep."""

    told: ClassVar[Sequence[Header]] = (
        Header("Cache-Control", "Nobody is to keep it.", {"const": "no-store"}, always=True),
    )


def shown(state: State, status: int = 200) -> Shown[State]:
    """A state as it is now."""
    headers = {"Cache-Control": "no-store"}
    return Shown(as_json(state), status_code=status, headers=headers, media_type="application/json")
