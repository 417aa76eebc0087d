"""Where the numbers of a waiting room are drawn: one counter in Redis for each sale, and what this process knows of it.

A number decides nothing by itself: whose turn it is follows from the sale's own terms (shared/tickets.py), and the
command API gives the pass. Polls touch no counter: what they need of it is looked at five times a second, for all at
once. Should Redis lose it, every process tells it the highest number it has seen, and for some seconds nobody draws: by
then those who wait have shown theirs.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.documents.sales import Sale, waiting_room_key
from shared.http.problems import Told
from shared.tickets import Ticket

log = logging.getLogger(__name__)

SECONDS = 0.2  # between two looks
FORGOTTEN_AFTER = 60.0  # seconds without a question
GATHERING = 30  # seconds in which everybody who waits asks at least once
KEPT_DAYS = 30
_NEVER = -1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

GATHERS = Told(503, "waiting_room_gathers", "The waiting room lost its count and asks those who wait; come again soon.")

# ARGV: how many draw; since when anybody may, and when the sale starts (microseconds); its gate: since, passed, a
# minute; the first number that nobody is known to have; `early` if somebody knows it, else -1; seconds of gathering,
# and of keeping. A counter that is missing in a server that began its life after the first number could be drawn may
# have been lost with the life before.
_LOOK = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local found = redis.call('HMGET', KEYS[1], 'tail', 'early', 'shut_until')
local shut_until = tonumber(found[3])
if not shut_until then
  local up = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)'))
  shut_until = now - up * 1000000 > tonumber(ARGV[2]) and now + tonumber(ARGV[9]) * 1000000 or 0
end
local tail = math.max(tonumber(found[1]) or 0, tonumber(ARGV[7]))
local early = math.max(tonumber(found[2]) or -1, tonumber(ARGV[8]))
local number = -1
if now >= shut_until then
  if early < 0 and now >= tonumber(ARGV[3]) then early = tail end
  local draw = tonumber(ARGV[1])
  if draw > 0 then
    if early >= 0 then
      local passed = tonumber(ARGV[5])
      local since_gate = now - tonumber(ARGV[4])
      if since_gate > 0 then passed = passed + math.floor(since_gate * tonumber(ARGV[6]) / 60000000) end
      tail = math.max(tail, passed)
    end
    number = tail
    tail = tail + draw
  end
end
redis.call('HSET', KEYS[1], 'tail', string.format('%.0f', tail), 'early', string.format('%.0f', early),
           'shut_until', string.format('%.0f', shut_until))
redis.call('EXPIRE', KEYS[1], ARGV[10])
return {number, tail, early}
"""


class Count(NamedTuple):
    """What a waiting room's counter says: numbers drawn, and how many of them before the sale began (None: it has not,
    or nobody knows yet)."""

    tail: int = 0
    early: int | None = None


class _Room:
    def __init__(self, sale: Sale) -> None:
        self.sale, self.count, self.asked_at = sale, Count(), time.monotonic()
        self.drawing: list[asyncio.Future[int | None]] = []
        self.giving_out: asyncio.Task[None] | None = None

    def seen(self, tail: int, early: int | None) -> None:
        """Numbers below `tail` are somebody's."""
        known = self.count.early
        self.count = Count(max(self.count.tail, tail), early if known is None else known)


class WaitingRooms:
    """Those of all sales that anybody asks about."""

    def __init__(self, redis: "Redis") -> None:
        self._redis, self._rooms = redis, dict[str, _Room]()
        self._script = redis.register_script(_LOOK)
        self._stopped = False

    async def draw(self, sale: Sale) -> Ticket:
        """The next number; answers 503 while the count is being gathered. Whoever comes when nobody waits gets the next
        turn that comes, not one that came while nobody was there: turns are not saved up."""
        room = self._room(sale)
        future: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        room.drawing.append(future)
        if room.giving_out is None:  # those who come while numbers are being drawn draw theirs together
            room.giving_out = asyncio.create_task(self._give_out(room))
        number = await future
        if number is None:
            raise GATHERS.problem(headers={"Retry-After": "5"}, retryable=True)
        return Ticket(sale.id, number, room.count.early)

    def known(self, sale: Sale, ticket: Ticket) -> Count:
        """The count as last seen, which this ticket may tell more of."""
        room = self._room(sale)
        room.seen(ticket.number + 1, ticket.early)
        return room.count

    def stop(self) -> None:
        """End `run` after the look at hand. Cancelling alone won't do: the Redis client can swallow it."""
        self._stopped = True

    async def run(self) -> None:
        """Look at all rooms, for ever."""
        while not self._stopped:
            now = time.monotonic()
            self._rooms = {id_: room for id_, room in self._rooms.items() if room.asked_at > now - FORGOTTEN_AFTER}
            try:
                for room in [*self._rooms.values()]:
                    await self._look(room)
            except (RedisError, OSError) as error:
                log.warning("can't look at the waiting rooms", extra={"fields": {"error": type(error).__name__}})
            await asyncio.sleep(SECONDS)

    def _room(self, sale: Sale) -> _Room:
        room = self._rooms.get(str(sale.id))
        if room is None:
            room = self._rooms[str(sale.id)] = _Room(sale)
        room.sale, room.asked_at = sale, time.monotonic()
        return room

    async def _give_out(self, room: _Room) -> None:
        try:
            while room.drawing:
                batch, room.drawing = room.drawing, []
                await self._draw_for(room, batch)
        finally:
            room.giving_out = None

    async def _draw_for(self, room: _Room, batch: Sequence["asyncio.Future[int | None]"]) -> None:
        try:
            first = await self._look(room, draw=len(batch))
        except Exception as error:
            for future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for n, future in enumerate(batch):
            if not future.done():  # a client that went away leaves its number to nobody
                future.set_result(None if first is None else first + n)

    async def _look(self, room: _Room, draw: int = 0) -> int | None:
        """What the counter says, and the first of so many numbers; None if nobody draws at the moment."""
        sale, count = room.sale, room.count
        known = _NEVER if count.early is None else count.early
        found = await self._script(
            keys=[waiting_room_key(sale.id)],
            args=[
                draw, _micros(max(sale.announced_at, sale.waiting_from)), _micros(sale.starts_at),
                _micros(sale.gate.since), sale.gate.passed, sale.gate.per_minute, count.tail, known, GATHERING,
                KEPT_DAYS * 86_400,
            ],
        )  # fmt: skip
        number, tail, early = (int(each) for each in found)
        room.seen(tail, None if early < 0 else early)
        return None if number < 0 else number


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
