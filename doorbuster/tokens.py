"""Bearer tokens made from the command line, by whoever can reach the database."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import msgspec

from shared.ids import uuid7
from write_side import access
from write_side.access import ListedToken
from write_side.commands import cause_of
from write_side.database import open_pool

PAGE = 200


async def issue(
    database_url: str, name: str, scopes: list[str], expires_at: datetime | None = None, role: str | None = None
) -> str:
    """A new token with the scopes of a role, these, or both. Only its hash is kept: show it now or never.

    Refuses `unknown_scope`, `unknown_role`, `no_scopes`.
    """
    async with open_pool(database_url, 1, "token") as pool:
        answer = await access.issue_token(pool, name, scopes, expires_at, cause_of("cli", str(uuid7())), role=role)
    return str(msgspec.json.decode(answer.body)["token"])


async def issued(database_url: str) -> AsyncIterator[ListedToken]:
    """Every token that was ever issued, in that order."""
    after: UUID | None = None
    async with open_pool(database_url, 1, "tokens") as pool:
        while True:
            async with pool.acquire() as conn:
                page = await access.list_tokens(conn, after, PAGE)
            for token in page.tokens:
                yield token
            after = page.next
            if after is None:
                return


async def revoke(database_url: str, token_id: UUID, reason: str, *, with_issued: bool = False) -> int:
    """It opens nothing any more; with what it issued, and these did, if so said: answers how many these are. Refuses
    `unknown_token`."""
    cause = cause_of("cli", str(uuid7()))
    async with open_pool(database_url, 1, "token") as pool:
        answer = await access.revoke_token(pool, token_id, reason, cause, with_issued=with_issued)
    return int(msgspec.json.decode(answer.body)["issued"])
