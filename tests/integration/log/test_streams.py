"""The streams hold what readers may still want, and never so much that Valkey is full of it."""

from typing import Any

import pytest
from redis.asyncio import Redis

from shared.envelope import stream_name
from write_side import relay
from write_side.relay import Streams

WHOLE_NODES = 100  # entries: a stream is cut between nodes, so that many may be left over


@pytest.mark.parametrize(
    ("applied", "left", "first"),
    [(None, 300, 701), (200, 300, 701), (900, 100, 901)],
    ids=["nobody reads", "the slowest is far behind", "nearly all is applied"],
)
async def test_a_stream_ends_at_so_many_entries_however_far_its_slowest_reader_is_behind(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, applied: int | None, left: int, first: int
) -> None:
    monkeypatch.setattr(relay, "STREAM_AT_MOST", 300)
    async with Redis.from_url(redis_url) as redis:
        for position in range(1, 1001):
            await redis.xadd(stream_name(0), {"e": b"-"}, id=f"{position}-0")
        await Streams(redis).trim({0: applied})
        assert left <= await redis.xlen(stream_name(0)) <= left + WHOLE_NODES
        found: Any = await redis.xrange(stream_name(0), count=1)
        oldest, _ = found[0]
        assert first - WHOLE_NODES <= int(oldest.split(b"-")[0]) <= first


async def test_all_streams_are_trimmed_in_one_round_trip(redis_url: str) -> None:
    asked = []

    class Counting(Redis):
        async def execute_command(self, *arguments: Any, **options: Any) -> Any:
            asked.append(arguments)
            return await super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # the client's own

        def pipeline(self, *arguments: Any, **options: Any) -> Any:
            asked.append(("PIPELINE",))
            return super().pipeline(*arguments, **options)

    async with Counting.from_url(redis_url) as redis:
        await Streams(redis).trim(dict.fromkeys(range(4), 5))
    assert asked == [("PIPELINE",)]
