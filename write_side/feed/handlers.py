"""Reading the log for others: pages up to the safe position, and a bounded wait for what comes next."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

from msgspec import Struct

from shared.envelope import Recorded
from write_side import event_log
from write_side.customers import Keyring, with_personal, without_personal
from write_side.database import Connection, Pool
from write_side.feed.domain import BrokenCursor, CloudEvent, Cursor, told
from write_side.feed.watch import Watch

AT_ONCE = 4  # pages read at once in a process: commands need the pool, too
SCAN = 20_000  # positions looked at in one go where hardly any event fits
LONGEST_LOOK = 0.5  # seconds; a page may be short, even empty, and yet not the last one
LARGEST_PAGE = 4_000_000  # bytes of payloads, but for the last event's
PAUSE = 0.1  # seconds between two looks of one who waits: others' events may come all the time

FROM_NOW_ON = "latest"


class EventPage(Struct, frozen=True):
    """Events in the order of the log, the cursor to go on with, and whether there was nothing behind them yet."""

    events: list[CloudEvent]
    next: str
    caught_up: bool


class Wanted(NamedTuple):
    """What somebody asks the feed for: `after` is a cursor, `latest`, or None for the beginning."""

    after: str | None
    types: Sequence[str] | None
    limit: int
    wait: int
    personal: bool


class _Look(NamedTuple):
    events: list[Recorded]
    epoch: int
    reached: int
    caught_up: bool


class Feed:
    """The log for others. Opened once: all who wait share one look at the safe position."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool, self._keyring = pool, keyring
        self._watch = Watch(pool)
        self._places = asyncio.Semaphore(AT_ONCE)

    async def page(self, wanted: Wanted) -> EventPage:
        """The next events behind a cursor; where there are none it waits, `wait` seconds at most.

        Refuses `broken_cursor`, `cursor_of_another_epoch`, `too_many_waiting`, `keyring_unavailable`.
        """
        deadline = monotonic() + wanted.wait
        at = None if wanted.after in (None, FROM_NOW_ON) else Cursor.parse(wanted.after or "", "?after")
        if wanted.after == FROM_NOW_ON:
            async with self._pool.acquire() as conn:
                at = Cursor(*await event_log.extent(conn))
        look = await self._look(wanted, at)
        while not look.events and monotonic() < deadline and await self._grown(look, deadline):
            look = await self._look(wanted, Cursor(look.epoch, look.reached))
        events = await told_events(self._keyring, look.events, look.epoch, personal=wanted.personal)
        return EventPage(events, Cursor(look.epoch, look.reached).token(), look.caught_up)

    async def _grown(self, look: _Look, deadline: float) -> bool:
        """Whether there is more to look at before the deadline."""
        try:
            async with asyncio.timeout(deadline - monotonic()):
                if look.caught_up:
                    await asyncio.sleep(PAUSE)
                    await self._watch.above(look.reached)
        except TimeoutError:
            return False
        return True

    async def _look(self, wanted: Wanted, at: Cursor | None) -> _Look:
        async with self._places, self._pool.acquire() as conn:
            epoch, safe = await event_log.extent(conn)
            reached = 0 if at is None else at.of(epoch, "?after").position
            if reached > safe:
                await _check_drawn(conn, reached)
            events: list[Recorded] = []
            room, until_time = LARGEST_PAGE, monotonic() + LONGEST_LOOK
            while reached < safe and len(events) < wanted.limit and room > 0 and monotonic() < until_time:
                until = await event_log.look_until(conn, reached, safe, SCAN)
                left = wanted.limit - len(events)
                found = await event_log.read_page(conn, reached, until, wanted.types, left, room)
                events += found
                room -= sum(len(bytes(one.payload)) for one in found)
                reached = found[-1].position if len(found) == left or room <= 0 else until
        return _Look(events, epoch, reached, reached >= safe)


async def _check_drawn(conn: Connection, position: int) -> None:
    """After a crash the stored safe position may be a moment behind what was told. But what was never drawn was told
    by another log, such as that of a shop to try things in: whoever waited for it would miss all until then."""
    if position > await event_log.highest_drawn(conn):
        raise BrokenCursor("This cursor lies behind the end of the log: another one has told it.", pointer="?after")


async def told_events(
    keyring: Keyring, events: Sequence[Recorded], epoch: int, *, personal: bool
) -> list[CloudEvent]:
    """Events as others get them, with personal data in the clear or without any; raises `KeyringUnavailable`."""
    payloads = [bytes(one.payload) for one in events]
    seen = await with_personal(keyring, payloads) if personal else [without_personal(payload) for payload in payloads]
    return [told(one, payload, epoch) for one, payload in zip(events, seen, strict=True)]
