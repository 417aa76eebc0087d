"""Pages that are kept in the process: who asks for them gets what Redis has, whatever is written and breaks."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

import pytest
from msgspec import structs
from redis.exceptions import RedisError

from read_side.app import connect_redis, create_app
from read_side.kept import Kept, Limits
from read_side.line import Line
from read_side.multiplexer import Multiplexer
from shared.documents import products
from shared.shards import product_key
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves, a_page, position

KEY = "page:1"
LIMITS = Limits(10, 1_000_000, sure_seconds=1.0)


@pytest.fixture
async def kept(shelves: Shelves, valkey: PrivateServer) -> AsyncIterator[Kept]:
    """Ten values at most; one is there, and kept."""
    await shelves.redis.set(KEY, "one")
    redis = connect_redis(valkey.url)
    kept = Kept(redis, Multiplexer(Line(redis)), "page", LIMITS)
    working = asyncio.create_task(kept.run())
    await until(lambda: holds(kept))
    yield kept
    kept.stop()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await redis.aclose()


async def test_what_is_kept_is_given_until_it_is_written_and_all_of_it_until_redis_is_emptied(
    kept: Kept, shelves: Shelves
) -> None:
    assert await kept.name(KEY) == b"one"
    await shelves.redis.set("other:1", "not ours")
    await shelves.redis.set(KEY, "two")
    await until(lambda: gives(kept, b"two"))
    assert len(kept) == 1
    await shelves.redis.delete(KEY)
    await until(lambda: gives(kept, None))
    await shelves.redis.set(KEY, "three")
    await until(lambda: gives(kept, b"three"))
    await shelves.redis.flushall()
    await until(lambda: gives(kept, None))


async def test_a_read_that_is_overtaken_by_a_write_is_not_kept(kept: Kept, shelves: Shelves) -> None:
    await shelves.redis.set(KEY, "two")
    await until(lambda: gone(kept))
    reading = asyncio.ensure_future(kept.name(KEY))
    await asyncio.sleep(0)  # it has left its mark, and waits for Redis
    await kept.written([b"invalidate", [KEY.encode()]])
    assert await reading == b"two"
    assert len(kept) == 0


async def test_a_lost_connection_forgets_everything_and_a_new_one_begins_anew(kept: Kept, shelves: Shelves) -> None:
    [us] = [each for each in await shelves.redis.client_list() if "B" in each["flags"]]  # told of whatever is written
    await shelves.redis.client_kill(us["addr"])
    await until(lambda: gone(kept))
    await shelves.redis.set(KEY, "nobody was told")
    assert await kept.name(KEY) == b"nobody was told"
    await until(lambda: holds(kept))


async def test_while_redis_hangs_nothing_older_than_a_second_is_given(kept: Kept, shelves: Shelves) -> None:
    pid = (await shelves.redis.info("server"))["process_id"]
    os.kill(pid, signal.SIGSTOP)
    stopped_at = time.monotonic()
    try:
        with pytest.raises(RedisError):
            async with asyncio.timeout(20):
                while True:
                    asked_at = time.monotonic()
                    assert await kept.name(KEY) == b"one"
                    assert asked_at < stopped_at + 2 * LIMITS.sure_seconds  # long before the connection is given up
                    await asyncio.sleep(0.02)
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_who_waits_for_a_write_is_given_no_page_that_was_kept(
    shelves: Shelves, valkey: PrivateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_late(*_: object) -> None: ...

    monkeypatch.setattr(Kept, "written", too_late)  # the checkpoint may be seen before the word of the write is heard
    page, numbers = a_page(), count()
    await shelves.put_product(page)
    await shelves.checkpoint(products.PAGE, 5)
    async with client_of(create_app(settings_of(valkey.url, kept_pages=100))) as api:

        async def write() -> str:
            name = f"Lamp {next(numbers)}"
            await shelves.put(products.PAGE, page.id, structs.replace(page, name=name))
            return name

        async def is_given(path: str, **headers: str) -> str:
            return str((await api.get(path, headers=headers)).json()["name"])

        async def is_kept() -> bool:
            await is_given(f"/v1/products/{page.id}")
            return await write() != await is_given(f"/v1/products/{page.id}")

        await until(is_kept)
        for path in (f"/v1/products/{page.id}", f"/v1/products/by-slug/{page.slug}"):
            written = await write()
            assert await is_given(path, **position(product_key(page.id), 5)) == written
            assert await is_given(path) == written, "what was read fresher is what is kept now"


@pytest.mark.parametrize("now", [b"two", None])
async def test_what_was_read_afresh_is_followed_by_nothing_older_though_the_word_of_the_write_is_late(
    kept: Kept, shelves: Shelves, monkeypatch: pytest.MonkeyPatch, now: bytes | None
) -> None:
    async def asked(_: str) -> bytes | None:
        return now

    assert await kept.name(KEY) == b"one"
    with monkeypatch.context() as ahead:  # what Redis says to whoever asks before it tells of the write
        ahead.setattr(kept._multiplexer, "get", asked)
        assert await kept.afresh(KEY, bytes) == now
        assert await kept.name(KEY) == now


async def test_what_is_read_afresh_while_redis_tells_no_writes_is_not_kept(kept: Kept, shelves: Shelves) -> None:
    kept._forget()
    await shelves.redis.set(KEY, "two")
    assert await kept.afresh(KEY, bytes) == b"two"
    assert len(kept) == 0


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """What another connection tells takes its time."""
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.01)


async def gives(kept: Kept, value: bytes | None) -> bool:
    return await kept.name(KEY) == value


async def holds(kept: Kept) -> bool:
    await kept.name(KEY)
    return len(kept) == 1


async def gone(kept: Kept) -> bool:
    return len(kept) == 0
