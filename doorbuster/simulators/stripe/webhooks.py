"""Webhooks as Stripe sends them: signed, at least once, in no promised order, again until a 2xx.

And worse on demand: repeated, turned around, late, lost, held back. All beside the API, never in its way.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from typing import Annotated

import aiohttp
import msgspec
from msgspec import Meta, Struct

from ..signing import signature
from .ledger import Ledger
from .objects import Event

log = logging.getLogger("stripe.webhooks")
CONCURRENT = 32
TIMEOUT = aiohttp.ClientTimeout(total=10)
LONGEST_PAUSE = 60.0


class Behaviour(Struct, forbid_unknown_fields=True):
    """How webhooks are treated; every field may be changed while running."""

    url: str | None = None
    repeat: Annotated[int, Meta(ge=1, le=20)] = 1  # how many copies of each event are sent
    reorder: bool = False  # gather events for `window_ms`, then send them newest first, one by one
    window_ms: Annotated[int, Meta(ge=0, le=60_000)] = 200
    delay_ms: tuple[int, int] = (0, 0)  # before the first attempt, at random between the two
    lose: Annotated[float, Meta(ge=0, le=1)] = 0.0  # the share of events never sent; redelivery still works
    pause: bool = False
    attempts: Annotated[int, Meta(ge=1, le=100)] = 12
    retry_ms: Annotated[int, Meta(ge=1, le=60_000)] = 500  # doubles from attempt to attempt, at most a minute


class Courier:
    """Delivers events. `send` returns at once; what a killed process did not deliver, the next one does."""

    def __init__(self, ledger: Ledger, secret: str, url: str | None) -> None:
        self.behaviour = Behaviour(url=url)
        self.counts: Counter[str] = Counter()
        self._ledger, self._secret = ledger, secret
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._running = asyncio.Event()
        self._running.set()
        self._gathered: list[Event] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Connect, and resume what a former life of the process left undelivered."""
        # No cookies and no proxies of the environment: the receiver is the one that was named.
        self._session = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        self.send(list(self._ledger.undelivered.values()))

    async def close(self) -> None:
        """Drop what is under way; the journal still knows it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def change(self, behaviour: Behaviour) -> None:
        """Behave otherwise from now on."""
        self.behaviour = behaviour
        if behaviour.pause:
            self._running.clear()
        else:
            self._running.set()

    def send(self, events: list[Event]) -> None:
        """Queue fresh events, by the present behaviour."""
        if self.behaviour.url is None:
            for event in events:
                self._ledger.undelivered.pop(event.id, None)
            return
        for event in events:
            if random.random() < self.behaviour.lose:
                self.counts["lost"] += 1
                self._ledger.give_up(event.id)
                continue
            copies = [event] * self.behaviour.repeat
            if self.behaviour.reorder:
                self._gather(copies)
            else:
                for each in copies:
                    self._start(self._deliver([each]))

    def redeliver(self, event: Event) -> None:
        """Send one event again, whatever the behaviour says."""
        self.counts["redelivered"] += 1
        self._start(self._deliver([event]))

    @property
    def under_way(self) -> int:
        """Deliveries not finished, retries included."""
        return len(self._tasks)

    def _gather(self, events: list[Event]) -> None:
        if not self._gathered:
            asyncio.get_running_loop().call_later(self.behaviour.window_ms / 1000, self._turn_around)
        self._gathered.extend(events)

    def _turn_around(self) -> None:
        gathered, self._gathered = self._gathered[::-1], []
        self._start(self._deliver(gathered))

    def _start(self, delivery: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, events: list[Event]) -> None:
        await asyncio.sleep(random.uniform(*self.behaviour.delay_ms) / 1000)
        failed = [event for event in events if not await self._attempt(event, 1)]
        for event in failed:
            self._start(self._retry(event))

    async def _retry(self, event: Event) -> None:
        attempt = 1
        while attempt < self.behaviour.attempts:
            pause = min(self.behaviour.retry_ms / 1000 * 2 ** (attempt - 1), LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            attempt += 1
            if await self._attempt(event, attempt):
                return
        self.counts["given_up"] += 1
        self._ledger.give_up(event.id)
        log.warning("gave up event=%s type=%s attempts=%d", event.id, event.type, attempt)

    async def _attempt(self, event: Event, attempt: int) -> bool:
        await self._running.wait()
        async with self._slots:
            status = await self._post(event)
        taken = 200 <= status < 300
        self.counts["delivered" if taken else "failed"] += 1
        if taken:
            self._ledger.acknowledge(event.id)
        log.info("webhook event=%s type=%s attempt=%d status=%d", event.id, event.type, attempt, status)
        return taken

    async def _post(self, event: Event) -> int:
        """The receiver's status, 0 when it can't be reached or doesn't answer in 10 seconds."""
        assert self._session
        assert self.behaviour.url
        payload = msgspec.json.encode(event)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(payload, self._secret, int(time.time())),
            "User-Agent": "Stripe/1.0 (simulator)",
        }
        try:
            async with self._session.post(
                self.behaviour.url, data=payload, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0
