"""Connections to Postgres under the application's role, with the limits that keep one transaction from stopping all."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.http.pools import Pool, bounded_pool

if TYPE_CHECKING:  # generic in the stubs only
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy

Row = TypeVar("Row")

__all__ = ["Connection", "Pool", "among", "connect", "first_of", "ids_after", "open_pool", "overwrite", "replace"]

ROLE = "doorbuster_app"

LIMITS = {
    "role": ROLE,
    "synchronous_commit": "on",
    # A transaction that holds a position stops the feed for everybody: none may live longer.
    "transaction_timeout": "2s",
    "lock_timeout": "1500ms",
    "idle_in_transaction_session_timeout": "1s",
    # Statements are planned once per connection, and by the indexes that there are. Else those that take arrays are
    # planned anew at each call, which costs more than running them, and a plan made while a table was empty goes on
    # reading all of it when it is not.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}

CONNECT_SECONDS = 3.0  # a server that takes the connection and then says nothing
COMMAND_SECONDS = 5.0  # longer than the server's own limits: it is the network that is meant


def open_pool(url: str, size: int, name: str) -> Pool:
    """A pool of up to `size` connections, opened by `async with`; `name` shows in pg_stat_activity.

    Raises `TimeoutError` when no connection becomes free, or none answers, in time.
    """
    return bounded_pool(
        url, name=name, size=size, connect_seconds=CONNECT_SECONDS, command_seconds=COMMAND_SECONDS, settings=LIMITS
    )


async def connect(url: str, name: str) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection of its own, for what must not share (the relay, a lease)."""
    settings = LIMITS | {"application_name": name}
    return await asyncpg.connect(
        url, timeout=CONNECT_SECONDS, command_timeout=COMMAND_SECONDS, server_settings=settings
    )


def first_of(found: Sequence[Row], limit: int) -> tuple[list[Row], Row | None]:
    """A page of what was asked for with one more than `limit`, and its last one, if more follow."""
    shown = list(found[:limit])
    return shown, shown[-1] if len(found) > limit else None


def among(query: str, ids: Sequence[UUID] | None, column: str = "id", then: str = "") -> tuple[Any, ...]:
    """A query of all rows, or of those with these ids alone, with its arguments; `then` follows the condition."""
    return (query + then,) if ids is None else (f"{query} WHERE {column} = ANY ($1){then}", list(ids))


FIRST = UUID(int=0)


async def ids_after(conn: Connection, table: str, after: UUID = FIRST, limit: int | None = None) -> list[UUID]:
    """The ids of a table's rows above `after`, in their order; all of them, or so many."""
    query = f"SELECT id FROM {table} WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608  # a name of ours
    return [row["id"] for row in await conn.fetch(query, after, limit)]


async def uses_by_order(
    conn: Connection, table: str, owner: str, value: str, ids: Sequence[UUID] | None
) -> list[tuple[UUID, str]]:
    """What the rows of `{table}_use` say of a table's rows, all of them or these: each with a JSON object of order →
    `value`, an expression over a use `u`; `owner` is the column that tells whose a use is."""
    query = f"""SELECT o.id, coalesce(json_object_agg(u.order_id, {value}) FILTER (WHERE u.order_id IS NOT NULL),
                                      '{{}}') AS uses
                FROM {table} o LEFT JOIN {table}_use u ON u.{owner} = o.id"""  # noqa: S608
    return [(row["id"], row["uses"]) for row in await conn.fetch(*among(query, ids, "o.id", " GROUP BY o.id"))]


async def insert(conn: Connection, table: str, row: Mapping[str, Any], then: str = "") -> None:
    """A new row; `then` follows its values."""
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await conn.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}){then}", *row.values())  # noqa: S608


async def overwrite(conn: Connection, table: str, row: Mapping[str, Any], new: Mapping[str, Any] | None = None) -> None:
    """Make a row, told by its `id`, say this; `new` is what it says besides if there was none. Only repairs do so."""
    columns = {**row, **(new or {})}
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "id")
    await insert(conn, table, columns, f" ON CONFLICT (id) DO UPDATE SET {changes}")


async def replace(conn: Connection, table: str, owner: tuple[str, UUID], rows: Sequence[Mapping[str, Any]]) -> None:
    """Make these all the rows whose column has this id, such as an order's lines."""
    column, id_ = owner
    await conn.execute(f"DELETE FROM {table} WHERE {column} = $1", id_)  # noqa: S608
    for row in rows:
        await insert(conn, table, {column: id_, **row})
