"""The SQL of endpoints and their secrets. What is to be sent there, and how that goes: `deliveries`."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from shared.envelope import Metadata
from shared.events.webhooks import EndpointCreated, EndpointDeleted, EndpointEnabled, SecretRotated, WebhookEvent
from shared.shards import webhook_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.webhooks.domain import Endpoint, evolve

_COLUMNS = "id, url, description, types, personal, state, disabled_for, secret_number, version"
ENDPOINT = "webhook_endpoint"


class Progress(NamedTuple):
    """How far telling an endpoint has got."""

    position: int
    sequence: int
    failures: int
    failing_since: datetime | None
    due: int
    given_up: int


async def lock_endpoint(conn: Connection, endpoint_id: UUID) -> Endpoint | None:
    """An endpoint that was not deleted, held until the transaction ends."""
    query = f"SELECT {_COLUMNS} FROM webhook_endpoint WHERE id = $1 AND state <> 'deleted' FOR UPDATE"  # noqa: S608
    row = await conn.fetchrow(query, endpoint_id)
    return None if row is None else msgspec.convert(dict(row), Endpoint)


async def count_endpoints(conn: Connection) -> int:
    """How many there are. Two that are made at once may both pass a limit: it is no promise to anybody."""
    return int(await conn.fetchval("SELECT count(*) FROM webhook_endpoint WHERE state <> 'deleted'"))


async def create(conn: Connection, event: EndpointCreated, sealed_secret: bytes, cause: Metadata) -> Positions:
    """A new endpoint's row, secret and event; it is told what comes behind that event."""
    await conn.execute(
        """INSERT INTO webhook_endpoint (id, url, description, types, personal, state, secret_number, version)
           VALUES ($1, $2, $3, $4, $5, 'enabled', 1, 1)""",
        event.endpoint_id, event.url, event.description, event.types, event.personal,
    )  # fmt: skip
    await _keep_secret(conn, event.endpoint_id, 1, sealed_secret)
    new = NewEvent(ENDPOINT, event.endpoint_id, 1, webhook_key(event.endpoint_id), event)
    positions = await event_log.append(conn, [new], cause)
    await _begin_behind(conn, event.endpoint_id, max(positions.values()))
    return positions


async def save(
    conn: Connection, endpoint: Endpoint, event: WebhookEvent, cause: Metadata
) -> tuple[Endpoint, Positions]:
    """A locked endpoint's row after an event, and the event."""
    now = evolve(endpoint, event, endpoint.version + 1)
    await conn.execute(
        """UPDATE webhook_endpoint SET url = $2, description = $3, types = $4, personal = $5, state = $6,
                                       disabled_for = $7, secret_number = $8, version = $9 WHERE id = $1""",
        now.id, now.url, now.description, now.types, now.personal, now.state, now.disabled_for, now.secret_number,
        now.version,
    )  # fmt: skip
    if isinstance(event, EndpointDeleted):
        await _forget(conn, now.id)
    new = NewEvent(ENDPOINT, now.id, now.version, webhook_key(now.id), event)
    positions = await event_log.append(conn, [new], cause)
    if isinstance(event, EndpointEnabled):
        await _start_over(conn, now.id)
        if event.skipped:
            await _begin_behind(conn, now.id, max(positions.values()))
    return now, positions


async def rotate(
    conn: Connection, endpoint: Endpoint, event: SecretRotated, sealed_secret: bytes, cause: Metadata
) -> Positions:
    """The new secret beside the old one, which goes when its time is over, and the event."""
    await conn.execute(
        """UPDATE webhook_secret SET valid_until = least(valid_until, $2)
           WHERE endpoint_id = $1""",
        endpoint.id, event.previous_until,
    )  # fmt: skip
    await _keep_secret(conn, endpoint.id, event.number, sealed_secret)
    return (await save(conn, endpoint, event, cause))[1]


async def secrets_of(conn: Connection, endpoint_ids: Sequence[UUID]) -> dict[UUID, list[bytes]]:
    """The sealed secrets that are signed with now, the newest first."""
    rows = await conn.fetch(
        """SELECT endpoint_id, sealed FROM webhook_secret
           WHERE endpoint_id = ANY ($1) AND (valid_until IS NULL OR valid_until > clock_timestamp())
           ORDER BY number DESC""",
        endpoint_ids,
    )
    found: dict[UUID, list[bytes]] = {}
    for row in rows:
        found.setdefault(row["endpoint_id"], []).append(row["sealed"])
    return found


async def forget_old_secrets(conn: Connection) -> None:
    """Those whose overlap is over."""
    await conn.execute("DELETE FROM webhook_secret WHERE valid_until < clock_timestamp()")


async def find_with_progress(
    conn: Connection, endpoint_id: UUID | None = None
) -> list[tuple[Endpoint, Progress]]:
    """One endpoint that was not deleted, or all of them, oldest first, and how far each has got."""
    rows = await conn.fetch(
        f"""SELECT {_COLUMNS}, position, sequence, failures, failing_since,
                   (SELECT count(*) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'due') AS due,
                   (SELECT count(*) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'given_up')
                       AS given_up
            FROM webhook_endpoint e WHERE state <> 'deleted' AND ($1::uuid IS NULL OR id = $1) ORDER BY id""",  # noqa: S608
        endpoint_id,
    )
    names = Progress._fields
    return [(msgspec.convert(dict(row), Endpoint), Progress(*(row[name] for name in names))) for row in rows]


async def all_endpoints(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Endpoint]:
    """Every endpoint's row, or those of some, for the comparison with the log."""
    rows = await conn.fetch(*among(f"SELECT {_COLUMNS} FROM webhook_endpoint", ids))  # noqa: S608
    return [msgspec.convert(dict(row), Endpoint) for row in rows]


async def rewrite_endpoint(conn: Connection, endpoint: Endpoint) -> None:
    """Make the row say this; for a repair. One that was lost is told what comes from now on, not all of history."""
    new = {"position": await event_log.safe_position(conn)}
    await overwrite(conn, ENDPOINT, msgspec.structs.asdict(endpoint), new)


async def _keep_secret(conn: Connection, endpoint_id: UUID, number: int, sealed: bytes) -> None:
    query = "INSERT INTO webhook_secret (endpoint_id, number, sealed) VALUES ($1, $2, $3)"
    await conn.execute(query, endpoint_id, number, sealed)


async def _forget(conn: Connection, endpoint_id: UUID) -> None:
    await conn.execute("DELETE FROM webhook_secret WHERE endpoint_id = $1", endpoint_id)
    await conn.execute("DELETE FROM webhook_delivery WHERE endpoint_id = $1", endpoint_id)


async def _begin_behind(conn: Connection, endpoint_id: UUID, position: int) -> None:
    await conn.execute("UPDATE webhook_endpoint SET position = $2 WHERE id = $1", endpoint_id, position)


async def _start_over(conn: Connection, endpoint_id: UUID) -> None:
    """An endpoint that was enabled again gets what waits for it at once, and time to take it."""
    await conn.execute(
        """UPDATE webhook_endpoint SET failures = 0, failing_since = NULL, failed_at = NULL,
                                       next_attempt_at = clock_timestamp() WHERE id = $1""",
        endpoint_id,
    )
    await conn.execute(
        """UPDATE webhook_delivery SET next_attempt_at = clock_timestamp(),
                                       give_up_at = clock_timestamp() + (give_up_at - queued_at)
           WHERE endpoint_id = $1 AND state = 'due'""",
        endpoint_id,
    )
