"""Reads from a Redis that hangs: the first ones find out, the others don't wait."""

import asyncio

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer

from read_side.line import Line, Values
from read_side.multiplexer import LeftAlone, Multiplexer
from shared.breaker import FAILURES
from tests.fixtures.private_server import PrivateServer


class Patient(Line):
    """Counts the reads that Redis is asked for."""

    asked = 0

    async def mget(self, keys: list[str]) -> Values:
        self.asked += 1
        return await super().mget(keys)


async def failure(reads: Multiplexer) -> type[BaseException] | None:
    try:
        await reads.get("a")
    except RedisError as error:
        return type(error)
    return None


async def test_who_reads_while_redis_hangs_does_not_wait_for_it_and_nobody_has_to_say_that_it_is_back(
    valkey: PrivateServer,
) -> None:
    async with Redis.from_url(valkey.url, socket_timeout=0.5) as redis:
        patient = Patient(redis)
        reads = Multiplexer(patient)
        await redis.set("a", "1")
        valkey.pause()
        try:
            assert [await failure(reads) for _ in range(FAILURES)] == [NoAnswer] * FAILURES
            failed = [await failure(reads)]
            while patient.asked == FAILURES:  # until the first probe
                await asyncio.sleep(0.01)
                failed.append(await failure(reads))
            failed += [await failure(reads) for _ in range(100)]
            assert set(failed) == {LeftAlone}, "a probe goes beside the reads: none of them waits for it"
            assert patient.asked <= FAILURES + 3, "one at a time"
        finally:
            valkey.resume()
        async with asyncio.timeout(30):
            while await failure(reads):
                await asyncio.sleep(0.01)
        assert await reads.get_many(["a", "b"]) == [b"1", None]


async def test_a_refusal_is_an_answer(valkey: PrivateServer) -> None:
    async with Redis.from_url(valkey.url, decode_responses=False) as redis:
        await redis.acl_setuser("mute", enabled=True, nopass=True, commands=["-@all", "+client", "+hello"])
        async with Redis.from_url(valkey.url, username="mute", password="x") as mute:
            reads = Multiplexer(Line(mute))
            failed = {await failure(reads) for _ in range(FAILURES + 3)}
        await redis.acl_deluser("mute")
    assert LeftAlone not in failed
    assert None not in failed
