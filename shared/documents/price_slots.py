"""Prices that searches filter, sort and count by: filled into slots of each product ahead of time, then turned to.

Elasticsearch: `shown.<slot>.<currency>` is a product's lowest price under what the slot is for; `priced` holds a mark
for each slot that the document was filled for. Redis: `price_slots` is a `PriceSlots`, the pointer that all queries
follow by their own clocks. Where no promotion and no price list is in force it is products' own prices that count.
"""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

KEY = "price_slots"
SLOTS = ("a", "b", "c", "d")
OWN = ""  # what is in force when nothing is: products' own prices


class Slot(Struct, frozen=True):
    """What a slot is for: a name of all that is in force then. `filled`: each product has it."""

    regime: str
    filled: bool


class Turn(NamedTuple):
    """From then on this is in force."""

    at: datetime
    regime: str


class PriceSlots(Struct, frozen=True):
    """By slot what it is for; and when what is in force, from now, or from what it takes over from, on."""

    store: str = ""
    slots: dict[str, Slot] = {}
    turns: list[Turn] = []


class Counting(NamedTuple):
    """The field that prices are asked by now, its currency left out; since when another one should, if so."""

    field: str
    changing_since: datetime | None = None


NO_SLOTS = PriceSlots()


def mark_of(slot: str, regime: str) -> str:
    """What `priced` says of a document that has it."""
    return f"{slot}:{regime}"


def counting(told: PriceSlots, now: datetime) -> Counting:
    """The slot in force; while it is not filled the one before, as last turned to."""
    fields = {slot.regime: f"shown.{name}" for name, slot in told.slots.items() if slot.filled} | {OWN: "prices"}
    begun = [turn for turn in told.turns if turn.at <= now][::-1]
    for place, turn in enumerate(begun):
        if turn.regime in fields:
            return Counting(fields[turn.regime], begun[place - 1].at if place else None)
    return Counting(fields[OWN], begun[0].at if begun else None)
