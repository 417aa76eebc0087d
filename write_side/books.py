"""The books that stand beside the log: how far it is published, reacted to and projected, and which keys wait."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from write_side import event_log
from write_side.database import Connection


class Checkpoint(NamedTuple):
    """Up to where a version of a read model has a shard, as was written down about a second later at `updated_at`."""

    read_model: str
    version: str
    shard: int
    position: int
    updated_at: datetime


class Parked(NamedTuple):
    """A key whose events wait for an operator in one read model."""

    read_model: str
    version: str
    partition_key: str
    position: int
    error: str


class Books(NamedTuple):
    """All of them, for some keys."""

    safe_position: int
    reactions: dict[str, int]  # name → position
    checkpoints: list[Checkpoint]
    parked: list[Parked]


async def read(conn: Connection, keys: Sequence[str]) -> Books:
    """The books of today; of the parked keys only these."""
    checkpoints = await conn.fetch(
        "SELECT read_model, version, shard, position, updated_at FROM checkpoint ORDER BY read_model, version, shard"
    )
    parked = await conn.fetch(
        """SELECT read_model, version, partition_key, position, error FROM parked_key
           WHERE partition_key = ANY ($1) ORDER BY read_model, version, partition_key""",
        keys,
    )
    reactions = await conn.fetch("SELECT reaction, position FROM reaction_checkpoint ORDER BY reaction")
    return Books(
        await event_log.safe_position(conn),
        {row["reaction"]: row["position"] for row in reactions},
        [Checkpoint(*row) for row in checkpoints],
        [Parked(*row) for row in parked],
    )
