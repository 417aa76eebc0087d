"""What staff ask for about parked keys, and what is refused."""

from typing import Annotated

from msgspec import Meta, Struct

from write_side.errors import NotFound, Refusal
from write_side.parked import ParkedEvent, ParkedKey, SkippedEvent


class NotParked(NotFound):
    """No such key is parked in this read model."""

    code = "not_parked"


class AnotherEvent(Refusal):
    """By now the key is parked by another event than the one to be skipped: look at it first."""

    code = "another_event"


class NotSkipped(NotFound):
    """This read model does not go without this event: it was never skipped, or that was taken back."""

    code = "not_skipped"


class Skip(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"position": 17, "reason": "a test's event, mended in the next one"}`: the event that parks the key."""

    position: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Unskip(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"position": 17, "reason": "the read model can apply it now"}`: an event that is skipped."""

    position: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ParkedKeys(Struct, frozen=True):
    """All of them, oldest first."""

    parked: list[ParkedKey]


class Inspected(Struct, frozen=True):
    """A parked key and its event, as the log has it."""

    parked: ParkedKey
    event: ParkedEvent | None


class SkippedEvents(Struct, frozen=True):
    """All of them, those that were taken back too, newest first."""

    skipped: list[SkippedEvent]
