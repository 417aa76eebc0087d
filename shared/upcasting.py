"""Events that are written no more, read as events of today. The log is never rewritten: what it holds is turned here.

An upcaster takes a payload of an old type and answers what it would be called now: one event, or several where it was
split. It is pure and total: whatever was valid under the old schema has to come through. How to write one, with worked
examples that a test runs: docs/events.md.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

Payload = dict[str, Any]
Named = tuple[str, Payload]  # (type with version, payload)


class Upcaster(NamedTuple):
    """`into`: every type that it may answer, each of the old one's own context and nearer to today's."""

    into: tuple[str, ...]
    upcast: Callable[[Payload], Sequence[Named]]


def _renamed(to: str) -> Upcaster:
    """Nothing but the name is new: whatever the old one says is said so today."""
    return Upcaster((to,), lambda payload: [(to, payload)])


# Old type with version → how it is read. An entry is added when a version is replaced, and stays for ever.
UPCASTERS: dict[str, Upcaster] = {
    # What is taken off may be a gift since.
    "promotions.promotion_announced.v1": _renamed("promotions.promotion_announced.v2"),
    "promotions.promotion_revised.v1": _renamed("promotions.promotion_revised.v2"),
    # Groups may be formed over sets of products since: who reads `buy_get` as of one SKU must not take these for it.
    "promotions.promotion_announced.v2": _renamed("promotions.promotion_announced.v3"),
    "promotions.promotion_revised.v2": _renamed("promotions.promotion_revised.v3"),
}


def upcast(type_: str, payload: Payload) -> list[Named]:
    """The events that an event is today, step by step through all versions in between; itself if it is one of today."""
    upcaster = UPCASTERS.get(type_)
    if upcaster is None:
        return [(type_, payload)]
    return [now for name, turned in upcaster.upcast(payload) for now in upcast(name, turned | {"type": name})]


def written_as(types: Collection[str]) -> tuple[str, ...]:
    """These types and all old ones that are read as one of them: what to look for in the log."""
    found = list(types)
    for type_ in found:  # grows while it is walked
        found += [old for old, upcaster in UPCASTERS.items() if type_ in upcaster.into and old not in found]
    return tuple(found)
