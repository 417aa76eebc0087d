"""The hash chains: an event's hash recomputed over its stored bytes, and its link to the event before it.

Computed here apart from the SQL that wrote it. What the chains can't show, an end that was cut off or a history that
was written anew as a whole, the seals do (seals.py).
"""

from collections.abc import Iterator
from hashlib import sha256

import asyncpg

from shared.shards import shard_of
from write_side.event_log import GENESIS
from write_side.verifying.differences import MISSING, Difference


def hash_of(row: asyncpg.Record) -> bytes:
    """The hash of a row of the log, computed apart from the SQL function `event_hash` that wrote it."""
    microseconds = int(row["recorded_at"].timestamp()) * 1_000_000 + row["recorded_at"].microsecond
    header = "\n".join(
        str(row[name])
        for name in ("position", "shard", "partition_key", "aggregate_type", "aggregate_id", "aggregate_version",
                     "event_id", "type")
    )  # fmt: skip
    header_hash = sha256(f"{header}\n{microseconds}".encode()).digest()
    parts = (row["prev_hash"], header_hash, sha256(row["payload"]).digest(), sha256(row["metadata"]).digest())
    return sha256(b"".join(parts)).digest()


def name_of(row: asyncpg.Record) -> str:
    """How an event is told of."""
    return f"event {row['position']} ({row['aggregate_type']} {row['aggregate_id']} v{row['aggregate_version']})"


def broken(row: asyncpg.Record, shards: int) -> Iterator[Difference]:
    """What is wrong with an event; `before_hash` and `before_at` are of the event before it, None if there is none."""
    computed = hash_of(row)
    if computed != row["hash"]:
        yield _difference(row, "the hash of its bytes", row["hash"].hex(), computed.hex())
    if row["aggregate_version"] > 1 and row["before_hash"] is None:
        yield _difference(row, f"the event before it, v{row['aggregate_version'] - 1},", "in the log", MISSING)
    elif row["prev_hash"] != (expected := row["before_hash"] or GENESIS):
        yield _difference(row, "prev_hash", expected.hex(), row["prev_hash"].hex())
    if row["before_at"] is not None and row["recorded_at"] < row["before_at"]:
        yield _difference(row, "recorded_at", f"at or after {row['before_at']}", str(row["recorded_at"]))
    if row["shard"] != (shard := shard_of(row["partition_key"], shards)):
        yield _difference(row, "shard", str(shard), str(row["shard"]))


def _difference(row: asyncpg.Record, field: str, expected: str, found: str) -> Difference:
    return Difference("event", name_of(row), field, expected, found)
