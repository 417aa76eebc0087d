"""Token commands, and the check of a bearer token against the rows."""

import os
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from shared.bearer import presented, spelled
from shared.envelope import Metadata
from shared.events.access import TokenRevoked
from shared.ids import uuid7
from write_side import commands
from write_side.access import domain, store
from write_side.access.domain import Caller, UnknownToken
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.event_log import Positions


class IssuedToken(Struct, frozen=True):
    """A new token; the one time that it is shown."""

    id: UUID
    name: str
    scopes: list[str]
    expires_at: datetime | None
    token: str


class TokenState(Struct, frozen=True):
    """A token after its revocation."""

    id: UUID
    revoked: bool


async def issue_token(
    pool: Pool, name: str, scopes: list[str], expires_at: datetime | None, cause: Metadata
) -> Answer[IssuedToken]:
    """A new token with these scopes; refuses `unknown_scope`."""
    token_id, secret = uuid7(), os.urandom(32)
    event = domain.issue(token_id, name, secret, scopes, expires_at)

    async def decide(conn: Connection) -> tuple[IssuedToken, Positions]:
        positions = await store.save_issued(conn, event, cause)
        text = spelled(token_id, secret)
        return IssuedToken(token_id, name, event.scopes, expires_at, text), positions

    return await commands.run(pool, decide)


async def revoke_token(pool: Pool, token_id: UUID, reason: str, cause: Metadata) -> Answer[TokenState]:
    """It opens nothing any more; refuses `unknown_token`. A repeat changes nothing."""

    async def decide(conn: Connection) -> tuple[TokenState, Positions]:
        token = await store.lock_token(conn, token_id)
        if token is None:
            raise UnknownToken(f"there is no token {token_id}")
        state = TokenState(token_id, revoked=True)
        if token.revoked:
            return state, {}
        return state, await store.save_revoked(conn, token, TokenRevoked(token_id, reason), cause)

    return await commands.run(pool, decide)


async def authenticate(pool: Pool, authorization: str | None) -> Caller | None:
    """Who an Authorization header stands for, None if nobody."""
    shown = presented(authorization)
    if shown is None:
        return None
    return domain.caller_of(await store.find_token(pool, shown.token_id), shown, datetime.now(UTC))
