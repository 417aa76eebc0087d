"""The SQL of tokens."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from shared.envelope import Metadata
from shared.events.access import TokenIssued, TokenRevoked
from shared.shards import ACCESS
from write_side import event_log
from write_side.access.domain import Token
from write_side.database import Connection, Pool, among, overwrite
from write_side.event_log import NewEvent, Positions

_COLUMNS = "id, name, secret_sha256, scopes, expires_at, revoked, version, role, issued_by"


async def find_token(conn: Connection | Pool, token_id: UUID) -> Token | None:
    """A token by its id."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM access_token WHERE id = $1", token_id)  # noqa: S608
    return None if row is None else msgspec.convert(dict(row), Token)


async def lock_token(conn: Connection, token_id: UUID) -> Token | None:
    """The same, held until the transaction ends."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM access_token WHERE id = $1 FOR UPDATE", token_id)  # noqa: S608
    return None if row is None else msgspec.convert(dict(row), Token)


async def share_token(conn: Connection, token_id: UUID) -> Token | None:
    """The same, which nobody revokes until the transaction ends, and several may hold so."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM access_token WHERE id = $1 FOR SHARE", token_id)  # noqa: S608
    return None if row is None else msgspec.convert(dict(row), Token)


async def lock_issued(conn: Connection, token_id: UUID, limit: int) -> list[Token]:
    """Some that it issued, or these did, and that aren't revoked, held until the transaction ends. What is just being
    issued is missing, unless somebody has waited for its issuer's row."""
    query = f"""WITH RECURSIVE below AS (
                    SELECT id FROM access_token WHERE issued_by = $1
                    UNION SELECT t.id FROM access_token t JOIN below b ON t.issued_by = b.id)
                SELECT {_COLUMNS} FROM access_token WHERE id IN (SELECT id FROM below) AND NOT revoked
                ORDER BY id LIMIT $2 FOR UPDATE"""  # noqa: S608
    return [msgspec.convert(dict(row), Token) for row in await conn.fetch(query, token_id, limit)]


async def save_issued(conn: Connection, event: TokenIssued, cause: Metadata) -> Positions:
    """A new token's row and event."""
    await conn.execute(
        """INSERT INTO access_token (id, name, secret_sha256, scopes, expires_at, role, issued_by, version)
           VALUES ($1, $2, $3, $4, $5, $6, $7, 1)""",
        event.token_id, event.name, event.secret_sha256, event.scopes, event.expires_at, event.role, event.issued_by,
    )  # fmt: skip
    return await event_log.append(conn, [NewEvent("access_token", event.token_id, 1, ACCESS, event)], cause)


async def save_revoked(conn: Connection, tokens: Sequence[Token], reason: str, cause: Metadata) -> Positions:
    """The rows of tokens that open nothing any more, held by the caller, and their events."""
    query = "UPDATE access_token SET revoked = true, version = version + 1 WHERE id = ANY ($1)"
    await conn.execute(query, [token.id for token in tokens])
    revoked = [(token, TokenRevoked(token.id, reason)) for token in tokens]
    new = [NewEvent("access_token", token.id, token.version + 1, ACCESS, event) for token, event in revoked]
    return await event_log.append(conn, new, cause)


async def page_of_tokens(conn: Connection, after: UUID | None, limit: int) -> list[Token]:
    """The tokens behind one of them, in the order they were issued in."""
    query = f"SELECT {_COLUMNS} FROM access_token WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2"  # noqa: S608
    return [msgspec.convert(dict(row), Token) for row in await conn.fetch(query, after, limit)]


async def names_of(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What tokens are called."""
    rows = await conn.fetch("SELECT id, name FROM access_token WHERE id = ANY ($1)", ids)
    return {row["id"]: row["name"] for row in rows}


async def all_tokens(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Token]:
    """Every token's row, or those of some, for the comparison with the log."""
    rows = await conn.fetch(*among(f"SELECT {_COLUMNS} FROM access_token", ids))  # noqa: S608
    return [msgspec.convert(dict(row), Token) for row in rows]


async def rewrite_token(conn: Connection, token: Token) -> None:
    """Make the row say this; for a repair."""
    await overwrite(conn, "access_token", msgspec.structs.asdict(token))
