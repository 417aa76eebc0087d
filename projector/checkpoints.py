"""How far each read model is on each shard, as Postgres remembers it: about a second old, and always a lower bound."""

from collections.abc import Sequence
from typing import NamedTuple

from projector.log import Pool
from projector.model import ReadModel


class Checkpoint(NamedTuple):
    """One row. `sink_id` names the life of the sink's data: a checkpoint says nothing about another one."""

    read_model: str
    version: str
    shard: int
    position: int
    sink_id: str


class Checkpoints:
    """The table `checkpoint`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._saved: dict[tuple[str, str, int], Checkpoint] = {}

    async def find(self, model: ReadModel, shard: int, sink_id: str) -> int:
        """The position saved for this life of the sink, else 0."""
        position = await self._pool.fetchval(
            "SELECT position FROM checkpoint WHERE read_model = $1 AND version = $2 AND shard = $3 AND sink_id = $4",
            model.name,
            model.version,
            shard,
            sink_id,
        )
        return int(position or 0)

    async def save(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Save those that changed, of versions that were not dropped meanwhile. Within one life of a sink none goes
        back: a stopped owner may wake up."""
        changed = [c for c in checkpoints if self._saved.get(c[:3]) != c]
        if not changed:
            return
        await self._pool.execute(
            """INSERT INTO checkpoint AS c (read_model, version, shard, position, sink_id)
               SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[], $5::text[])
                             AS n (read_model, version, shard, position, sink_id)
               WHERE EXISTS (SELECT FROM read_model_version v
                             WHERE (v.read_model, v.version) = (n.read_model, n.version))
               ON CONFLICT (read_model, version, shard) DO UPDATE
               SET position = excluded.position, sink_id = excluded.sink_id, updated_at = clock_timestamp()
               WHERE c.position < excluded.position OR c.sink_id <> excluded.sink_id""",
            *map(list, zip(*changed, strict=True)),
        )
        self._saved |= {c[:3]: c for c in changed}
