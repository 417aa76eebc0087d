"""How far the read models are, as the projector publishes it in Redis: what is known there is known to every query."""

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self, cast

from redis import Redis

from doorbuster.bench.frame import Invalid
from projector.model import ELASTICSEARCH, ReadModel
from projector.read_models.all import READ_MODELS
from shared.documents.layout import shards_key

SEEN = "seen:"  # before the checkpoint that a search sees
PAUSE = 0.005  # seconds between two looks: as much is added to what is measured, at the most


class Checkpoints:
    """The published checkpoints."""

    def __init__(self, redis_url: str, models: Sequence[ReadModel] = READ_MODELS) -> None:
        self._redis: Redis = Redis.from_url(redis_url)
        self.models = models

    def look(self) -> dict[str, Mapping[bytes, bytes]]:
        """By read model the fields of its `shards` hash, in one round trip."""
        with self._redis.pipeline(transaction=False) as pipe:
            for model in self.models:
                pipe.hgetall(shards_key(model.slot))
            found = cast(list[dict[bytes, bytes]], pipe.execute())
        return {model.name: fields for model, fields in zip(self.models, found, strict=True)}

    def behind(self, heads: Mapping[int, int]) -> list[str]:
        """The read models that do not show all of these positions yet, to searches too, or are not declared ready."""
        found = self.look()
        return [model.name for model in self.models if not _shows(model, found[model.name], heads)]

    def wait(self, heads: Mapping[int, int], patience: float) -> None:
        """Wait until none is behind; raises `Invalid`."""
        deadline = time.monotonic() + patience
        while left := self.behind(heads):
            if time.monotonic() > deadline:
                raise Invalid(f"after {patience:.0f} seconds these are still behind: {', '.join(left)}")
            time.sleep(0.02)


def field_of(model: ReadModel, shard: int, *, seen: bool = False) -> str:
    """Where a checkpoint stands: the acknowledged one, or the one that searches see, which only Elasticsearch has."""
    return f"{SEEN}{shard}" if seen and model.sink == ELASTICSEARCH else str(shard)


def checkpoints_of(fields: Mapping[bytes, bytes]) -> list[tuple[str, int]]:
    """Of a `shards` hash what `field_of` names, with the position that stands there."""
    return [(field.decode(), int(at)) for field, at in fields.items() if field.removeprefix(SEEN.encode()).isdigit()]


def _shows(model: ReadModel, fields: Mapping[bytes, bytes], heads: Mapping[int, int]) -> bool:
    return all(
        f"ready:{shard}".encode() in fields and int(fields.get(field_of(model, shard, seen=True).encode(), 0)) >= at
        for shard, at in heads.items()
    )


class Timeline:
    """Watches the checkpoints from a thread, and tells afterwards when each position was first covered."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._steps: dict[tuple[str, str], tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        self._stop = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        if error is None and self._failed is not None:
            raise self._failed

    def _watch(self) -> None:
        try:
            while not self._stop.wait(PAUSE):
                found = self._checkpoints.look()
                now = time.time()
                for name, fields in found.items():
                    self._note(name, fields, now)
        except BaseException as error:
            self._failed = error

    def _note(self, name: str, fields: Mapping[bytes, bytes], now: float) -> None:
        for field, at in checkpoints_of(fields):
            positions, times = self._steps[name, field]
            if not positions or at > positions[-1]:
                positions.append(at)
                times.append(now)

    def wait(self, heads: Mapping[int, int], patience: float) -> None:
        """Wait until all of these positions were seen covered, by searches too; raises `Invalid`."""
        deadline = time.monotonic() + patience
        for model in self._checkpoints.models:
            for shard, at in heads.items():
                while not all(self._reached(model, shard, seen=seen) >= at for seen in (False, True)):
                    if time.monotonic() > deadline or self._failed:
                        raise Invalid(f"{model.name} does not reach {at} of shard {shard}") from self._failed
                    time.sleep(PAUSE)

    def _reached(self, model: ReadModel, shard: int, *, seen: bool) -> int:
        positions, _ = self._steps[model.name, field_of(model, shard, seen=seen)]
        return positions[-1] if positions else 0

    def covered(self, model: ReadModel, shard: int, position: int, *, seen: bool = False) -> float:
        """When (seconds since 1970) this model's checkpoint was first seen at or beyond a position."""
        positions, times = self._steps[model.name, field_of(model, shard, seen=seen)]
        place = bisect_left(positions, position)
        if place == len(positions):
            raise Invalid(f"{model.name} never covered {position} of shard {shard}")
        return times[place]
