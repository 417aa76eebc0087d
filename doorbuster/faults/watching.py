"""Two witnesses that look on from threads: what stands in the streams, and how far each read model is."""

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import UUID

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from doorbuster.bench.frame import Invalid
from doorbuster.bench.watching import Checkpoints, checkpoints_of, field_of
from projector.model import ReadModel
from projector.read_models.all import READ_MODELS
from shared import envelope

PAUSE = 0.005


class Entry(NamedTuple):
    """An entry of a stream: its event, and the position it names as the one before."""

    position: int
    previous: int
    event_id: UUID


class _Watcher(threading.Thread):
    """Looks again and again while the `with` lasts; a Redis that is away is waited for. Whatever else ends it is raised
    at the end of the `with`: what was seen until then is not the whole."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ended = threading.Event()
        self.failed: BaseException | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self._ended.set()
        self.join()
        if error is None and self.failed is not None:
            raise Invalid(f"a watcher fell asleep: {self.failed!r}") from self.failed

    def run(self) -> None:
        """Until the end."""
        while not self._ended.is_set():
            try:
                self.look()
            except (RedisError, OSError):
                self._ended.wait(0.02)
            except BaseException as error:
                self.failed = error
                return

    def look(self) -> None:
        """Once."""
        raise NotImplementedError


class StreamWatch(_Watcher):
    """Reads every shard's stream from behind a position on, before the relay trims it. `entries` by shard."""

    def __init__(self, redis: "Redis", shards: int, after: int) -> None:
        super().__init__()
        self._redis = redis
        self._last: dict[Any, Any] = {envelope.stream_name(shard): f"{after}-0" for shard in range(shards)}
        self.entries: dict[int, list[Entry]] = {shard: [] for shard in range(shards)}

    def look(self) -> None:
        """What is new."""
        found: Any = self._redis.xread(self._last, count=1000, block=100)
        for name, entries in found or ():
            for id_, fields in entries:
                self._last[name.decode()] = id_
                self._note(fields[envelope.STREAM_FIELD])

    def _note(self, entry: bytes) -> None:
        try:
            event = envelope.decode(entry)
        except msgspec.DecodeError:
            return  # not an event: the projector takes it for a hole, too
        self.entries[event.shard].append(Entry(event.position, event.previous, event.event_id))


class LagWatch(_Watcher):
    """Notes when each read model, and what searches see of it, was first seen at or beyond each position, and each step
    back of a checkpoint."""

    def __init__(self, redis_url: str, models: Sequence[ReadModel]) -> None:
        super().__init__()
        self._checkpoints = Checkpoints(redis_url, models)
        self._models = models
        self._steps: dict[tuple[str, str], tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        self._now: dict[tuple[str, str], int] = {}
        self.steps_back = 0

    def look(self) -> None:
        """One round trip."""
        found, now = self._checkpoints.look(), time.time()
        for name, fields in found.items():
            for field, at in checkpoints_of(fields):
                self._note((name, field), at, now)
        self._ended.wait(PAUSE)

    def wait(self, heads: Mapping[int, int], patience: float) -> None:
        """Until all of these positions were seen reached, by searches too; so many seconds at most, and not for a watch
        that has failed."""
        deadline = time.monotonic() + patience
        while self.failed is None and time.monotonic() < deadline and not self._covers(heads):
            time.sleep(PAUSE)

    def _covers(self, heads: Mapping[int, int]) -> bool:
        return all(
            self._now.get((model.name, field_of(model, shard, seen=seen)), 0) >= at
            for model in self._models for shard, at in heads.items() for seen in (False, True)
        )  # fmt: skip

    def _note(self, key: tuple[str, str], position: int, now: float) -> None:
        positions, times = self._steps[key]
        self.steps_back += position < self._now.get(key, 0)
        self._now[key] = position
        if not positions or position > positions[-1]:
            positions.append(position)
            times.append(now)

    def behind(self, heads: dict[int, int]) -> list[str]:
        """Read models whose checkpoint, as it was just seen, is below a shard's head."""
        return sorted(
            {model.name for model in self._models for shard, at in heads.items()
             if self._now.get((model.name, str(shard)), 0) < at}
        )  # fmt: skip

    def ways(
        self, events: Sequence[tuple[int, int, float]], models: Sequence[ReadModel] = READ_MODELS, *, seen: bool = False
    ) -> list[float]:
        """Of (shard, position, when it was recorded) the seconds to the slowest of these read models, or until searches
        see what it wrote; what one of them was not seen to reach is left out."""
        found = ((self._reached(shard, position, models, seen=seen), since) for shard, position, since in events)
        return [reached - since for reached, since in found if reached is not None]

    def _reached(self, shard: int, position: int, models: Sequence[ReadModel], *, seen: bool) -> float | None:
        last = 0.0
        for model in models:
            positions, times = self._steps[model.name, field_of(model, shard, seen=seen)]
            place = bisect_left(positions, position)
            if place == len(times):
                return None
            last = max(last, times[place])
        return last

    def worst(self, events: Sequence[tuple[int, int, float]], sink: str = "") -> tuple[float, str]:
        """Of (shard, position, when it was recorded) the longest way to a read model of the shop (of one sink), in
        seconds, and to which one."""
        worst = (0.0, "")
        for model in (model for model in READ_MODELS if sink in ("", model.sink)):
            for shard, position, since in events:
                reached = self._reached(shard, position, [model], seen=False)
                if reached is not None:
                    worst = max(worst, (reached - since, model.name))
        return worst
