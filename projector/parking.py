"""Poison parks a key: its later events wait with it, everybody else's flow on (decision 8)."""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from projector import metrics
from projector.fold import Poison
from projector.log import Pool
from projector.model import ReadModel
from projector.skipping import Skip, Skipped
from shared.envelope import Recorded, metadata_of
from shared.http import correlation

log = logging.getLogger(__name__)

SYSTEMIC_KEYS = 20  # so many keys of one model within …
SYSTEMIC_SECONDS = 60.0  # … are no poisoned events but a broken model


class Systemic(Exception):
    """Too many keys of one model fell out at once: the model's code or its sink is wrong, not the events."""


class ParkedKey(Struct, frozen=True):
    """A key whose documents are stale, and why."""

    read_model: str
    version: str
    partition_key: str
    shard: int
    position: int
    event_type: str
    error: str
    tries: int
    parked_at: datetime
    retry_requested_at: datetime | None
    skip_position: int | None
    skip_actor: str | None
    skip_reason: str | None

    @property
    def skip(self) -> Skip | None:
        """What somebody asked to go on without, unless the key is parked by another event since."""
        if self.skip_position != self.position or self.skip_actor is None or self.skip_reason is None:
            return None
        return Skip(
            self.position, self.event_type, self.error, self.partition_key, self.skip_actor, self.skip_reason
        )


class Parking:
    """The parked keys of all models, in memory as in the table."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._keys: dict[str, dict[str, int]] = defaultdict(dict)  # slot → key → position of the poisoned event
        self._labels: dict[str, str] = {}  # slot → under which name its metric stands
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self.skipped = Skipped(pool)

    async def load(self, models: Sequence[ReadModel]) -> None:
        """What was parked of these before us, or by a rebuild."""
        for model in models:
            rows = await self._pool.fetch(
                "SELECT partition_key, position FROM parked_key WHERE read_model = $1 AND version = $2",
                model.name,
                model.version,
            )
            self._keys[model.slot] = {row["partition_key"]: row["position"] for row in rows}

    def forget(self, model: ReadModel) -> None:
        """This version is gone."""
        self._keys.pop(model.slot, None)
        if label := self._labels.pop(model.slot, None):
            metrics.PARKED.remove(label)

    def tell_as(self, model: ReadModel, label: str) -> None:
        """Under which name its metric stands from now on."""
        before = self._labels.get(model.slot)
        if before != label:
            self._labels[model.slot] = label
            self._tell(model)
            if before is not None and before not in self._labels.values():
                metrics.PARKED.remove(before)

    def _tell(self, model: ReadModel) -> None:
        metrics.PARKED.labels(self._labels.get(model.slot, model.slot)).set(len(self.of(model)))

    def of(self, model: ReadModel) -> dict[str, int]:
        """key → position from which on its events wait."""
        return self._keys[model.slot]

    async def park(self, model: ReadModel, poison: Recorded, error: str) -> None:
        """Park the key of this event, for good before anything moves on. Raises `Systemic`."""
        if self.of(model).get(poison.key, poison.position + 1) <= poison.position:
            return
        self._count(model)
        await self._pool.execute(
            """INSERT INTO parked_key (read_model, version, partition_key, shard, position, event_type, error)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (read_model, version, partition_key)
               DO UPDATE SET position = least(parked_key.position, excluded.position), error = excluded.error""",
            model.name,
            model.version,
            poison.key,
            poison.shard,
            poison.position,
            poison.type,
            error[:2000],
        )
        self.of(model)[poison.key] = poison.position
        self._tell(model)
        fields = {"read_model": model.name, "key": poison.key, "position": poison.position}
        fields |= {"event_type": poison.type, "error": error}
        with correlation.working_for(correlation_of(poison)):
            log.error("a poisoned event parks its key", extra={"fields": fields})

    def _count(self, model: ReadModel) -> None:
        now = time.monotonic()
        recent = self._recent[model.slot]
        while recent and recent[0] < now - SYSTEMIC_SECONDS:
            recent.popleft()
        if len(recent) >= SYSTEMIC_KEYS:
            raise Systemic(f"more than {SYSTEMIC_KEYS} keys of {model.name} within {SYSTEMIC_SECONDS:.0f} s")
        recent.append(now)

    async def wanted(self) -> list[ParkedKey]:
        """Keys that somebody asked to try again."""
        return await _fetch(self._pool, "WHERE retry_requested_at IS NOT NULL")

    async def healed(self, model: ReadModel, key: str) -> None:
        """The key's documents are whole again."""
        await self._pool.execute(
            "DELETE FROM parked_key WHERE read_model = $1 AND version = $2 AND partition_key = $3",
            model.name,
            model.version,
            key,
        )
        self.of(model).pop(key, None)
        self._tell(model)
        log.info("a parked key is whole again", extra={"fields": {"read_model": model.name, "key": key}})

    async def still_poisoned(self, model: ReadModel, key: str, found: Poison | None, error: str) -> None:
        """The retry failed: the key stays, with what was wrong this time; `found` is the event that was, if one is."""
        position = found.recorded.position if found else None
        await self._pool.execute(
            """UPDATE parked_key SET tries = tries + 1, error = $4, position = coalesce($5, position),
                      event_type = coalesce($6, event_type), retry_requested_at = NULL,
                      skip_position = NULL, skip_actor = NULL, skip_reason = NULL
               WHERE read_model = $1 AND version = $2 AND partition_key = $3""",
            model.name,
            model.version,
            key,
            error[:2000],
            position,
            found.recorded.type if found else None,
        )
        if position is not None:
            self.of(model)[key] = position
        log.error("a parked key stays parked", extra={"fields": {"read_model": model.name, "key": key, "error": error}})

    async def rewrites(self) -> list[tuple[str, str, str, int]]:
        """(read model, version, key, shard) of what somebody asked to have written over."""
        rows = await self._pool.fetch("SELECT read_model, version, partition_key, shard FROM rewrite_request")
        return [tuple(row) for row in rows]

    async def rewritten(self, model: ReadModel, key: str) -> None:
        """It was, or its key is parked now."""
        await self._pool.execute(
            "DELETE FROM rewrite_request WHERE read_model = $1 AND version = $2 AND partition_key = $3",
            model.name,
            model.version,
            key,
        )


async def _fetch(pool: Pool, where: str) -> list[ParkedKey]:
    fields = ", ".join(ParkedKey.__struct_fields__)
    rows = await pool.fetch(f"SELECT {fields} FROM parked_key {where} ORDER BY parked_at")  # noqa: S608
    return [ParkedKey(*row) for row in rows]


def correlation_of(recorded: Recorded) -> str:
    """The correlation id of an event; empty if not even that can be read."""
    try:
        return metadata_of(recorded).correlation_id
    except msgspec.DecodeError:
        return ""
