"""The query files: bodies of `GET <index>/_search`, each in the folder of the index that it asks.

They stand as they are sent, with dates in Elasticsearch's own words, so that they can be pasted into Kibana; `ask` puts
other dates in their place.
"""

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

Json = dict[str, Any]


class Span(NamedTuple):
    """From `since` on, up to and without `until`."""

    since: datetime
    until: datetime

    @property
    def days(self) -> float:
        """How long it is."""
        return (self.until - self.since).total_seconds() / 86_400


def saved(index: str, name: str) -> Json:
    """A query file's body."""
    found = files("doorbuster.asking") / "queries" / index / f"{name}.json"
    body: Json = msgspec.json.decode(found.read_bytes(), type=dict[str, Any])
    return body


def during(body: Json, field: str | None, span: Span) -> Json:
    """The body with this span wherever it says between which times a field must lie."""
    for each in _parts(body):
        if field and isinstance(each.get("range"), dict) and field in each["range"]:
            each["range"] = {field: {"gte": span.since.isoformat(), "lt": span.until.isoformat()}}
    return body


def limited(body: Json, group: str | None, limit: int) -> Json:
    """The body with so many groups of this name."""
    for each in _parts(body):
        if group and isinstance(each.get(group), dict) and "terms" in each[group]:
            each[group]["terms"]["size"] = limit
    return body


def after(body: Json, key: Json) -> Json:
    """The body that asks for the groups behind this one."""
    for each in _parts(body):
        if "composite" in each:
            each["composite"]["after"] = key
    return body


def _parts(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _parts(part)
