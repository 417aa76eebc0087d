"""Whether a product is for sale at a moment: the one rule, by which the checkout, pages and searches go. Pure.

Moments are whole minutes: so a minute's searches are the same question, which Elasticsearch answers out of a cache.
"""

from datetime import UTC, datetime


def is_open(publish_at: datetime | None, unpublish_at: datetime | None, now: datetime) -> bool:
    """Whether now is within what was scheduled: from `publish_at` on, until just before `unpublish_at`."""
    return (publish_at is None or publish_at <= now) and (unpublish_at is None or now < unpublish_at)


def minute_of(now: datetime) -> datetime:
    """The minute that a moment is in. No whole minute lies between the two, so the rule says the same of both."""
    return now.astimezone(UTC).replace(second=0, microsecond=0)
