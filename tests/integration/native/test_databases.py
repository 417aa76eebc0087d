"""The ground under all other tests: real servers, and each test alone on them."""

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.fixtures.databases import Databases
from tests.fixtures.private_server import PrivateServer
from write_side.schema.migrate import migrate


async def test_a_test_gets_a_migrated_database(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    try:
        assert await conn.fetchval("SELECT count(*) FROM event_log") == 0
        assert await conn.fetchval("SHOW max_prepared_transactions") == "0"
        assert await conn.fetchval("SHOW synchronous_commit") == "on"
    finally:
        await conn.close()


async def test_what_a_release_before_left_goes_with_the_next_migration(database_url: str, keyring_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    names = """SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
               UNION SELECT relname FROM pg_class WHERE relkind = 'c' AND relnamespace = 'public'::regnamespace"""
    before = {row[0] for row in await conn.fetch(names)}
    await conn.execute("CREATE TYPE of_old AS (id uuid)")
    await conn.execute("CREATE FUNCTION old(p of_old[]) RETURNS integer LANGUAGE sql AS 'SELECT cardinality(p)'")
    await migrate(database_url, keyring_url)
    assert {row[0] for row in await conn.fetch(names)} == before
    assert {"waiting_event", "event_append_waiting"} <= before
    await conn.close()


async def test_two_databases_know_nothing_of_each_other(databases: Databases) -> None:
    with databases.fresh("DATABASE_URL") as one, databases.fresh("DATABASE_URL") as other:
        there, here = await asyncpg.connect(one), await asyncpg.connect(other)
        await there.execute("CREATE TABLE only_there ()")
        with pytest.raises(asyncpg.UndefinedTableError):
            await here.fetch("SELECT FROM only_there")
        await there.close()
        await here.close()


async def test_the_keyring_is_another_server(database_url: str, keyring_url: str) -> None:
    main, keyring = await asyncpg.connect(database_url), await asyncpg.connect(keyring_url)
    query = "SELECT system_identifier FROM pg_control_system()"
    assert await main.fetchval(query) != await keyring.fetchval(query)
    await main.close()
    await keyring.close()


async def test_valkey_survives_a_kill_with_its_data(valkey: PrivateServer) -> None:
    async with Redis.from_url(valkey.url) as client:
        await client.set("kept", "yes")
        await client.waitaof(1, 0, 1000)
    valkey.kill()
    valkey.start()
    async with Redis.from_url(valkey.url) as client:
        assert await client.get("kept") == b"yes"


async def test_valkey_is_empty_for_the_next_test(valkey: PrivateServer) -> None:
    async with Redis.from_url(valkey.url) as client:
        assert await client.dbsize() == 0
