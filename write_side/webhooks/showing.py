"""Endpoints and the log of their deliveries, as staff see them; and sending once more what was sent before."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from shared.codec import KNOWN_TYPES
from shared.settings import Settings
from write_side import commands, event_log
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.errors import Invalid, NotFound
from write_side.event_log import Head, Positions
from write_side.feed import Cursor, tags_of
from write_side.webhooks import store
from write_side.webhooks.deliveries import store as deliveries
from write_side.webhooks.deliveries.store import Attempt, Delivery
from write_side.webhooks.domain import Endpoint
from write_side.webhooks.handlers import unknown
from write_side.webhooks.store import Progress

MOST_AGAIN = 1000  # events that one request sends once more


class UnknownEvent(NotFound):
    """No event that can be read yet has this id."""

    code = "unknown_event"


class RangeTooLong(Invalid):
    """More events than one request sends once more."""

    code = "range_too_long"


class BrokenRange(Invalid):
    """Neither one event nor a range, or both."""

    code = "broken_range"


class EndpointShown(Struct, frozen=True):
    """An endpoint and how far telling it has got."""

    endpoint: Endpoint
    queued_up_to: Annotated[str, Meta(description="a cursor of GET /v1/events: up to here the log is queued for it")]
    sequence: Annotated[int, Meta(description="the number of its last delivery")]
    due: Annotated[int, Meta(description="deliveries that wait; a thousand at most, then the log waits for it")]
    given_up: int
    failures: Annotated[int, Meta(description="rounds of attempts that failed since one succeeded")]
    failing_since: datetime | None


class EndpointList(Struct, frozen=True):
    """All endpoints, oldest first."""

    items: list[EndpointShown]


class AttemptShown(Struct, frozen=True):
    """One try: the status, or in a word why there was no answer; and how its body began."""

    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    excerpt: str


class DeliveryShown(Struct, frozen=True):
    """An event on its way to an endpoint; `state` is due, delivered or given_up."""

    sequence: int
    event_id: UUID
    type: str
    cursor: str
    state: str
    attempts: int
    queued_at: datetime
    settled_at: datetime | None
    next_attempt_at: datetime | None
    tries: list[AttemptShown]


class DeliveryList(Struct, frozen=True):
    """Deliveries, the newest first; `next` is the `before` of the page behind it."""

    items: list[DeliveryShown]
    next: int | None


class Again(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"event_id": "0198f0c0-0000-7000-8000-000000000001"}`, or a range `{"after": "MS4w", "until": "MS45"}`."""

    event_id: UUID | None = None
    after: Annotated[str, Meta(max_length=100)] | None = None
    until: Annotated[str, Meta(max_length=100)] | None = None


class SentAgain(Struct, frozen=True):
    """How many events are sent (once more)."""

    events: int


async def endpoints(pool: Pool) -> EndpointList:
    """All of them."""
    async with pool.acquire() as conn:
        epoch, found = await event_log.epoch(conn), await store.find_with_progress(conn)
    return EndpointList([_endpoint(*one, epoch) for one in found])


async def endpoint(pool: Pool, endpoint_id: UUID) -> EndpointShown:
    """One of them; refuses `unknown_endpoint`."""
    async with pool.acquire() as conn:
        epoch, found = await event_log.epoch(conn), await store.find_with_progress(conn, endpoint_id)
    if not found:
        raise unknown(endpoint_id)
    return _endpoint(*found[0], epoch)


async def log_of(pool: Pool, endpoint_id: UUID, state: str | None, before: int | None, limit: int) -> DeliveryList:
    """What was sent to an endpoint, and how each try went; refuses `unknown_endpoint`."""
    async with pool.acquire() as conn:
        if not await store.find_with_progress(conn, endpoint_id):
            raise unknown(endpoint_id)
        epoch = await event_log.epoch(conn)
        found, tries = await deliveries.log_of(conn, endpoint_id, state, before, limit)
    items = [_delivery(one, [each for each in tries if each.sequence == one.sequence], epoch) for one in found]
    return DeliveryList(items, found[-1].sequence if len(found) == limit else None)


async def send_again(pool: Pool, settings: Settings, endpoint_id: UUID, wanted: Again) -> Answer[SentAgain]:
    """One event, or those of a range that the endpoint is told of, (once more); under the same ids.

    Refuses `unknown_endpoint`, `unknown_event`, `broken_range`, `range_too_long`, and cursors as the feed does.
    """
    patience = timedelta(seconds=settings.webhook_give_up_seconds)

    async def decide(conn: Connection) -> tuple[SentAgain, Positions]:
        found = await store.lock_endpoint(conn, endpoint_id)
        if found is None:
            raise unknown(endpoint_id)
        events = await _events(conn, found, wanted)
        await deliveries.queue(conn, endpoint_id, events, None, patience)
        return SentAgain(len(events)), {}

    return await commands.run(pool, decide)


async def _events(conn: Connection, told: Endpoint, wanted: Again) -> list[Head]:
    epoch, safe = await event_log.extent(conn)
    if wanted.event_id is not None and wanted.after is None and wanted.until is None:
        head = await event_log.head_of(conn, wanted.event_id)
        if head is None or head.position > safe:
            raise UnknownEvent(f"there is no event {wanted.event_id}", pointer="/event_id")
        return [head]
    if wanted.event_id is not None or wanted.after is None or wanted.until is None:
        raise BrokenRange("either event_id, or after and until")
    after = Cursor.parse(wanted.after, "/after").of(epoch, "/after").position
    until = min(safe, Cursor.parse(wanted.until, "/until").of(epoch, "/until").position)
    types = tags_of(told.types, KNOWN_TYPES, "/types")
    found = await event_log.read_heads(conn, after, until, types, MOST_AGAIN + 1)
    if len(found) > MOST_AGAIN:
        raise RangeTooLong(f"at most {MOST_AGAIN} events at once", pointer="/until")
    return found


def _endpoint(found: Endpoint, progress: Progress, epoch: int) -> EndpointShown:
    return EndpointShown(
        found, Cursor(epoch, progress.position).token(), progress.sequence, progress.due, progress.given_up,
        progress.failures, progress.failing_since,
    )  # fmt: skip


def _delivery(one: Delivery, tries: list[Attempt], epoch: int) -> DeliveryShown:
    return DeliveryShown(
        sequence=one.sequence,
        event_id=one.event_id,
        type=one.type,
        cursor=Cursor(epoch, one.position).token(),
        state=one.state,
        attempts=one.attempts,
        queued_at=one.queued_at,
        settled_at=one.settled_at,
        next_attempt_at=one.next_attempt_at if one.state == "due" else None,
        tries=[AttemptShown(*each[1:]) for each in tries],
    )
