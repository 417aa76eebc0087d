"""The log for others: its events as CloudEvents, page by page."""

from write_side.feed.domain import (
    BrokenCursor,
    CloudEvent,
    Cursor,
    CursorOfAnotherEpoch,
    UnknownEventType,
    fitting,
    tags_of,
)
from write_side.feed.handlers import Feed, told_events

__all__ = [
    "BrokenCursor", "CloudEvent", "Cursor", "CursorOfAnotherEpoch", "Feed", "UnknownEventType", "fitting", "tags_of",
    "told_events",
]  # fmt: skip
