"""The log for others: its events as CloudEvents, page by page."""

from write_side.feed.domain import CloudEvent, Cursor, UnknownEventType, tags_of
from write_side.feed.handlers import Feed, told_events

__all__ = ["CloudEvent", "Cursor", "Feed", "UnknownEventType", "tags_of", "told_events"]
