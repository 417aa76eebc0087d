"""Who may read what: bearer tokens checked against their read model, so that Postgres is not asked."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from read_side.documents import Documents
from shared.bearer import SESSION, opens, presented
from shared.documents.access import MODEL, KnownToken
from shared.documents.accounts import MODEL as SESSIONS
from shared.documents.accounts import KnownSession
from shared.http.problems import forbidden, unauthorized
from shared.shards import ACCESS, session_key

_known_session = msgspec.json.Decoder(KnownSession)
_known_token = msgspec.json.Decoder(KnownToken)


async def require(documents: Documents, authorization: str | None, scope: str) -> None:
    """Answer 401 unless the header holds a token we know, neither expired nor revoked; 403 without the scope."""
    shown = presented(authorization)
    if shown is None:
        raise unauthorized()
    found = await documents.find(MODEL, str(shown.token_id), ACCESS)
    if found is None:
        raise unauthorized()
    token = _known_token.decode(found.body)
    if not opens(shown, token, datetime.now(UTC)):
        raise unauthorized()
    if scope not in token.scopes:
        raise forbidden(scope)


def requires(scope: str) -> Guard:
    """A route's guard."""

    async def guard(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        await require(connection.app.state.documents, connection.headers.get("authorization"), scope)

    guard.required_scope = scope  # type: ignore[attr-defined]
    return guard


async def signed_in(documents: Documents, authorization: str | None) -> UUID:
    """The account whose session a header holds; answers 401 unless it is open."""
    shown = presented(authorization, SESSION)
    found = None if shown is None else await documents.find(SESSIONS, str(shown.token_id), session_key(shown.token_id))
    session = None if found is None else _known_session.decode(found.body)
    if shown is None or session is None or not opens(shown, session, datetime.now(UTC)):
        raise unauthorized("This needs the session of an account: sign in.")
    return session.account_id


async def requires_session(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """A route's guard: the session of an account."""
    state = connection.app.state
    await signed_in(state.documents, connection.headers.get("authorization"))


requires_session.required_session = True  # type: ignore[attr-defined]
