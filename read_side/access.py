"""Who may read what: bearer tokens checked against their read model, so that Postgres is not asked."""

from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from read_side.documents import Documents
from shared.documents.access import MODEL, KnownToken
from shared.http.problems import forbidden, unauthorized
from shared.shards import ACCESS

_known_token = msgspec.json.Decoder(KnownToken)


async def require(documents: Documents, authorization: str | None, scope: str) -> None:
    """Answer 401 unless the header holds a token we know, neither expired nor revoked; 403 without the scope."""
    token_id, secret = _parsed(authorization)
    found = await documents.find(MODEL, str(token_id), ACCESS)
    if found is None:
        raise unauthorized()
    token = _known_token.decode(found.body)
    right = compare_digest(sha256(secret.encode()).hexdigest(), token.secret_sha256)
    if not right or token.revoked or _expired(token):
        raise unauthorized()
    if scope not in token.scopes:
        raise forbidden(scope)


def requires(scope: str) -> Guard:
    """A route's guard."""

    async def guard(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        await require(connection.app.state.documents, connection.headers.get("authorization"), scope)

    return guard


def _expired(token: KnownToken) -> bool:
    return token.expires_at is not None and token.expires_at <= datetime.now(UTC)


def _parsed(authorization: str | None) -> tuple[UUID, str]:
    """Token id and secret of `Bearer db_<token id as 32 hex digits>_<secret>`."""
    scheme, _, token = (authorization or "").partition(" ")
    prefix, _, rest = token.partition("_")
    id_, _, secret = rest.partition("_")
    if scheme.lower() != "bearer" or prefix != "db" or len(id_) != 32 or not secret.isascii() or not secret:
        raise unauthorized()
    try:
        return UUID(hex=id_), secret
    except ValueError:
        raise unauthorized() from None
