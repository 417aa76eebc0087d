"""From the provider's word that it has the money to the order's confirmation, by the log.

Whoever closed the window is among them, of whom only a webhook tells.
"""

from collections.abc import Mapping
from typing import NamedTuple

import asyncpg

from doorbuster.rehearsal.percentiles import percentiles

CONFIRMED = "payment confirmed"
_ENDS = """SELECT aggregate_id::text AS id, bool_or(type LIKE 'orders.order_confirmed.%') AS confirmed,
                  min(extract(epoch FROM recorded_at)) FILTER (WHERE type LIKE 'orders.order_confirmed.%')::float8 AS at
           FROM event_log WHERE aggregate_type = 'order' AND aggregate_id = ANY($1::uuid[])
           AND split_part(type, '.', 2) IN ('order_confirmed', 'order_cancelled', 'order_expired') GROUP BY 1"""


class Confirmed(NamedTuple):
    """How long it took, in percentiles of milliseconds, and how many were neither confirmed nor closed (given back)."""

    took: dict[str, float | None]
    never: int


async def confirmed(conn: "asyncpg.Connection[asyncpg.Record]", paid: Mapping[str, float]) -> Confirmed:
    """Of orders by their ids, and when each was paid, seconds since the epoch, by a clock that goes with Postgres'."""
    ends = {row["id"]: row for row in await conn.fetch(_ENDS, list(paid))}
    took = [max(0.0, (ends[id_]["at"] - at) * 1000) for id_, at in paid.items()
            if id_ in ends and ends[id_]["confirmed"]]  # fmt: skip
    return Confirmed({"times": len(took), **percentiles(took)}, len(paid.keys() - ends.keys()))
