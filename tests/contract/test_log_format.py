"""What SQL and Python both compute of an event must be the same, and a change of a single byte must show."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from doorbuster import verify
from shared.ids import uuid7
from shared.shards import shard_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import until_waiting
from tests.integration.inventory.test_stock import reserve, stocked
from write_side import access
from write_side.database import Connection, Pool


@pytest.mark.parametrize("shards", [1, 4, 7, 64])
async def test_sql_and_python_agree_on_the_shard_of_a_key(pool: Pool, shards: int) -> None:
    keys = [f"product:{uuid7()}" for _ in range(50)] + ["categories", "access", "destination:DE", "käse"]
    async with pool.acquire() as conn:
        found = await conn.fetch("SELECT event_shard(k, $2) AS shard FROM unnest($1::text[]) AS k", keys, shards)
    assert [row["shard"] for row in found] == [shard_of(key, shards) for key in keys]


async def append(asked: Pool | Connection, versions: list[int], aggregate: UUID | None = None) -> None:
    """These versions of one aggregate, a new one unless told, in one call."""
    count = len(versions)
    await asked.execute(
        "SELECT event_append_all($1, $2, $3, $4, $5, $6, $7, $8)",
        ["test"] * count, [aggregate or uuid7()] * count, versions, ["test"] * count, [uuid7() for _ in versions],
        ["test"] * count, [b"{}"] * count, [b"{}"] * count,
    )  # fmt: skip


@pytest.mark.parametrize("versions", [[2], [1, 3], [2, 1], [1, 2, 4, 3]])
async def test_a_version_without_the_one_before_it_is_refused(pool: Pool, versions: list[int]) -> None:
    with pytest.raises(asyncpg.PostgresError, match=r"has no version \d"):
        await append(pool, versions)
    assert await pool.fetchval("SELECT count(*) FROM event_log") == 0


async def test_versions_of_one_call_are_chained_like_those_of_many(pool: Pool) -> None:
    await append(pool, [1, 2, 3])
    rows = await pool.fetch("SELECT prev_hash, hash FROM event_log ORDER BY position")
    assert [row["prev_hash"] for row in rows] == [bytes(32), rows[0]["hash"], rows[1]["hash"]]


async def test_of_two_who_make_the_same_version_at_once_one_is_refused(pool: Pool) -> None:
    """What stands behind every lock of an aggregate's row: whoever decided from what is over writes nothing."""
    aggregate = uuid7()
    await append(pool, [1], aggregate)
    async with pool.acquire() as conn, conn.transaction():
        await append(conn, [2], aggregate)
        late = asyncio.create_task(append(pool, [2], aggregate))
        await until_waiting(pool, 1, [late])
    with pytest.raises(asyncpg.UniqueViolationError):
        await late
    assert await pool.fetchval("SELECT array_agg(aggregate_version ORDER BY position) FROM event_log") == [1, 2]


async def test_no_history_turns_back_because_a_clock_was_set_back(database_url: str) -> None:
    aggregate, owner = uuid7(), await asyncpg.connect(database_url)
    try:
        await append(owner, [1], aggregate)
        await owner.execute("UPDATE event_log SET recorded_at = recorded_at + interval '1 hour'")
        await append(owner, [2, 3], aggregate)
        rows = await owner.fetch("SELECT recorded_at FROM event_log ORDER BY position")
    finally:
        await owner.close()
    assert rows[0] == rows[1] == rows[2]


REWRITES = ["UPDATE event_log SET type = 'x'", "DELETE FROM event_log", "TRUNCATE event_log"]


@pytest.mark.parametrize("statement", REWRITES)
async def test_the_application_cannot_rewrite_history(pool: Pool, statement: str) -> None:
    async with pool.acquire() as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        "payload = set_byte(payload, 20, get_byte(payload, 20) # 1)",
        "metadata = set_byte(metadata, 5, get_byte(metadata, 5) # 1)",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "partition_key = partition_key || 'x'",
        "hash = set_byte(hash, 0, get_byte(hash, 0) # 1)",
    ],
)
async def test_one_changed_byte_of_an_event_is_found(pool: Pool, database_url: str, change: str) -> None:
    await stocked(pool, "lamp", 3)
    await reserve(pool, uuid7(), lamp=1)
    auditor = await asyncpg.connect(database_url)
    first = "SELECT * FROM event_log WHERE aggregate_type = 'stock_item' ORDER BY position LIMIT 1"
    whole = await auditor.fetchrow(first)
    assert whole is not None
    await auditor.execute(f"UPDATE event_log SET {change} WHERE position = $1", whole["position"])
    assert await verify.broken_chains(auditor) != []
    await auditor.execute(
        """UPDATE event_log SET payload = $2, metadata = $3, recorded_at = $4, partition_key = $5, hash = $6
           WHERE position = $1""",
        whole["position"], whole["payload"], whole["metadata"], whole["recorded_at"], whole["partition_key"],
        whole["hash"],
    )  # fmt: skip
    assert await verify.broken_chains(auditor) == []
    await auditor.close()


async def test_one_changed_row_is_found(pool: Pool, database_url: str) -> None:
    await stocked(pool, "lamp", 3)
    await access.issue_token(pool, "test", ["stock:read"], None, CAUSE)
    auditor = await asyncpg.connect(database_url)
    await auditor.execute("UPDATE stock_item SET on_hand = on_hand + 1")
    await auditor.execute("UPDATE access_token SET scopes = '{stock:write}'")
    found = await verify.differences(auditor)
    assert sorted(difference.where.split()[0] for difference in found) == ["access_token", "stock_item"]
    await auditor.execute("UPDATE stock_item SET on_hand = on_hand - 1")
    await auditor.execute("UPDATE access_token SET scopes = '{stock:read}'")
    await auditor.close()
