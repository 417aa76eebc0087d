"""Tokens over HTTP (scope access:write). The first one is made by `doorbuster token`."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from shared.http.described import Link, leads_to, refuses
from shared.http.problems import unauthorized
from write_side.access.domain import (
    ROLES,
    SCOPES,
    ExpiryOutOfRange,
    IssuerEnded,
    NoScopes,
    OutlivesIssuer,
    ScopeNotHeld,
    UnknownRole,
    UnknownScope,
    UnknownToken,
    check_expiry,
)
from write_side.access.handlers import (
    IssuedToken,
    TokenPage,
    TokenState,
    issue_token,
    list_tokens,
    revoke_token,
)
from write_side.http import After, Answered, Shown, answered, cause, let_in, requires, shown
from write_side.resources import Own

Scope = Annotated[str, Meta(extra_json_schema={"enum": list(SCOPES)})]
Role = Annotated[str, Meta(extra_json_schema={"enum": list(ROLES)})]
MOST = 200
WithIssued = Annotated[
    bool, QueryParameter(description="Also all that it issued, and that these did; of a revoked one, too.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="Tokens per page, at most.")]


class NewToken(Struct, forbid_unknown_fields=True):
    """`{"name": "importer", "scopes": ["catalog:write"], "expires_at": "2027-01-01T00:00:00Z"}`, or with a role,
    `{"name": "Ada", "role": "support"}`: the role's scopes and those named beside it."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Meta(max_length=100)] = []
    role: Role | None = None
    # Without a time zone row and event would say different times.
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


@post("/v1/tokens", guards=[requires("access:write")])
@refuses(UnknownScope, UnknownRole, NoScopes, ScopeNotHeld, OutlivesIssuer, ExpiryOutOfRange)
@leads_to(Link("delete_token", {"token_id": "/id"}))
async def post_token(
    request: Request[Any, Any, Any], data: JSONBody[NewToken], own: Own
) -> Answered[IssuedToken]:
    """Issue a bearer token. The answer shows it once; only its hash is kept. Nobody issues one that opens more than
    their own, or for longer."""
    if data.expires_at is not None:
        check_expiry(data.expires_at, datetime.now(UTC))
    try:
        answer = await issue_token(
            own.pool, data.name, data.scopes, data.expires_at, cause(request), role=data.role, issuer=let_in(request)
        )
    except IssuerEnded as ended:
        raise unauthorized(ended.detail) from None
    return answered(request, answer, 201)


@get("/v1/tokens", guards=[requires("access:read")])
@leads_to(Link("get_tokens", {"after": "/next"}))
async def get_tokens(own: Own, after: After = None, limit: Limit = 100) -> Shown[TokenPage]:
    """Who holds which token, with which role and scopes, since when; revoked ones included. It shows no secret."""
    async with own.pool.acquire() as conn:
        return shown(await list_tokens(conn, after, limit))


@delete("/v1/tokens/{token_id:uuid}", status_code=200, guards=[requires("access:write")])
@refuses(UnknownToken)
async def delete_token(
    request: Request[Any, Any, Any], token_id: FromPath[UUID], own: Own, with_issued: WithIssued = False
) -> Answered[TokenState]:
    """Revoke a token: from now on it opens nothing on this API, and within the event lag nothing on the query API. What
    it issued stays, unless that is to go with it."""
    said = "revoked over HTTP"
    return answered(request, await revoke_token(own.pool, token_id, said, cause(request), with_issued=with_issued))


routes = [post_token, get_tokens, delete_token]
