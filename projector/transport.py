"""Events on their way from the relay: one small interface, and Redis Streams behind it (read by FastStream).

Streams carry, the log keeps: whatever is lost here (a dropped reply, a trimmed entry, a flushed server) shows as a hole
or a late tail, and pipelines fill both from the log. So nothing is acknowledged, claimed or retried.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.annotations import RedisMessage
from faststream.redis.message import FAKE_CONSUMER, RedisBatchStreamMessage
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ResponseError

from projector import metrics
from projector.pace import until_next
from shared.cancellation import stop_if_cancelled
from shared.envelope import STREAM_FIELD, Recorded, decode, stream_name

log = logging.getLogger(__name__)

BATCH = 500
TURN_SECONDS = 0.05  # a read, and all that follows from it, costs about the same for one event as for twenty
MANY = 20  # events of a shard in one read: then a turn is twice as long, and half as dear for each
BLOCK_MILLISECONDS = 200  # also how often FastStream notices that it was stopped
WATCH_SECONDS = 0.1
GROUP = "projector"
_SILENT: Any = None  # FastStream's own lines repeat what we say

Entry = dict[bytes, bytes]


class Feed(Struct, frozen=True, eq=False):
    """Who wants the events of a shard: from which position on, and where they go."""

    shard: int
    at: Callable[[], int]
    offer: Callable[[Sequence[Recorded]], None]


class Transport(Protocol):
    """Brings the events of shards in order, as far as it can; holes are allowed, silence is allowed."""

    async def run(self, feeds: Sequence[Feed]) -> None:
        """Until cancelled, through outages of whatever it reads from."""
        ...


class RedisStreams:
    """One batch subscriber per feed. FastStream gives up for good when a group is gone, so the broker is made anew."""

    def __init__(self, url: str, consumer: str) -> None:
        self._url, self._consumer = url, consumer

    async def run(self, feeds: Sequence[Feed]) -> None:
        """See `Transport`."""
        wait = 0.1
        while True:
            stop_if_cancelled()
            broker = self._broker(feeds)
            try:
                await self._set_groups(feeds)
                await broker.start()
                wait = 0.1
                await _until_one_stops(broker)
                log.warning("a stream's group is gone: the readers start anew")
            except Exception as error:  # whatever it is, the log goes on without streams
                log.warning("the streams can't be read", extra={"error": f"{type(error).__name__}: {error}"})
            finally:
                await broker.stop()
            metrics.TRANSPORT_RESTARTS.inc()
            await asyncio.sleep(wait)
            wait = min(1.0, wait * 2)

    async def _set_groups(self, feeds: Sequence[Feed]) -> None:
        """Groups stand at our own prefix: what comes after it is delivered once more, through the ordinary read."""
        retry = Retry(NoBackoff(), 0)
        async with Redis.from_url(self._url, socket_timeout=3, socket_connect_timeout=1, retry=retry) as redis:
            for feed in feeds:
                stream, at = stream_name(feed.shard), f"{feed.at()}-0"
                try:
                    await redis.xgroup_create(stream, GROUP, id=at, mkstream=True)
                except ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise
                    await redis.xgroup_setid(stream, GROUP, id=at)

    def _broker(self, feeds: Sequence[Feed]) -> RedisBroker:
        # Without `retry` a dropped connection costs FastStream's fixed pause of 5 s.
        retry = Retry(ExponentialBackoff(cap=0.2, base=0.02), 1_000)
        # Without `apply_types` the handler gets what the decoder gives, and no call is solved by annotations.
        options: dict[str, Any] = {"logger": _SILENT, "apply_types": False}
        broker = RedisBroker(self._url, retry=retry, socket_connect_timeout=1, socket_timeout=3, **options)
        for feed in feeds:
            stream = StreamSub(
                stream_name(feed.shard),
                group=GROUP,
                consumer=self._consumer,
                batch=True,
                max_records=BATCH,
                polling_interval=BLOCK_MILLISECONDS,
                no_ack=True,
            )
            broker.subscriber(stream=stream, parser=_raw, decoder=_entries)(_handler(feed))
        return broker


async def _until_one_stops(broker: RedisBroker) -> None:
    while all(subscriber.running for subscriber in broker.subscribers):  # FastStream tells nobody
        await asyncio.sleep(WATCH_SECONDS)
        stop_if_cancelled()


def _handler(feed: Feed) -> Callable[[Sequence[Entry]], Any]:
    async def handle(entries: Sequence[Entry]) -> None:
        feed.offer(_readable(entries))
        if len(entries) < BATCH:
            # All shards are read in the same moments: what they bring is written together. Who was quiet is read at
            # once, since the read was waiting. Afterwards what comes gathers for a turn.
            turn = TURN_SECONDS if len(entries) < MANY else 2 * TURN_SECONDS
            await asyncio.sleep(until_next(turn, asyncio.get_running_loop().time()))

    return handle


def _readable(entries: Sequence[Entry]) -> list[Recorded]:
    """What can't be read is a hole like any other."""
    events = []
    for entry in entries:
        try:
            events.append(decode(entry[STREAM_FIELD]))
        except (KeyError, msgspec.DecodeError):
            log.warning("an unreadable stream entry")
    return events


# FastStream's own batch parser encodes every entry again as JSON: five times slower than passing it through.
async def _raw(message: Any) -> RedisBatchStreamMessage:
    return RedisBatchStreamMessage(
        raw_message=message,
        body=b"",
        headers={},
        message_id="",
        correlation_id="",
        batch_headers=[],
        consumer=FAKE_CONSUMER,  # nothing is ever acknowledged
        group=None,
    )


async def _entries(message: RedisMessage) -> Sequence[Entry]:
    raw: Any = message.raw_message
    return raw["data"]  # type: ignore[no-any-return]
