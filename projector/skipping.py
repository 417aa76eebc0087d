"""Events that a read model goes without, because a person said so: which, why and by whom stands in Postgres."""

from collections.abc import Set

from msgspec import Struct

from projector import metrics
from projector.log import Pool
from projector.model import ReadModel


class Skip(Struct, frozen=True):
    """What was asked for: go on without the event at this position."""

    position: int
    event_type: str
    error: str
    partition_key: str
    actor: str
    reason: str


class Skipped:
    """The table `skipped_event`, and in memory what it says of the models at work."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._positions: dict[str, set[int]] = {}  # by read model

    async def of(self, model: ReadModel) -> Set[int]:
        """The positions that this model goes without, in every version: a rebuild must not be stopped by them."""
        if model.name not in self._positions:
            rows = await self._pool.fetch("SELECT position FROM skipped_event WHERE read_model = $1", model.name)
            self._keep(model, {row["position"] for row in rows})
        return self._positions[model.name]

    async def add(self, model: ReadModel, skip: Skip) -> None:
        """For good, before anything is made without it."""
        await self._pool.execute(
            """INSERT INTO skipped_event
                      (read_model, version, position, partition_key, event_type, error, actor, reason)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING""",
            model.name, model.version, skip.position, skip.partition_key, skip.event_type, skip.error, skip.actor,
            skip.reason,
        )  # fmt: skip
        self._keep(model, {*await self.of(model), skip.position})

    def _keep(self, model: ReadModel, positions: set[int]) -> None:
        self._positions[model.name] = positions
        metrics.SKIPPED.labels(model.name).set(len(positions))
