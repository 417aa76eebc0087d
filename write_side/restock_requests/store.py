"""The SQL of restock requests."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from shared.envelope import Metadata
from shared.events.restock_requests import (
    RequesterErased,
    RequesterMailRefused,
    RequesterTold,
    RestockRequested,
)
from shared.shards import restock_request_key
from write_side import event_log
from write_side.database import Connection, Pool, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.restock_requests.domain import RestockRequest

# For so long a request is one worker's: longer than a mail takes.
CLAIM = timedelta(seconds=60)
LONGEST = timedelta(seconds=300)  # from one try to the next
LOOK = 500  # requests looked at in one transaction: what all of a big shop's ask for outlasts it, for ever then
FIRST = 50  # of a SKU, made due at once: more than are erased before one of them is looked at; it brings the others
_REQUEST = "id, sku, person_id, mail, state, version, counted_as, locale"
_STATES = {RequesterTold: "told", RequesterMailRefused: "refused", RequesterErased: "erased"}

End = RequesterTold | RequesterMailRefused | RequesterErased


class Claimed(NamedTuple):
    """A request whose SKU is there, and how often it was tried to tell so."""

    request: RestockRequest
    attempts: int


async def waiting_of(conn: Connection, person_id: UUID, customer: UUID) -> list[str]:
    """The SKUs that a person waits for, or another spelling of the mailbox that `customer` stands for."""
    query = """SELECT sku FROM restock_request WHERE coalesce(counted_as, person_id) = $2 AND state = 'waiting'
               UNION SELECT sku FROM restock_request WHERE person_id = $1 AND state = 'waiting'"""
    return [row["sku"] for row in await conn.fetch(query, person_id, customer)]


async def insert(conn: Connection, event: RestockRequested, cause: Metadata, *, due: bool) -> Positions:
    """A request and its event; nothing if the mailbox waits for this SKU already. `due`: to be looked at at once."""
    done = await conn.execute(
        """INSERT INTO restock_request (id, sku, person_id, mail, state, version, counted_as, locale, next_attempt_at)
           VALUES ($1, $2, $3, $4, 'waiting', 1, $5, $6, CASE WHEN $7 THEN clock_timestamp() END)
           ON CONFLICT DO NOTHING""",
        event.request_id, event.sku, event.person_id, event.mail, event.counted_as, event.locale, due,
    )  # fmt: skip
    if done != "INSERT 0 1":
        return {}
    return await event_log.append(conn, [_new(event.request_id, 1, event)], cause)


async def anybody_waits(conn: Connection) -> bool:
    """Whether there is any request that still waits."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM restock_request WHERE state = 'waiting')"))


async def waited_for(conn: Connection, skus: Sequence[str]) -> set[str]:
    """Those of them that somebody waits for."""
    query = "SELECT DISTINCT sku FROM restock_request WHERE state = 'waiting' AND sku = ANY ($1)"
    return {row["sku"] for row in await conn.fetch(query, skus)}


async def make_due(conn: Connection, skus: Sequence[str]) -> None:
    """The first who wait for each of them are to be told, and bring the others (`make_more_due`). Whom a worker has in
    hand keeps the claim, and whoever was put off the pause: both are looked at again by themselves. Whoever is due
    becomes so anew: what a worker who looked before this came puts back isn't they (`wait_again`)."""
    await conn.execute(
        """UPDATE restock_request SET next_attempt_at = clock_timestamp() WHERE id IN (
               SELECT r.id FROM unnest($1::text[]) AS u(sku) CROSS JOIN LATERAL (
                   SELECT id FROM restock_request w
                   WHERE w.state = 'waiting' AND w.sku = u.sku
                     AND (w.attempts = 0 OR w.next_attempt_at IS NULL
                          OR w.next_attempt_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + $2)
                   LIMIT $3 FOR UPDATE) r)""",
        skus, LONGEST, FIRST,
    )  # fmt: skip


async def make_more_due(conn: Connection, skus: Sequence[str], limit: int) -> None:
    """So many more of each of these SKUs, of which some are being told, are to be told next: also of those who wait for
    the moment at which it was to come, if it came before."""
    await conn.execute(
        """UPDATE restock_request SET next_attempt_at = clock_timestamp() WHERE id IN (
               SELECT r.id FROM unnest($1::text[]) AS u(sku) CROSS JOIN LATERAL (
                   SELECT id FROM restock_request w
                   WHERE w.state = 'waiting' AND w.sku = u.sku
                     AND (w.next_attempt_at IS NULL OR w.next_attempt_at > clock_timestamp() + $3)
                   LIMIT $2 FOR UPDATE SKIP LOCKED) r)""",
        skus, limit, LONGEST,
    )  # fmt: skip


async def due(conn: Connection) -> dict[UUID, str]:
    """Request → SKU of those who have been due longest."""
    query = """SELECT id, sku FROM restock_request WHERE next_attempt_at <= clock_timestamp() AND state = 'waiting'
               ORDER BY next_attempt_at LIMIT $1"""
    return {row["id"]: row["sku"] for row in await conn.fetch(query, LOOK)}


async def wait_again(conn: Connection, until: Mapping[UUID, datetime | None]) -> int:
    """What these wait for can't be had: until when to wait, None where nobody knows; answers how many do. (`now()`, the
    beginning of the transaction that looked: whoever became due by what happened since must stay so, as must whoever
    is becoming so.)"""
    done = await conn.execute(
        """UPDATE restock_request r SET next_attempt_at = u.until
           FROM unnest($1::uuid[], $2::timestamptz[]) AS u(id, until)
           WHERE r.id = u.id AND r.id IN (SELECT id FROM restock_request
                                          WHERE id = ANY ($1) AND next_attempt_at <= now() FOR UPDATE SKIP LOCKED)""",
        list(until), list(until.values()),
    )  # fmt: skip
    return int(done.split()[-1])


async def claim_due(conn: Connection, ids: Sequence[UUID], limit: int) -> list[Claimed]:
    """Those of them who are still due and asked first; for this worker alone for a while."""
    rows = await conn.fetch(
        f"""UPDATE restock_request SET next_attempt_at = clock_timestamp() + $3, attempts = attempts + 1
            WHERE id IN (SELECT id FROM restock_request WHERE id = ANY ($1) AND next_attempt_at <= clock_timestamp()
                         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
            RETURNING {_REQUEST}, attempts""",  # noqa: S608
        ids, limit, CLAIM,
    )  # fmt: skip
    claimed = [Claimed(RestockRequest(*list(row.values())[:-1]), row["attempts"]) for row in rows]
    return sorted(claimed, key=lambda one: one.request.id)


async def count_due(conn: Connection) -> tuple[int, float]:
    """Requests that are due, and for how many seconds the first of them has been."""
    row = await conn.fetchrow(
        """SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(next_attempt_at)), 0)::float8
           FROM restock_request WHERE next_attempt_at <= clock_timestamp()"""
    )
    assert row is not None
    return row[0], row[1]


async def put_off(conn: Connection | Pool, request_id: UUID, pause: timedelta) -> None:
    """Not told: try again after a pause."""
    query = """UPDATE restock_request SET next_attempt_at = clock_timestamp() + $2
               WHERE id = $1 AND state = 'waiting'"""
    await conn.execute(query, request_id, pause)


async def end(conn: Connection, events: Mapping[UUID, End], cause: Metadata) -> Positions:
    """Requests that lead to nothing any more, and their events. Only the first to say so is heard."""
    new = []
    for id_, event in sorted(events.items()):
        version: int | None = await conn.fetchval(
            """UPDATE restock_request SET state = $2, mail = '', version = version + 1, next_attempt_at = NULL
               WHERE id = $1 AND state = 'waiting' RETURNING version""",
            id_, _STATES[type(event)],
        )  # fmt: skip
        if version is not None:
            new.append(_new(id_, version, event))
    return await event_log.append(conn, new, cause) if new else {}


async def of_person(conn: Connection, person_id: UUID) -> list[RestockRequest]:
    """A person's requests, the oldest first."""
    rows = await conn.fetch(f"SELECT {_REQUEST} FROM restock_request WHERE person_id = $1 ORDER BY id", person_id)  # noqa: S608
    return [RestockRequest(*row) for row in rows]


async def persons_waiting(conn: Connection, persons: Sequence[UUID]) -> list[UUID]:
    """Those of them who wait for something."""
    query = "SELECT DISTINCT person_id FROM restock_request WHERE state = 'waiting' AND person_id = ANY ($1)"
    return [row["person_id"] for row in await conn.fetch(query, persons)]


async def all_requests(conn: Connection, ids: Sequence[UUID] | None = None) -> list[RestockRequest]:
    """Every request's row, or those of some, for the comparison with the log."""
    rows = await conn.fetch(*among(f"SELECT {_REQUEST} FROM restock_request", ids))  # noqa: S608
    return [RestockRequest(*row) for row in rows]


async def rewrite_request(conn: Connection, request: RestockRequest) -> None:
    """Make the row say this, for a repair. Whoever waits is told when stock comes in next."""
    await overwrite(conn, "restock_request", msgspec.structs.asdict(request))


def _new(request_id: UUID, version: int, event: RestockRequested | End) -> NewEvent:
    return NewEvent("restock_request", request_id, version, restock_request_key(request_id), event)
