"""The SQL of accounts."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from shared.documents.orders import Address
from shared.envelope import Metadata, as_json
from shared.events.accounts import AccountEvent, SessionEnded, SessionEvent, SessionOpened, SignInFailed
from shared.shards import account_key, session_key
from write_side import event_log
from write_side.accounts import domain
from write_side.accounts.attempts import Bucket
from write_side.accounts.domain import Account, HeldAddress, Session
from write_side.database import Connection, Pool, among, overwrite
from write_side.event_log import NewEvent, Positions

_ACCOUNT = "id, person_id, mail, state, groups, addresses, default_address_id, version, locale"
_SESSION = "id, account_id, person_id, secret_sha256, expires_at, state, version"
_SELECT = f"SELECT {_ACCOUNT}, password_hash FROM account"  # noqa: S608
decoded_address = msgspec.json.Decoder(Address).decode  # of an unsealed one
_addresses = msgspec.json.Decoder(list[HeldAddress])


class Kept(NamedTuple):
    """An account, and what is kept of its password: nothing before it is confirmed."""

    account: Account
    password_hash: str | None


# --- accounts ------------------------------------------------------------------------------------------------------


async def find_of_person(conn: Connection | Pool, person_id: UUID) -> Kept | None:
    """The account of a mail address, by its person."""
    return _kept(await conn.fetchrow(f"{_SELECT} WHERE person_id = $1", person_id))


async def lock_of_person(conn: Connection, person_id: UUID) -> Kept | None:
    """The same, held until the transaction ends."""
    return _kept(await conn.fetchrow(f"{_SELECT} WHERE person_id = $1 FOR UPDATE", person_id))


async def find(conn: Connection | Pool, account_id: UUID) -> Kept | None:
    """An account by its id."""
    return _kept(await conn.fetchrow(f"{_SELECT} WHERE id = $1", account_id))


async def lock(conn: Connection, account_id: UUID) -> Kept | None:
    """The same, held until the transaction ends."""
    return _kept(await conn.fetchrow(f"{_SELECT} WHERE id = $1 FOR UPDATE", account_id))


async def save(conn: Connection, account: Account | None, event: AccountEvent) -> tuple[Account, NewEvent]:
    """An account's row after an event, and the event for the log: whoever calls appends it, last.

    Raises `asyncpg.UniqueViolationError` where the person got an account meanwhile.
    """
    after = domain.evolve(account, event, 1 if account is None else account.version + 1)
    if account is None:
        query = f"INSERT INTO account ({_ACCOUNT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"  # noqa: S608
    else:
        query = """UPDATE account SET person_id = $2, mail = $3, state = $4, groups = $5, addresses = $6,
                                      default_address_id = $7, version = $8, locale = $9 WHERE id = $1"""
    await conn.execute(query, *_columns(after).values())
    return after, NewEvent("account", after.id, after.version, account_key(after.id), event)


async def set_password(conn: Connection, account_id: UUID, password_hash: str | None) -> None:
    """Beside the account's history, which never holds one."""
    await conn.execute("UPDATE account SET password_hash = $2 WHERE id = $1", account_id, password_hash)


async def groups_of(conn: Connection, account_id: UUID | None) -> frozenset[str]:
    """The customer groups of an account; none of a guest, nor of who was erased: their cart is there, and its secret
    may be with others."""
    if account_id is None:
        return frozenset()
    query = "SELECT groups FROM account WHERE id = $1 AND state <> 'erased'"
    return frozenset(await conn.fetchval(query, account_id) or ())


async def locale_of(conn: Connection, account_id: UUID | None) -> str:
    """The language that an account's person reads; "", the shop's own, of a guest."""
    if account_id is None:
        return ""
    return str(await conn.fetchval("SELECT locale FROM account WHERE id = $1", account_id) or "")


async def persons_left(conn: Connection, persons: Sequence[UUID]) -> list[UUID]:
    """Those of these persons who have an account that was not emptied."""
    query = "SELECT person_id FROM account WHERE person_id = ANY ($1) AND state <> 'erased'"
    return [row["person_id"] for row in await conn.fetch(query, list(persons))]


async def all_accounts(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Account]:
    """Every account's row, or those of some, for the comparison with the log."""
    return [_account(row) for row in await conn.fetch(*among(_SELECT, ids))]


async def rewrite_account(conn: Connection, account: Account) -> None:
    """Make the row say this, for a repair. Where it was lost, so is the password: a link by mail sets a new one."""
    await overwrite(conn, "account", _columns(account))


def _columns(account: Account) -> dict[str, Any]:
    columns = {name: getattr(account, name) for name in account.__struct_fields__}
    return columns | {"addresses": as_json(account.addresses).decode()}


def _kept(row: asyncpg.Record | None) -> Kept | None:
    return None if row is None else Kept(_account(row), row["password_hash"])


def _account(row: asyncpg.Record) -> Account:
    return Account(
        row["id"], row["person_id"], row["mail"], row["state"], row["groups"], _addresses.decode(row["addresses"]),
        row["default_address_id"], row["version"], row["locale"],
    )  # fmt: skip


# --- sessions ------------------------------------------------------------------------------------------------------


async def find_session(conn: Connection | Pool, session_id: UUID) -> tuple[Session, list[str]] | None:
    """A session, and the groups that its account is in."""
    row = await conn.fetchrow(
        """SELECT s.id, s.account_id, s.person_id, s.secret_sha256, s.expires_at, s.state, s.version,
                  coalesce(a.groups, '{}') AS groups
           FROM account_session s LEFT JOIN account a ON a.id = s.account_id WHERE s.id = $1""",
        session_id,
    )
    return None if row is None else (Session(*list(row.values())[:7]), row["groups"])


async def insert_session(conn: Connection, event: SessionOpened | SignInFailed) -> NewEvent:
    """The row of a session, and its event for the log."""
    session = domain.evolve_session(None, event, 1)
    await conn.execute(
        f"INSERT INTO account_session ({_SESSION}) VALUES ($1, $2, $3, $4, $5, $6, $7)",  # noqa: S608
        *(getattr(session, name) for name in session.__struct_fields__),
    )
    return _of_session(session.id, 1, event)


async def end_sessions(
    conn: Connection, account_id: UUID, reason: str, *, only: UUID | None = None, but: UUID | None = None, keep: int = 0
) -> list[NewEvent]:
    """End an account's open sessions: `only` one, all `but` one, or all but the newest `keep`; their events.

    The caller holds the account's row, so that none is opened meanwhile.
    """
    rows = await conn.fetch(
        """UPDATE account_session SET state = 'ended', version = version + 1
           WHERE id IN (SELECT id FROM account_session WHERE account_id = $1 AND state = 'open'
                          AND ($2::uuid IS NULL OR id = $2) AND ($3::uuid IS NULL OR id <> $3)
                        ORDER BY id DESC OFFSET $4 FOR UPDATE)
           RETURNING id, version""",
        account_id, only, but, keep,
    )  # fmt: skip
    said = {"account_id": account_id, "reason": reason}
    return [
        _of_session(row["id"], row["version"], msgspec.convert({**said, "session_id": row["id"]}, SessionEnded))
        for row in sorted(rows, key=lambda row: row["id"])
    ]


async def count_open(conn: Connection, account_id: UUID) -> int:
    """How many sessions of an account open something."""
    query = """SELECT count(*) FROM account_session
               WHERE account_id = $1 AND state = 'open' AND expires_at > clock_timestamp()"""
    return int(await conn.fetchval(query, account_id))


async def all_sessions(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Session]:
    """Every session's row, or those of some, for the comparison with the log."""
    rows = await conn.fetch(*among(f"SELECT {_SESSION} FROM account_session", ids))  # noqa: S608
    return [Session(*row) for row in rows]


async def rewrite_session(conn: Connection, session: Session) -> None:
    """Make the row say this, for a repair."""
    await overwrite(conn, "account_session", msgspec.structs.asdict(session))


def _of_session(session_id: UUID, version: int, event: SessionEvent) -> NewEvent:
    return NewEvent("session", session_id, version, session_key(session_id), event)


async def append(conn: Connection, events: Sequence[NewEvent], cause: Metadata) -> Positions:
    """All that a command did, last in its transaction."""
    return await event_log.append(conn, events, cause)


# --- attempts ------------------------------------------------------------------------------------------------------


async def forget_old(conn: Connection, limit: int = 5000) -> int:
    """Drop letters whose time is over and buckets that are full again, so many at a time; answers how many."""
    done = 0
    for table, column in (("account_letter", "expires_at"), ("account_attempts", "full_at")):
        query = f"""DELETE FROM {table} WHERE ctid IN (
                        SELECT ctid FROM {table} WHERE {column} < clock_timestamp() LIMIT $1)"""  # noqa: S608
        done += int((await conn.execute(query, limit)).rpartition(" ")[2])
    return done


async def take(pool: Pool, buckets: Sequence[Bucket]) -> int:
    """One out of each, in a transaction of its own: it counts whatever comes of it. 0, or seconds until there is."""
    if not buckets:
        return 0
    keys, most, seconds = zip(*buckets, strict=True)
    return int(await pool.fetchval("SELECT accounts_take($1, $2, $3)", keys, most, seconds))


async def give_back(conn: Connection | Pool, keys: Sequence[str]) -> None:
    """Who turned out to be who they said has tried nothing."""
    await conn.execute(
        "UPDATE account_attempts SET taken = greatest(0, taken - 1) WHERE key = ANY ($1)", list(keys)
    )


async def empty(conn: Connection, keys: Sequence[str]) -> None:
    """As if nobody had ever tried."""
    await conn.execute("DELETE FROM account_attempts WHERE key = ANY ($1)", list(keys))
