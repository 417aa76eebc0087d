"""Token commands, and the check of a bearer token against the rows."""

import os
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from shared.bearer import presented, spelled
from shared.envelope import Metadata, as_json
from shared.ids import time_of, uuid7
from write_side import commands
from write_side.access import domain, store
from write_side.access.domain import Caller, UnknownToken, Wanted
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together

AT_ONCE = 500  # tokens revoked in one transaction


class IssuedToken(Struct, frozen=True):
    """A new token; the one time that it is shown."""

    id: UUID
    name: str
    scopes: list[str]
    expires_at: datetime | None
    token: str
    role: str | None = None


class TokenState(Struct, frozen=True):
    """A token after its revocation."""

    id: UUID
    revoked: bool
    issued: Annotated[int, Meta(description="revoked with it: tokens that it issued, or that these did")] = 0


class ListedToken(Struct, frozen=True):
    """A token as staff see it: its secret was shown once, and is known to nobody but its holder."""

    id: UUID
    name: str
    role: Annotated[str | None, Meta(description="the one it was issued with, if one was named")]
    scopes: list[str]
    issued_at: datetime
    expires_at: datetime | None
    revoked: bool
    actor: Annotated[str, Meta(description="what the log calls it: who did what is told by GET /v1/audit")]
    issued_by: Annotated[
        UUID | None, Meta(description="the token that issued it; null: the command line, or before this was kept")
    ]


class TokenPage(Struct, frozen=True):
    """Tokens in the order they were issued in; `next` goes on behind them, null after the last."""

    tokens: list[ListedToken]
    next: UUID | None


_state = msgspec.json.Decoder(TokenState)


async def issue_token(
    pool: Pool, name: str, scopes: list[str], expires_at: datetime | None, cause: Metadata, *,
    role: str | None = None, issuer: Caller | None = None,
) -> Answer[IssuedToken]:  # fmt: skip
    """A new token with the scopes of a role, these, or both.

    `issuer`: None for who can reach the database.

    Refuses `unknown_scope`, `unknown_role`, `no_scopes`, `scope_not_held`, `outlives_issuer`, and with `IssuerEnded`.
    """
    token_id, secret = uuid7(), os.urandom(32)
    event = domain.issue(token_id, secret, Wanted(name, scopes, role, expires_at), issuer)

    async def decide(conn: Connection) -> tuple[IssuedToken, Positions]:
        if issuer is not None:  # held: who revokes it comes before this, or sees what it issued
            domain.check_lasts(await store.share_token(conn, issuer.token_id), datetime.now(UTC))
        positions = await store.save_issued(conn, event, cause)
        text = spelled(token_id, secret)
        return IssuedToken(token_id, event.name, event.scopes, event.expires_at, text, role), positions

    return await commands.run(pool, decide)


async def revoke_token(
    pool: Pool, token_id: UUID, reason: str, cause: Metadata, *, with_issued: bool = False
) -> Answer[TokenState]:
    """It opens nothing any more; refuses `unknown_token`. A repeat changes nothing. `with_issued`: nor does what it
    issued, nor what these did; of one that was revoked before, too."""
    answer = await _revoke(pool, token_id, reason, cause)
    return await _revoke_issued(pool, token_id, reason, cause, answer.positions) if with_issued else answer


async def _revoke(pool: Pool, token_id: UUID, reason: str, cause: Metadata) -> Answer[TokenState]:

    async def decide(conn: Connection) -> tuple[TokenState, Positions]:
        token = await store.lock_token(conn, token_id)
        if token is None:
            raise UnknownToken(f"there is no token {token_id}")
        state = TokenState(token_id, revoked=True)
        if token.revoked:
            return state, {}
        return state, await store.save_revoked(conn, [token], reason, cause)

    return await commands.run(pool, decide)


async def _revoke_issued(
    pool: Pool, token_id: UUID, reason: str, cause: Metadata, positions: Positions
) -> Answer[TokenState]:
    """Some in a transaction, until there are none: their issuers are revoked by then, so that no more come. What was
    being issued meanwhile is there as soon as its issuer's row could be held."""

    async def decide(conn: Connection) -> tuple[TokenState, Positions]:
        tokens = await store.lock_issued(conn, token_id, AT_ONCE)
        said = f"{reason}; issued by way of {token_id}"
        done = await store.save_revoked(conn, tokens, said, cause) if tokens else {}
        return TokenState(token_id, revoked=True, issued=len(tokens)), done

    ended = 0
    while (answer := await commands.run(pool, decide)).positions:  # empty only if there was no token
        ended += _state.decode(answer.body).issued
        positions = together(positions, answer.positions)
    return Answer(as_json(TokenState(token_id, revoked=True, issued=ended)), positions)


async def list_tokens(conn: Connection, after: UUID | None, limit: int) -> TokenPage:
    """A page of tokens, those that open nothing any more included."""
    found = await store.page_of_tokens(conn, after, limit + 1)
    listed = [
        ListedToken(
            token.id, token.name, token.role or None, token.scopes, time_of(token.id), token.expires_at, token.revoked,
            f"token:{token.id}", token.issued_by,
        )
        for token in found[:limit]
    ]  # fmt: skip
    return TokenPage(listed, listed[-1].id if len(found) > limit else None)


async def authenticate(pool: Pool, authorization: str | None) -> Caller | None:
    """Who an Authorization header stands for, None if nobody."""
    shown = presented(authorization)
    if shown is None:
        return None
    return domain.caller_of(await store.find_token(pool, shown.token_id), shown, datetime.now(UTC))
