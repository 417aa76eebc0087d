"""Events that a read model goes without, because a person said so: which, why and by whom stands in Postgres."""

from collections.abc import Collection, Set

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


class TakenBack(Struct, frozen=True):
    """A skip that somebody asked to take back."""

    read_model: str
    position: int
    partition_key: str
    shard: int


_IN_FORCE = "SELECT position FROM skipped_event WHERE read_model = $1 AND unskipped_at IS NULL"


class Skipped:
    """The table `skipped_event`, and in memory what it says of the models at work."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._positions: dict[str, set[int]] = {}  # by read model

    async def of(self, model: ReadModel) -> Set[int]:
        """The positions that this model goes without, in every version: a rebuild must not be stopped by them."""
        if model.name not in self._positions:
            rows = await self._pool.fetch(_IN_FORCE, model.name)
            self._keep(model.name, {row["position"] for row in rows})
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
        self._keep(model.name, {*await self.of(model), skip.position})

    async def unwanted(self) -> list[TakenBack]:
        """What somebody asked to take back."""
        rows = await self._pool.fetch(
            """SELECT DISTINCT s.read_model, s.position, s.partition_key, e.shard
               FROM skipped_event s JOIN event_log e ON e.position = s.position
               WHERE s.unskip_requested_at IS NOT NULL AND s.unskipped_at IS NULL"""
        )
        return [TakenBack(*row) for row in rows]

    async def take_back(self, skip: TakenBack, versions: Collection[str]) -> None:
        """The event counts again, and its key is asked to be folded anew in these versions: both, or a crash in
        between would leave documents without it."""
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(
                """UPDATE skipped_event SET unskipped_at = clock_timestamp()
                   WHERE read_model = $1 AND position = $2 AND unskip_requested_at IS NOT NULL
                     AND unskipped_at IS NULL""",
                skip.read_model, skip.position,
            )  # fmt: skip
            await conn.execute(
                """INSERT INTO rewrite_request (read_model, version, partition_key, shard)
                   SELECT $1, version, $2, $3 FROM unnest($4::text[]) AS version ON CONFLICT DO NOTHING""",
                skip.read_model, skip.partition_key, skip.shard, list(versions),
            )  # fmt: skip
        self._positions.pop(skip.read_model, None)  # what is in force the table tells, even if nobody looked before

    def _keep(self, read_model: str, positions: set[int]) -> None:
        self._positions[read_model] = positions
        metrics.SKIPPED.labels(read_model).set(len(positions))
