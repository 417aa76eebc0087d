"""What the streams still hold of the log before it was restored is not taken for this one's."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from msgspec import structs
from redis.asyncio import Redis

from projector import owner
from projector.chain import Stretch
from tests.unit.projector.test_chain import event
from write_side.relay import Streams


async def test_a_relay_drops_streams_that_end_in_another_epoch_and_no_others(redis_url: str) -> None:
    async with Redis.from_url(redis_url, protocol=2) as redis:
        streams = Streams(redis)
        await streams.append({0: [event(7, 0)]})
        await streams.drop_foreign(1, highest=9, epoch=1)
        assert await redis.exists("events:0")
        await streams.drop_foreign(1, highest=9, epoch=2)
        assert not await redis.exists("events:0"), "position 7 is another event by now"


class Taker:
    """Stands for the one pipeline of a fleet."""

    at = shard = 0

    def __init__(self) -> None:
        self.taken: list[int] = []

    def offer(self, brought: Sequence[Stretch]) -> None:
        self.taken += [stretch.upto for stretch in brought]


def test_a_projector_takes_no_event_of_another_epoch() -> None:
    taker = Taker()
    fleet: Any = SimpleNamespace(pipelines=[taker])
    old, new = event(7, 0), structs.replace(event(8, 0), epoch=2)
    owner._feed(0, fleet, 2).offer([old, new])
    assert taker.taken == [8]
