"""What the routes answer."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from shared.envelope import Recorded, metadata_of
from write_side.history.domain import Json


class Happened(Struct, frozen=True):
    """An event: what, when, by whom, for whom."""

    version: Annotated[int, Meta(description="which of its aggregate's events: dense from 1")]
    position: Annotated[int, Meta(description="its place in the whole log")]
    event_id: UUID
    type: Annotated[str, Meta(description="as it was written, with its version")]
    at: datetime
    actor: Annotated[str, Meta(description="guest, token:<id>, worker, cli")]
    correlation_id: str
    causation_id: Annotated[UUID | None, Meta(description="the event that made it necessary")]
    request_id: Annotated[str | None, Meta(description="of a request that came later than the correlation id's")]


class Was(Struct, frozen=True):
    """An aggregate as it was: `by` is the last event that had happened then."""

    kind: str
    id: UUID
    version: int
    by: Happened
    state: Annotated[Json, Meta(description="by kind; amounts in minor units, personal data masked")]


class Told(Struct, frozen=True):
    """An event with all that it says, as it was written; personal data masked."""

    event: Happened
    payload: Json


class EventPage(Struct, frozen=True):
    """Some of an aggregate's events."""

    kind: str
    id: UUID
    events: list[Told]
    next: Annotated[str | None, Meta(description="the cursor of the page behind this one")]


class Difference(Struct, frozen=True):
    """One place of a state: what stood there, what stands there now (null: nothing), and by which event."""

    path: Annotated[str, Meta(description="JSON pointer into the state")]
    before: Any
    after: Any
    by: Annotated[Happened | None, Meta(description="null: none of the 2000 events before the second point")]


class Differences(Struct, frozen=True):
    """Some of what changed between two versions of an aggregate; 0 is before its first event."""

    kind: str
    id: UUID
    from_version: int
    to_version: int
    changes: list[Difference]
    next: Annotated[str | None, Meta(description="the cursor of the page behind this one")]


class Because(Struct, frozen=True):
    """What an event was about, beside its own aggregate: the order or reservation that stock was moved for."""

    kind: Annotated[str, Meta(description="order | reservation")]
    id: UUID
    number: Annotated[str | None, Meta(description="of an order: what people call it")]


class StepTold(Struct, frozen=True):
    """An event that changed a figure: its value after it, and by how much it moved if both are numbers."""

    by: Happened
    value: Any
    change: int | float | None
    reason: Annotated[str | None, Meta(description="as it was given with the command")]
    because: Because | None


class Explained(Struct, frozen=True):
    """Why a figure is what it is: `value` now, and the steps that made it so, each with the value after it."""

    kind: str
    id: UUID
    figure: str
    value: Any
    version: Annotated[int, Meta(description="of the aggregate, now")]
    steps: list[StepTold]
    next: Annotated[str | None, Meta(description="the cursor of the page behind this one, which may have no steps")]


class SystemPoint(Struct, frozen=True):
    """How far the log was complete at a time: whatever is asked as of this position is the whole system then."""

    at: datetime
    noted_at: Annotated[datetime, Meta(description="once a second at most, and only when it moved")]
    position: int


def happened(event: Recorded) -> Happened:
    """An event without what it says."""
    told = metadata_of(event)
    return Happened(
        event.version, event.position, event.event_id, event.type, event.recorded_at, told.actor, told.correlation_id,
        told.causation_id, told.request_id,
    )  # fmt: skip
