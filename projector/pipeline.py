"""One read model on one shard: events in, in order and without a hole, and the sink's acknowledgement back.

Its prefix (`at`) is its own, in memory: everything of the shard up to there is in the sink. It is told from the sink at
the start, and again whenever the sink contradicts.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from projector import metrics
from projector.chain import Heard, Stretch, contiguous, heard
from projector.fold import FetchKeys, Poison, States, fold
from projector.freshness import Freshness
from projector.log import EventLog, NotVisibleYet
from projector.model import Batch, Change, Folded, ReadModel
from projector.pace import until_next
from projector.parking import Parking, Systemic
from projector.refold import refolded
from projector.sink import Sink
from projector.skipping import Skip
from projector.spans import batch_span
from shared.cancellation import stop_if_cancelled
from shared.http import correlation

log = logging.getLogger(__name__)

INBOX = 10_000  # events waiting; what is beyond is dropped, and filled from the log when its turn comes
SLICE = 1_000  # events of one batch
BEHIND_TURNS = 0.025  # seconds after a turn of the streams (transport.py): what it brings is in what was gathered
TICK = 0.25  # seconds between two looks at a quiet shard


class Pipeline(Freshness):
    """Owns the order of one read model's events on one shard."""

    def __init__(
        self,
        model: ReadModel,
        shard: int,
        sink: Sink,
        source: EventLog,
        parking: Parking,
        fetch_keys: FetchKeys,
        slots: asyncio.Semaphore,
    ) -> None:
        super().__init__(model.name, shard)
        self.model, self.sink = model, sink
        self.settled = False  # caught up since the last reset, and the sink knows
        self.stopped: str | None = None
        self.opened = asyncio.Event()  # from now on `at` is the sink's word
        self._source, self._parking, self._fetch_keys, self._slots = source, parking, fetch_keys, slots
        self._states = States(model, shard, sink.load)
        self._inbox: list[Stretch] = []
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()

    def offer(self, brought: Sequence[Stretch]) -> None:
        """Events from the stream, in order; what is lost here is a hole, and holes are filled."""
        if self.waiting < INBOX:
            self._inbox.extend(brought)
        self._wake.set()

    def seen_head(self, head: int) -> None:
        """The shard's last safe position, told once a tick."""
        super().seen_head(head)
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Events offered and not yet taken."""
        return sum(map(len, self._inbox))

    async def run(self) -> None:
        """Until cancelled; what fails is tried again."""
        wait = 0.0
        while True:
            stop_if_cancelled()
            try:
                if not self.opened.is_set():
                    await self._open()
                async with self._lock:
                    waits = not await self._step()
                if waits:  # outside of the lock: a follower's keys can be healed while its leader stands still
                    await self.leader_moves()
                wait = 0.0
            except Systemic as failure:
                await self._halt(failure)
            except Exception as error:  # a sink or a store that is down: everything can be tried again
                wait = self._backoff(wait, error)
                await asyncio.sleep(wait)

    async def _open(self) -> None:
        await self.sink.open(self.model)
        self.start_at(await self.sink.checkpoint(self.model, self.shard))
        self.opened.set()

    async def _step(self) -> bool:
        """Takes what the stream brought; else what the log has and the stream didn't bring; else looks at the sink.
        False: it may go no further before its leader moves."""
        due = self._due or 0
        if not self._inbox and self.at < due and not await self._fill(due):
            return self.bound(due) > self.at
        if not self._inbox:
            await self._rest()
        if self.model.gather and self._was_ready and 0 < self.waiting < SLICE:
            await asyncio.sleep(until_next(self.model.gather, asyncio.get_running_loop().time() - BEHIND_TURNS))
        taken, self._inbox = self._inbox, []
        try:
            return await self._follow(taken)
        except BaseException:
            self._inbox[:0] = taken  # what was applied of it will be dropped as a repeat
            raise

    async def _follow(self, taken: Sequence[Stretch]) -> bool:
        rest = taken
        while rest:
            run, later = contiguous(rest, self.at, SLICE)
            if run:
                if not self.may_go(run[-1].upto):
                    self._inbox[:0] = rest
                    return False
                if not await self._apply(run):
                    return True
            rest = later
            if rest and rest[0].previous > self.at:
                self._metrics.chain_breaks.inc()
                if not await self._fill(rest[0].previous):
                    self._inbox[:0] = rest
                    return self.bound(rest[0].previous) > self.at
        return True

    async def _rest(self) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(TICK):
                await self._wake.wait()
        except TimeoutError:
            pass
        if not self._inbox and self.ready:
            await self._apply(())  # nothing to write: shows whether the sink still has what we wrote

    async def _fill(self, until: int) -> bool:
        """Reads (at, until] from the log. False: it is not there, for its leader isn't or the sink stands elsewhere."""
        self._metrics.fills.inc()
        while self.at < until:
            bound = self.bound(until)
            if bound <= self.at:
                return False
            async with self._slots:
                part = await self._source.slice(self.shard, self.at, bound, self.model.contexts, SLICE)
                if not await self._apply([part]):
                    return False
        return True

    async def _apply(self, run: Sequence[Stretch]) -> bool:
        """Fold, park what is poisoned, write. False: the sink stands elsewhere, and so do we now."""
        events = heard(run, self.at, self.model.contexts)
        upto = run[-1].upto if run else self.at
        self.reach(upto)
        with batch_span(self.model, self.shard, events if self._was_ready else ()):  # a replay is no part of a trace
            return await self._applied(run, events, upto)

    async def _applied(self, run: Sequence[Stretch], events: Sequence[Heard], upto: int) -> bool:
        if events and (skipped := await self._parking.skipped.of(self.model)):
            events = [heard for heard in events if heard.recorded.position not in skipped]
        changes: Sequence[Change] = ()  # as mostly: a model hears of its own contexts only
        while True:
            if events:
                parked = self._parking.of(self.model)
                changes, poison = await fold(self.model, events, parked, self._states, self._fetch_keys)
                await self._park(poison)
            ready = self._reaches_due(upto)
            written = await self.sink.write(Batch(self.model, self.shard, self.at, upto, changes, ready))
            if not written.rejected:
                break
            firsts = [next(e.recorded for e in events if e.recorded.key == key) for key in written.rejected]
            await self._park([Poison(first, written.rejected[first.key]) for first in firsts])
        if written.at != upto:
            self._reset(written.at)
            return False
        self.advance(upto)
        self.settled |= ready
        self._states.keep({change.id: change.after for change in changes})
        self._count(run, events)
        return True

    async def _park(self, poison: Sequence[Poison]) -> None:
        for recorded, error in poison:
            await self._parking.park(self.model, recorded, error)

    def _reset(self, at: int) -> None:
        """The sink lost data (behind), or another owner wrote (ahead): its word counts, our memory doesn't."""
        log.warning(
            "the sink stands elsewhere",
            extra={"fields": {"read_model": self.model.name, "shard": self.shard, "expected": self.at, "found": at}},
        )
        self._metrics.resets.inc()
        self.start_at(at)
        self.settled = False
        self._know_nothing()
        self._states.forget()

    def _count(self, run: Sequence[Stretch], events: Sequence[Heard]) -> None:
        self._was_ready |= self.ready
        if not run:
            return
        self._metrics.batches.inc()
        self._metrics.events.inc(sum(map(len, run)))
        if self._was_ready and events:  # a replay's lag would tell of the past
            self._metrics.event_lag.observe((datetime.now(UTC) - events[0].recorded.recorded_at).total_seconds())

    async def heal(self, key: str, skip: Skip | None = None) -> None:
        """Folds a parked key anew, from its first event, and lets it go on if that works; without an event if asked."""
        async with self._lock:
            with correlation.working_for(""):
                if skip is not None:
                    await self._parking.skipped.add(self.model, skip)
                await self._heal(key)

    async def _heal(self, key: str) -> None:
        match await self._refold(key):
            case None:
                await self._parking.healed(self.model, key)
            case Poison(error=error) as found:
                await self._parking.still_poisoned(self.model, key, found, error)
            case str(error):
                await self._parking.still_poisoned(self.model, key, None, error)

    async def rewrite(self, key: str) -> None:
        """Folds a key anew and writes its documents over, whatever stands there. One that can't be folded is parked."""
        async with self._lock:
            found = None if key in self._parking.of(self.model) else await self._refold(key)
            if isinstance(found, str):
                return  # the request stands, and is seen again
            if found is not None:
                await self._parking.park(self.model, *found)
            await self._parking.rewritten(self.model, key)

    async def _refold(self, key: str) -> Poison | str | None:
        """Why it can't be: an event, or what the sink said."""
        without, at = await self._parking.skipped.of(self.model), self.at
        found = await refolded(self.model, self._source, self._fetch_keys, key, at, without, self._standing)
        return found if isinstance(found, Poison) else await self._overwrite(found)

    async def _standing(self, ids: Sequence[str]) -> Mapping[str, Folded]:
        """What stands there now; what can't be read is as good as nothing."""
        try:
            return await self.sink.load(self.model, self.shard, ids)
        except msgspec.MsgspecError:
            return {}

    async def _overwrite(self, changes: Sequence[Change]) -> str | None:
        batch = Batch(self.model, self.shard, self.at, self.at, changes, ready=False, repair=True)
        written = await self.sink.write(batch)
        if written.rejected:
            return next(iter(written.rejected.values()))
        if written.at != self.at:
            self._reset(written.at)
            return "the sink moved meanwhile: try again"
        self._states.keep({change.id: change.after for change in changes})
        return None

    async def _halt(self, failure: Systemic) -> None:
        """Nothing of this model moves on this shard until the process is started anew, with what was wrong mended."""
        self.stopped = str(failure)
        self._metrics.stopped.set(1)
        extra = {"fields": {"read_model": self.model.name, "shard": self.shard, "error": str(failure)}}
        log.critical("systemic failure: this shard of this read model stops", extra=extra)
        await asyncio.Event().wait()

    def _backoff(self, wait: float, error: Exception) -> float:
        if not isinstance(error, NotVisibleYet):
            metrics.RETRIES.labels(self.sink.name).inc()
        if wait == 0.0 and not isinstance(error, NotVisibleYet):
            fields = {"read_model": self.model.name, "shard": self.shard, "error": f"{type(error).__name__}: {error}"}
            log.warning("a batch waits and is tried again", extra={"fields": fields})
        return min(1.0, max(0.05, wait * 2))
