"""What the command routes share: who calls, under which idempotency key, and how a command's answer goes out."""

from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard
from msgspec import Struct

from shared.envelope import Metadata
from shared.http import correlation, tracing
from shared.http.problems import FieldError, Problem, forbidden, unauthorized
from shared.position import Position
from write_side.access import Caller, authenticate
from write_side.commands import Answer, Call, cause_of, request_hash

GUEST = "guest"
LONGEST_KEY = 255

Connection = ASGIConnection[Any, Any, Any, Any]
CALLER = "doorbuster.caller"


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


async def caller_of(connection: Connection) -> Caller | None:
    """Who a request's bearer token stands for, None without a valid one."""
    return await authenticate(connection.app.state.pool, connection.headers.get("authorization"))


def actor_of(request: Connection) -> str:
    """Who goes into the metadata: the caller that a guard let in, else a guest."""
    caller: Caller | None = request.scope["state"].get(CALLER)
    return GUEST if caller is None else caller.actor


def cause(request: Connection) -> Metadata:
    """The metadata of the events that this request causes."""
    traceparent = tracing.current() or tracing.accepted(request.headers.get("traceparent"))
    return cause_of(actor_of(request), correlation.current(), traceparent)


def idempotent(request: Connection, body: Struct, *, actor: str | None = None) -> Call:
    """The idempotent call that this request is; 400 `idempotency_key_required` without the header.

    `actor` narrows the key to one guest (their cart or order), since all guests share one name.
    """
    key = request.headers.get("idempotency-key", "")
    if not 0 < len(key) <= LONGEST_KEY:
        detail = f"This command needs an Idempotency-Key header of 1 to {LONGEST_KEY} characters."
        raise Problem(
            400, "idempotency_key_required", detail,
            errors=[FieldError("Idempotency-Key", "required", "missing, empty or too long")],
        )  # fmt: skip
    route = f"{request.scope['method']} {request.scope['path']}"  # type: ignore[typeddict-item]
    return Call(actor or actor_of(request), route, key, request_hash(body))


def answered(request: Connection, answer: Answer, status: int = 200) -> Response[bytes]:
    """A command's answer, with the Position a query may carry to see it."""
    headers = {}
    if answer.positions:
        headers["Position"] = Position(request.app.state.epoch, answer.positions).token()
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(answer.body, status_code=status, headers=headers, media_type="application/json")
