"""The relay: reads the log in order and publishes it to the shard streams. One leader; a second one stands by.

Postgres is the truth, the streams are a fast and lossy copy: what Redis loses is not published again, the projector
fills it from the log (each message names the position before it in its shard). Only the relay decides how far the log
is complete; it stores that as the safe position, which reactions and the projector's fills read.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import envelope
from shared.cancellation import stop_if_cancelled
from shared.envelope import Recorded
from shared.http.health import why
from write_side import event_log, relay_metrics
from write_side.database import Connection
from write_side.prefix import Prefix
from write_side.relay_metrics import Watch

log = logging.getLogger(__name__)

POLL_SECONDS = 0.010
GATHER_SECONDS = 0.020  # while events come: a poll and all that follows costs about the same for one as for twenty
BATCH = 2000
STREAM_AT_MOST = 50_000  # entries per shard, some 0.9 kB each; whoever is further behind reads the log
RETRY_REDIS_SECONDS = 1.0  # as long as a Redis that hangs holds the log up, so that it does so half of the time at most

# KEYS: streams. ARGV, for each: where it is expected to end, how many entries, then their `position entry` pairs.
# Appends where that is so; the other streams answer where they do end: a repeat after a lost reply or a second relay
# that woke up can't write twice, skip or reorder.
COMPARE_AND_APPEND = """
local ends, a = {}, 1
for k, stream in ipairs(KEYS) do
  local last = '0-0'
  if redis.call('EXISTS', stream) == 1 then
    local info = redis.call('XINFO', 'STREAM', stream)
    for i = 1, #info, 2 do if info[i] == 'last-generated-id' then last = info[i + 1] end end
  end
  local behind = a + 2 + 2 * tonumber(ARGV[a + 1])
  if last == ARGV[a] .. '-0' then
    for i = a + 2, behind - 1, 2 do redis.call('XADD', stream, ARGV[i] .. '-0', 'e', ARGV[i + 1]) end
    last = ''
  end
  ends[k], a = last, behind
end
return ends
"""

HOLDERS = """
SELECT coalesce(array_agg(virtualtransaction), '{}') FROM pg_locks
WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation = 'event_position'::regclass AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()
"""

# One probe of the index per shard: an aggregate would read the whole log.
HEADS = """SELECT s.shard, coalesce((SELECT e.position FROM event_log e WHERE e.shard = s.shard AND e.position <= $1
                                     ORDER BY e.position DESC LIMIT 1), 0) AS head
           FROM (SELECT generate_series(0, shards - 1)::smallint AS shard FROM log_settings) AS s"""


class UnsafePostgres(RuntimeError):
    """The server's settings break the rule of publishing; the message says which."""


async def check_conditions(conn: Connection) -> None:
    """What the rule of `write_side.prefix` rests on; raises `UnsafePostgres`.

    The other two conditions, `synchronous_commit` and `transaction_timeout`, every connection of ours sets itself
    (`database.LIMITS`).
    """
    row = await conn.fetchrow(
        """SELECT current_setting('max_prepared_transactions') AS prepared, pg_is_in_recovery() AS standby,
                  (SELECT seqcache FROM pg_sequence WHERE seqrelid = 'event_position'::regclass) AS cache"""
    )
    assert row is not None
    wrong = [
        said
        for bad, said in [
            (row["prepared"] != "0", "max_prepared_transactions must be 0: a prepared transaction hides its lock"),
            (row["standby"], "this is a standby: the relay reads the primary"),
            (row["cache"] != 1, "the sequence must have CACHE 1: a session could use an old number late"),
        ]
        if bad
    ]
    if wrong:
        raise UnsafePostgres("; ".join(wrong))


class Relay:
    """One leader's work: `start`, then `step` for ever. `conn` is its own connection, in autocommit."""

    def __init__(self, conn: Connection, redis: Redis, prefix: Prefix, heads: dict[int, int], epoch: int) -> None:
        self._conn = conn
        self._streams = Streams(redis)
        self._prefix = prefix
        self._heads = heads  # shard → last position emitted there
        self._epoch = epoch
        self._stored, self._dead = prefix.last, 0
        self._watch = Watch()
        self._every_second = time.monotonic()

    @classmethod
    async def start(cls, conn: Connection, redis: Redis) -> "Relay":
        """A relay that goes on where the stored safe position says; raises `UnsafePostgres`."""
        await check_conditions(conn)
        # Its own book-keeping is a lower bound: a crash that loses the last of it is harmless.
        await conn.execute("SET synchronous_commit = off")
        safe = await event_log.safe_position(conn)
        heads = {row["shard"]: row["head"] for row in await conn.fetch(HEADS, safe)}
        relay = cls(conn, redis, Prefix(safe), heads, await event_log.epoch(conn))
        highest = await event_log.highest_drawn(conn)
        await relay._streams.drop_foreign(await event_log.shards(conn), highest, relay._epoch)
        return relay

    @property
    def safe(self) -> int:
        """Up to here the log is complete."""
        return self._prefix.last

    async def run(self) -> None:
        """Publishes for ever; raises what Postgres raises."""
        while True:
            stop_if_cancelled()
            taken = await self.step()
            if taken < BATCH:  # else there is more
                await asyncio.sleep(GATHER_SECONDS if taken else POLL_SECONDS)

    async def step(self) -> int:
        """One poll: reads, publishes what may be published, answers how many events that were."""
        holders = frozenset(await self._conn.fetchval(HOLDERS)) if self._prefix.needs_holders else None
        rows = await self._conn.fetch(event_log.TAIL, self._prefix.last, BATCH)
        taken = self._prefix.take([row["position"] for row in rows], holders)
        if taken:  # before the safe position is stored: a killed relay's successor publishes again what it may not have
            await self._publish([self._chained(row) for row in rows[:taken]])
        oldest = rows[taken]["recorded_at"] if taken < len(rows) else None
        self._watch.polled(taken, holding=self._prefix.needs_holders, oldest=oldest)
        if self._prefix.last > self._stored:
            await self._store()
        if time.monotonic() >= self._every_second:
            self._every_second = time.monotonic() + 1
            await self._keep_books()
        return taken

    def _chained(self, row: asyncpg.Record) -> Recorded:
        previous = self._heads.get(row["shard"], 0)
        self._heads[row["shard"]] = row["position"]
        return event_log.recorded(row, previous, self._epoch)

    async def _publish(self, events: Sequence[Recorded]) -> None:
        by_shard: dict[int, list[Recorded]] = {}
        for event in events:
            by_shard.setdefault(event.shard, []).append(event)
        await self._streams.append(by_shard)

    async def _store(self) -> None:
        dead = self._prefix.dead - self._dead
        await self._conn.execute(
            """UPDATE relay_state SET safe_position = $1, dead_numbers = dead_numbers + $2
               WHERE id = 1 AND safe_position < $1""",
            self._prefix.last, dead,
        )  # fmt: skip
        self._stored, self._dead = self._prefix.last, self._prefix.dead
        relay_metrics.SAFE.set(self._stored)
        relay_metrics.DEAD.inc(dead)

    async def _keep_books(self) -> None:
        """Once a second: the timeline for `as_of` a time, and the streams trimmed to the slowest live checkpoint."""
        await self._conn.execute(
            """INSERT INTO position_timeline (at, safe_position) SELECT clock_timestamp(), $1
               WHERE $1 > coalesce((SELECT safe_position FROM position_timeline ORDER BY at DESC LIMIT 1), -1)""",
            self._prefix.last,
        )
        rows = await self._conn.fetch(
            """SELECT s.shard, min(c.position) AS slowest
               FROM (SELECT generate_series(0, shards - 1) AS shard FROM log_settings) AS s
               LEFT JOIN checkpoint c ON c.shard = s.shard GROUP BY s.shard"""
        )
        await self._streams.trim({row["shard"]: row["slowest"] for row in rows})
        relay_metrics.LAG.set(max(0, await event_log.highest_drawn(self._conn) - self._prefix.last))

    def end(self) -> None:
        """It leads no more."""
        self._watch.end()


class Streams:
    """The shard streams. A Redis that is down or lost its data stops nothing: readers fill from the log."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(COMPARE_AND_APPEND)
        self._tails: dict[int, int] = {}  # shard → where its stream ends, as far as we know
        self._down_until = 0.0

    async def drop_foreign(self, shards: int, highest: int, epoch: int) -> None:
        """Delete streams that go beyond what this log ever held, or end in another epoch: another store's, or this
        one's before it was restored to an earlier point, left in the same Redis."""
        for shard in range(shards):
            name = envelope.stream_name(shard)
            try:
                if await self._redis.exists(name) and (
                    await self._tail_of(name) > highest or await self._epoch_of(name) not in (None, epoch)
                ):
                    log.warning("a stream of another store is dropped", extra={"fields": {"stream": name}})
                    await self._redis.delete(name)
            except (RedisError, OSError):
                return

    async def _epoch_of(self, name: str) -> int | None:
        """The epoch of a stream's last entry, None where there is none to be read."""
        last: Any = await self._redis.xrevrange(name, count=1)
        with contextlib.suppress(IndexError, KeyError, msgspec.DecodeError):
            return envelope.decode(last[0][1][envelope.STREAM_FIELD]).epoch
        return None

    async def _tail_of(self, name: str) -> int:
        info = await self._redis.xinfo_stream(name)
        return int(bytes(info["last-generated-id"]).split(b"-")[0])

    async def append(self, by_shard: dict[int, list[Recorded]]) -> None:
        """Append each shard's events behind what its stream holds; what can't be appended is left to the log."""
        if time.monotonic() < self._down_until:
            return
        try:
            await self._append_all(by_shard)
        except (RedisError, OSError) as error:
            log.warning("redis takes no events", extra={"fields": {"error": why(error)}})
            relay_metrics.APPENDS_FAILED.inc()
            relay_metrics.STREAMS_DOWN.set(1)
            self._tails.clear()
            self._down_until = time.monotonic() + RETRY_REDIS_SECONDS
        else:
            relay_metrics.STREAMS_DOWN.set(0)

    async def _append_all(self, by_shard: dict[int, list[Recorded]]) -> None:
        for _ in range(3):
            missing = [(s, [e for e in events if e.position > self._tail(s)]) for s, events in by_shard.items()]
            by_shard = {shard: events for shard, events in missing if events}
            if not by_shard:
                return
            args = [part for shard, events in by_shard.items() for part in self._entries(shard, events)]
            ends = await self._append(keys=[envelope.stream_name(shard) for shard in by_shard], args=args)
            for (shard, events), end in zip(by_shard.items(), ends, strict=True):
                self._tails[shard] = int(bytes(end).split(b"-")[0]) if end else events[-1].position
        log.warning("somebody else appends to the streams", extra={"fields": {"shards": sorted(by_shard)}})

    def _tail(self, shard: int) -> int:
        return self._tails.get(shard, 0)

    def _entries(self, shard: int, events: Sequence[Recorded]) -> list[int | bytes]:
        pairs = [part for event in events for part in (event.position, envelope.encode(event))]
        return [self._tail(shard), len(events), *pairs]

    async def trim(self, slowest: dict[int, int | None]) -> None:
        """Drop entries that every live read model has applied, and keep at most STREAM_AT_MOST of the others."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for shard, position in slowest.items():
                    if position is not None:
                        pipe.xtrim(envelope.stream_name(shard), minid=f"{position}-0", approximate=True)
                    pipe.xtrim(envelope.stream_name(shard), maxlen=STREAM_AT_MOST, approximate=True)
                await pipe.execute()
        except (RedisError, OSError):
            self._tails.clear()
