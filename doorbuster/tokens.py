"""Bearer tokens made from the command line, by whoever can reach the database."""

from datetime import datetime

import msgspec

from shared.ids import uuid7
from write_side import access
from write_side.commands import cause_of
from write_side.database import open_pool


async def issue(database_url: str, name: str, scopes: list[str], expires_at: datetime | None = None) -> str:
    """A new token with these scopes; refuses `unknown_scope`. Only its hash is kept: show it now or never."""
    async with open_pool(database_url, 1, "token") as pool:
        answer = await access.issue_token(pool, name, scopes, expires_at, cause_of("cli", str(uuid7())))
    return str(msgspec.json.decode(answer.body)["token"])
