"""For whom work is done: the metadata of what it appends, the id that its log lines carry, the span it stands in.

All that is about one order goes by the correlation id of the request that placed it, and continues its trace. What an
event made necessary names it as its cause; a request that came later stands beside it by its own id.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

from msgspec import structs

from shared.envelope import Metadata, Recorded, metadata_of
from shared.http import correlation, tracing
from write_side import event_log
from write_side.database import Pool


@contextmanager
def continuing(event: Recorded, what: str, **ids: UUID) -> Iterator[Metadata]:
    """Work of the worker that an event made necessary; `what` and `ids` name the span."""
    origin = metadata_of(event)
    with (
        correlation.working_for(origin.correlation_id),
        _span(what, origin, "consumer", {"event_id": event.event_id, **ids}),
    ):
        yield Metadata(
            actor="worker",
            correlation_id=origin.correlation_id,
            causation_id=event.event_id,
            traceparent=tracing.current() or origin.traceparent,
        )


@asynccontextmanager
async def joining_order(
    pool: Pool, order_id: UUID, cause: Metadata, what: str, *, request_id: str | None = None
) -> AsyncIterator[Metadata]:
    """Work of a request about an order that an earlier one placed, until the request ends; yields its metadata.

    `request_id` is what the sender calls the request, where that is not the id of ours. Of an order that there is not,
    the metadata stay as they are: whoever works on it will say so.
    """
    async with pool.acquire() as conn:
        event = (await event_log.latest_of(conn, "order", [order_id])).get(order_id)
    if event is None:
        yield cause
        return
    with joining(event, order_id, cause, what, request_id) as joined:
        yield joined


@contextmanager
def joining(
    event: Recorded, order_id: UUID, cause: Metadata, what: str, request_id: str | None = None
) -> Iterator[Metadata]:
    """The same where an event of the order is at hand."""
    origin = metadata_of(event)
    own = request_id or cause.correlation_id
    correlation.join(origin.correlation_id)
    links = [cause.traceparent] if cause.traceparent else []  # the request's own trace
    with _span(what, origin, "internal", {"order_id": order_id}, links):
        yield structs.replace(
            cause,
            correlation_id=origin.correlation_id,
            traceparent=tracing.current() or origin.traceparent,
            request_id=None if own == origin.correlation_id else own,
        )


def _span(
    what: str, origin: Metadata, kind: tracing.Kind, ids: Mapping[str, UUID], links: Sequence[str] = ()
) -> tracing.Spanning:
    if not tracing.enabled():
        return tracing.NOTHING
    told = {f"doorbuster.{name}": str(id_) for name, id_ in ids.items()}
    told["doorbuster.correlation_id"] = origin.correlation_id
    return tracing.span(what, parent=origin.traceparent, links=links, kind=kind, attributes=told)
