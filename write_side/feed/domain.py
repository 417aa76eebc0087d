"""The feed, pure: how an event is told to others, what a cursor is, and which events a filter means."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Annotated, Literal, Self
from uuid import UUID

from msgspec import Meta, Raw, Struct

from shared.envelope import Recorded, metadata_of
from write_side.customers import Payload, Personal
from write_side.errors import Invalid, Refusal

SOURCE = "urn:doorbuster"
MOST_FILTERS = 100
_HIGHEST = 2**63 - 1


class BrokenCursor(Refusal):
    """This cursor is not one of ours."""

    status = 400
    code = "broken_cursor"


class CursorOfAnotherEpoch(Refusal):
    """The log was restored since: what came behind this cursor may be gone, so nothing can be resumed from it."""

    status = 410
    code = "cursor_of_another_epoch"


class UnknownEventType(Invalid):
    """A filter that no event type fits."""

    code = "unknown_event_type"


class CloudEvent(Struct, frozen=True, omit_defaults=True):
    """An event of the log as a CloudEvent (1.0, JSON); what CloudEvents does not name are extension attributes."""

    specversion: Literal["1.0"]
    id: Annotated[UUID, Meta(description="the same for ever and everywhere: by it repeats are told")]
    source: str
    type: Annotated[str, Meta(description="with its version; its schema: /schema/events/{type}.json")]
    subject: Annotated[str, Meta(description="the aggregate: order/<id>")]
    time: datetime
    datacontenttype: Literal["application/json"]
    dataschema: Annotated[str, Meta(description="the $id of the schema of `data`")]
    cursor: Annotated[str, Meta(description="GET /v1/events?after=… goes on behind this event")]
    aggregatetype: str
    aggregateid: UUID
    aggregateversion: Annotated[int, Meta(description="dense from 1: which event of its aggregate this is")]
    partitionkey: Annotated[str, Meta(description="events of one key are in order")]
    actor: Annotated[str, Meta(description="who caused it: guest, token:<id>, worker, cli")]
    correlationid: Annotated[str, Meta(description="all that is about one order carries one")]
    personaldata: Annotated[
        Personal, Meta(description="hidden, erased and broken fields are empty texts; shown ones are in the clear")
    ]
    data: Annotated[Raw, Meta(extra_json_schema={"type": "object", "description": "as it stands in the log"})]
    causationid: Annotated[UUID | None, Meta(description="the event that made it necessary")] = None
    traceparent: str | None = None
    sequence: Annotated[str | None, Meta(description="of a webhook: the endpoint's own count, without a hole")] = None


def schema_id(tag: str) -> str:
    """What names the schema of a type's payload, wherever it is served from."""
    return f"urn:doorbuster:event:{tag}"


def told(recorded: Recorded, payload: Payload, epoch: int, sequence: int | None = None) -> CloudEvent:
    """An event as others get it."""
    metadata = metadata_of(recorded)
    return CloudEvent(
        specversion="1.0",
        id=recorded.event_id,
        source=SOURCE,
        type=recorded.type,
        subject=f"{recorded.aggregate_type}/{recorded.aggregate_id}",
        time=recorded.recorded_at,
        datacontenttype="application/json",
        dataschema=schema_id(recorded.type),
        cursor=Cursor(epoch, recorded.position).token(),
        aggregatetype=recorded.aggregate_type,
        aggregateid=recorded.aggregate_id,
        aggregateversion=recorded.version,
        partitionkey=recorded.key,
        actor=metadata.actor,
        correlationid=metadata.correlation_id,
        personaldata=payload.personal,
        data=Raw(payload.data),
        causationid=metadata.causation_id,
        traceparent=metadata.traceparent,
        sequence=None if sequence is None else str(sequence),
    )


class Cursor(Struct, frozen=True):
    """A place in the log; opaque to others."""

    epoch: int
    position: int

    def token(self) -> str:
        """As others carry it."""
        return urlsafe_b64encode(f"{self.epoch}.{self.position}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str, pointer: str) -> Self:
        """The place behind a token; raises `BrokenCursor`."""
        try:
            text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
            epoch, _, position = text.partition(".")
            found = cls(int(epoch), int(position))
        except ValueError:
            raise BrokenCursor("This cursor is not one of ours.", pointer=pointer) from None
        if not 0 <= found.position <= _HIGHEST or not compare_digest(found.token(), token):
            raise BrokenCursor("This cursor is not one of ours.", pointer=pointer)
        return found

    def of(self, epoch: int, pointer: str) -> Self:
        """Itself, if it belongs to this epoch; raises `CursorOfAnotherEpoch`."""
        if self.epoch != epoch:
            said = "The log was restored to an earlier point since; begin anew, and tell repeats by their ids."
            raise CursorOfAnotherEpoch(said, pointer=pointer)
        return self


def tags_of(filters: Sequence[str], known: Sequence[str], pointer: str) -> list[str] | None:
    """The event types that filters mean (`orders.order_placed.v1`, `orders.*`), None for all (`*`, or no filter).

    Raises `UnknownEventType` for a filter that none fits: a misspelt one would wait for ever.
    """
    if len(filters) > MOST_FILTERS:
        raise UnknownEventType(f"at most {MOST_FILTERS} filters", pointer=pointer)
    for one in filters:
        if one != "*" and not any(_fits(one, tag) for tag in known):
            raise UnknownEventType(f"no event type is {one[:80]!r}", pointer=pointer)
    return fitting(filters, known)


def fitting(filters: Sequence[str], known: Sequence[str]) -> list[str] | None:
    """The same for filters that were checked once; what no release knows any more fits nothing."""
    if not filters or "*" in filters:
        return None
    return sorted(tag for tag in known if any(_fits(one, tag) for one in filters))


def _fits(one: str, tag: str) -> bool:
    return tag.startswith(one[:-1]) if one.endswith(".*") else tag == one
