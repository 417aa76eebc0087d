"""One connection for many reads: what happens to it, and whose answer is whose."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as NoAnswer

from read_side.line import Line
from tests.fixtures.private_server import PrivateServer


async def connections(redis: "Redis") -> int:
    return len(await redis.client_list())


async def test_a_connection_that_was_closed_over_there_is_made_anew_and_nobody_notices(valkey: PrivateServer) -> None:
    async with Redis.from_url(valkey.url, socket_timeout=5) as redis, Redis.from_url(valkey.url) as other:
        line = Line(redis)
        await other.set("a", "1")
        assert await line.mget(["a", "b"]) == [b"1", None]
        before = await connections(other)
        for _ in range(3):
            await other.client_kill_filter(skipme=True)
            assert await line.mget(["b", "a"]) == [None, b"1"]
        assert await connections(other) == before, "none is left behind"


async def test_an_answer_that_comes_too_late_is_nobodys(valkey: PrivateServer) -> None:
    async with Redis.from_url(valkey.url, socket_timeout=1.5) as redis:
        await is_nobodys_if_late(redis, valkey)


async def is_nobodys_if_late(redis: "Redis", valkey: PrivateServer) -> None:
    """An answer that a client of this server doesn't wait for."""
    await redis.mset({"a": "1", "b": "2"})
    line = Line(redis)
    assert await line.mget(["a"]) == [b"1"]
    valkey.pause()
    try:
        with pytest.raises(NoAnswer):
            await line.mget(["a"])
    finally:
        valkey.resume()
    assert await line.mget(["b"]) == [b"2"]


async def test_whoever_goes_away_while_redis_thinks_leaves_no_answer_behind(valkey: PrivateServer) -> None:
    async with Redis.from_url(valkey.url, socket_timeout=5) as redis, Redis.from_url(valkey.url) as other:
        await other.mset({"a": "1", "b": "2"})
        line = Line(redis)
        assert await line.mget(["a"]) == [b"1"]
        valkey.pause()
        asked = asyncio.create_task(line.mget(["a"]))
        await asyncio.sleep(0)  # it is on its way
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        later = asyncio.create_task(line.mget(["b"]))
        await asyncio.sleep(0.05)
        valkey.resume()
        assert await later == [b"2"]


async def test_a_refusal_leaves_the_connection_as_it_was(valkey: PrivateServer) -> None:
    async with Redis.from_url(valkey.url) as redis, Redis.from_url(valkey.url) as other:
        await other.set("a", "1")
        line = Line(redis)
        await line.mget(["a"])
        before = {each["id"] for each in await other.client_list()}
        with pytest.raises(ResponseError, match="wrong number of arguments"):
            await line.mget([])
        assert await line.mget(["a"]) == [b"1"]
        assert {each["id"] for each in await other.client_list()} == before


async def test_closing_the_client_closes_it_without_waiting_for_anybody(valkey: PrivateServer) -> None:
    redis = Redis.from_url(valkey.url, socket_timeout=30)
    line = Line(redis)
    await line.mget(["a"])
    async with asyncio.timeout(5):
        await redis.aclose()


async def test_where_nobody_listens_that_is_said(valkey: PrivateServer) -> None:
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.5) as redis:
        with pytest.raises(NoConnection):
            await Line(redis).mget(["a"])
