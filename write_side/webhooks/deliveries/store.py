"""The SQL of deliveries: what is to be told to whom, under which number, and how telling went."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from write_side.database import Connection
from write_side.event_log import Head
from write_side.webhooks.domain import Endpoint
from write_side.webhooks.gateway import TIMEOUT, Answer

# For so long a delivery is one worker's: whoever finds one left over knows that its sender is gone.
CLAIM = timedelta(seconds=3 * TIMEOUT)
MOST_DUE = 1000  # deliveries that wait for an endpoint; whoever is further behind is told later: the log keeps it
KEPT_DAYS = 30
RECOVERED = 3  # rounds that failed: when one succeeds after so many, all that waits is tried at once


class Behind(NamedTuple):
    """An endpoint that the log is further than, held until the transaction ends; room for so many deliveries."""

    types: list[str]
    position: int
    room: int


class Claimed(NamedTuple):
    """A delivery to carry out, for the `attempts`th time."""

    endpoint_id: UUID
    sequence: int
    position: int
    attempts: int
    url: str
    personal: bool


class Delivery(NamedTuple):
    """A delivery as the log of them tells it."""

    sequence: int
    position: int
    event_id: UUID
    type: str
    state: str
    attempts: int
    queued_at: datetime
    settled_at: datetime | None
    next_attempt_at: datetime


class Attempt(NamedTuple):
    """One try: the status of the answer, or why there was none, and how its body began."""

    sequence: int
    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    excerpt: str


async def behind(conn: Connection, safe: int) -> list[UUID]:
    """Endpoints that are to be told of events up to the safe position."""
    query = "SELECT id FROM webhook_endpoint WHERE state = 'enabled' AND position < $1 ORDER BY position"
    return [row["id"] for row in await conn.fetch(query, safe)]


async def lock_behind(conn: Connection, endpoint_id: UUID, safe: int) -> Behind | None:
    """One of them, unless another worker is at it or it waits for too many already."""
    row = await conn.fetchrow(
        """SELECT types, position FROM webhook_endpoint
           WHERE id = $1 AND state = 'enabled' AND position < $2 FOR UPDATE SKIP LOCKED""",
        endpoint_id, safe,
    )  # fmt: skip
    if row is None:
        return None
    query = """SELECT count(*) FROM
               (SELECT 1 FROM webhook_delivery WHERE endpoint_id = $1 AND state = 'due' LIMIT $2) AS due"""
    room = MOST_DUE - await conn.fetchval(query, endpoint_id, MOST_DUE)
    return Behind(row["types"], row["position"], room) if room > 0 else None


async def queue(
    conn: Connection, endpoint_id: UUID, events: Sequence[Head], reached: int | None, patience: timedelta
) -> int:
    """Deliveries of these events to a locked endpoint, numbered on; answers how many are new.

    `reached`: up to here the log is queued, and what somebody had sent again before it got there is left as it is. None
    leaves the checkpoint alone: what was queued before is due again.
    """
    known = await conn.fetch(
        """WITH again AS (
               UPDATE webhook_delivery SET state = 'due', settled_at = NULL, next_attempt_at = clock_timestamp(),
                                           give_up_at = clock_timestamp() + $3
               WHERE endpoint_id = $1 AND position = ANY ($2) AND $4)
           SELECT position FROM webhook_delivery WHERE endpoint_id = $1 AND position = ANY ($2)""",
        endpoint_id, [one.position for one in events], patience, reached is None,
    )  # fmt: skip
    old = {row["position"] for row in known}
    new = [one for one in events if one.position not in old]
    last = await conn.fetchval(
        """UPDATE webhook_endpoint SET sequence = sequence + $2, position = coalesce($3, position) WHERE id = $1
           RETURNING sequence""",
        endpoint_id, len(new), reached,
    )  # fmt: skip
    first = last - len(new) + 1
    await conn.execute(
        """INSERT INTO webhook_delivery (endpoint_id, sequence, position, event_id, type, give_up_at)
           SELECT $1, s, p, e, t, clock_timestamp() + $6 FROM unnest($2::bigint[], $3::bigint[], $4::uuid[], $5::text[])
               AS new(s, p, e, t)""",
        endpoint_id, list(range(first, last + 1)), [one.position for one in new], [one.event_id for one in new],
        [one.type for one in new], patience,
    )  # fmt: skip
    return len(new)


async def claim_due(conn: Connection, limit: int, each: int, busy: Mapping[UUID, int]) -> list[Claimed]:
    """Deliveries to carry out now, for this worker alone for a while; `each` for an endpoint at most, less what is
    `busy` already. Of an endpoint that fails only one is tried, and that from time to time."""
    rows = await conn.fetch(
        """WITH ready AS (
               SELECT e.id, e.url, e.personal, e.failures, coalesce(b.n, 0) AS busy
               FROM webhook_endpoint e LEFT JOIN unnest($3::uuid[], $4::int[]) AS b(id, n) ON b.id = e.id
               WHERE e.state = 'enabled' AND (e.failures = 0 OR e.next_attempt_at <= clock_timestamp())
               FOR UPDATE OF e SKIP LOCKED
           ), chosen AS (  -- whoever has least under way comes first: no endpoint waits for those before it in a list
               SELECT d.endpoint_id, d.sequence, r.url, r.personal, r.failures
               FROM ready r CROSS JOIN LATERAL (
                   SELECT w.endpoint_id, w.sequence, r.busy + row_number() OVER (ORDER BY w.sequence) AS turn
                   FROM webhook_delivery w
                   WHERE w.endpoint_id = r.id AND w.state = 'due' AND w.next_attempt_at <= clock_timestamp()
                     AND (w.claimed_until IS NULL OR w.claimed_until <= clock_timestamp())
                   ORDER BY w.sequence
                   LIMIT greatest(0, CASE WHEN r.failures > 0 THEN 1 ELSE $2 END - r.busy)) AS d
               ORDER BY d.turn, random() LIMIT $1
           ), probing AS (
               UPDATE webhook_endpoint SET next_attempt_at = clock_timestamp() + $5
               WHERE failures > 0 AND id IN (SELECT endpoint_id FROM chosen)
           )
           UPDATE webhook_delivery w SET attempts = w.attempts + 1, claimed_until = clock_timestamp() + $5
           FROM chosen c WHERE w.endpoint_id = c.endpoint_id AND w.sequence = c.sequence
             -- Asked again of the row as it is now: another worker may have claimed and committed since our snapshot.
             AND w.state = 'due' AND (w.claimed_until IS NULL OR w.claimed_until <= clock_timestamp())
           RETURNING w.endpoint_id, w.sequence, w.position, w.attempts, c.url, c.personal""",
        limit, each, list(busy.keys()), list(busy.values()), CLAIM,
    )  # fmt: skip
    return [Claimed(*row) for row in rows]


async def write_down(conn: Connection, claimed: Claimed, at: datetime, answer: Answer) -> None:
    """An attempt, for the log of deliveries; of a delivery that was deleted meanwhile nothing is kept."""
    await conn.execute(
        """INSERT INTO webhook_attempt (endpoint_id, sequence, number, at, duration_ms, status, error, excerpt)
           SELECT $1, $2, $3, $4, $5, $6, $7, $8
           WHERE EXISTS (SELECT FROM webhook_delivery WHERE endpoint_id = $1 AND sequence = $2)
           ON CONFLICT DO NOTHING""",
        claimed.endpoint_id, claimed.sequence, claimed.attempts, at, answer.duration_ms, answer.status, answer.error,
        answer.excerpt,
    )  # fmt: skip


async def settle(conn: Connection, claimed: Claimed) -> None:
    """It was taken: its endpoint is well. After an outage all that waits is due at once."""
    await conn.execute(
        """UPDATE webhook_delivery SET state = 'delivered', settled_at = clock_timestamp(), claimed_until = NULL
           WHERE endpoint_id = $1 AND sequence = $2""",
        claimed.endpoint_id, claimed.sequence,
    )  # fmt: skip
    failures = await conn.fetchval(
        "SELECT failures FROM webhook_endpoint WHERE id = $1 AND failures > 0 FOR UPDATE", claimed.endpoint_id
    )
    if failures is None:
        return
    await conn.execute(
        "UPDATE webhook_endpoint SET failures = 0, failing_since = NULL, failed_at = NULL WHERE id = $1",
        claimed.endpoint_id,
    )
    if failures >= RECOVERED:
        await conn.execute(
            """UPDATE webhook_delivery SET next_attempt_at = clock_timestamp()
               WHERE endpoint_id = $1 AND state = 'due'""",
            claimed.endpoint_id,
        )


async def put_off(conn: Connection, claimed: Claimed, pause: float) -> bool:
    """It was not taken: try again after a pause (seconds), unless its time is over; answers whether it was given up."""
    state = await conn.fetchval(
        """UPDATE webhook_delivery SET claimed_until = NULL, next_attempt_at = clock_timestamp() + $3,
               state = CASE WHEN give_up_at <= clock_timestamp() THEN 'given_up' ELSE state END,
               settled_at = CASE WHEN give_up_at <= clock_timestamp() THEN clock_timestamp() END
           WHERE endpoint_id = $1 AND sequence = $2 AND state = 'due' RETURNING state""",
        claimed.endpoint_id, claimed.sequence, timedelta(seconds=pause),
    )  # fmt: skip
    return bool(state == "given_up")


async def count_failure(conn: Connection, endpoint: Endpoint, began: datetime) -> tuple[int, datetime]:
    """A locked endpoint failed: how many rounds it has, and since when. Attempts side by side are one round."""
    row = await conn.fetchrow(
        """UPDATE webhook_endpoint SET
               failures = failures + (failed_at IS NULL OR failed_at <= $2)::int,
               failing_since = coalesce(failing_since, clock_timestamp()), failed_at = clock_timestamp()
           WHERE id = $1 RETURNING failures, failing_since""",
        endpoint.id, began,
    )  # fmt: skip
    assert row is not None
    return row["failures"], row["failing_since"]


async def rest(conn: Connection, endpoint: Endpoint, pause: float) -> None:
    """An endpoint that fails is left alone for a while (seconds)."""
    query = "UPDATE webhook_endpoint SET next_attempt_at = clock_timestamp() + $2 WHERE id = $1"
    await conn.execute(query, endpoint.id, timedelta(seconds=pause))


async def log_of(
    conn: Connection, endpoint_id: UUID, state: str | None, before: int | None, limit: int
) -> tuple[list[Delivery], list[Attempt]]:
    """Deliveries of an endpoint, the newest first, below a number; and their attempts."""
    rows = await conn.fetch(
        f"""SELECT {", ".join(Delivery._fields)} FROM webhook_delivery
            WHERE endpoint_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR sequence < $3)
            ORDER BY sequence DESC LIMIT $4""",  # noqa: S608
        endpoint_id, state, before, limit,
    )  # fmt: skip
    found = [Delivery(*row) for row in rows]
    tries = await conn.fetch(
        f"""SELECT {", ".join(Attempt._fields)} FROM webhook_attempt
            WHERE endpoint_id = $1 AND sequence = ANY ($2) ORDER BY sequence, number""",  # noqa: S608
        endpoint_id, [one.sequence for one in found],
    )  # fmt: skip
    return found, [Attempt(*row) for row in tries]


async def forget_old(conn: Connection, limit: int = 2000) -> int:
    """Drop deliveries that were settled long ago, with their attempts, so many at a time; answers how many."""
    query = """DELETE FROM webhook_delivery WHERE (endpoint_id, sequence) IN (
                   SELECT endpoint_id, sequence FROM webhook_delivery
                   WHERE state <> 'due' AND settled_at < clock_timestamp() - make_interval(days => $2) LIMIT $1)"""
    return int((await conn.execute(query, limit, KEPT_DAYS)).rpartition(" ")[2])


class Waiting(NamedTuple):
    """What waits: for the worker (due, for so many seconds at most), and for a person."""

    due: int
    oldest: float
    given_up: int
    disabled: int
    behind: int


async def count_waiting(conn: Connection, safe: int) -> Waiting:
    """All endpoints together; `behind` is the position furthest behind the safe one."""
    row = await conn.fetchrow(
        """SELECT (SELECT count(*) FROM webhook_delivery WHERE state = 'due'),
                  (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(queued_at)), 0)::float8
                   FROM webhook_delivery WHERE state = 'due'),
                  (SELECT count(*) FROM webhook_delivery WHERE state = 'given_up'),
                  (SELECT count(*) FROM webhook_endpoint WHERE state = 'disabled' AND disabled_for <> 'staff'),
                  (SELECT coalesce(max($1 - position), 0)::bigint FROM webhook_endpoint WHERE state = 'enabled')""",
        safe,
    )
    assert row is not None
    return Waiting(*row)
