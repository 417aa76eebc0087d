"""Who may read what: bearer tokens checked against their read model, so that Postgres is not asked."""

from datetime import UTC, datetime

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from read_side.documents import Documents
from shared.bearer import opens, presented
from shared.documents.access import MODEL, KnownToken
from shared.http.problems import forbidden, unauthorized
from shared.shards import ACCESS

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
