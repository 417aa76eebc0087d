"""Prices that searches filter, sort and count by: filled into slots of each product ahead of time, then turned to.

A percentage off everything needs no slot: it changes neither which product costs less than another nor, once a bound is
asked for as what it was before, which ones lie within it. So queries go on by the prices before it, and translate.

Elasticsearch: `shown.<slot>.<currency>` is a product's lowest price under what the slot is for; `priced` holds a mark
for each slot that the document was filled for. Redis: `price_slots` is a `PriceSlots`, the pointer that all queries
follow by their own clocks. Where nothing else is in force it is products' own prices that count.
"""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

KEY = "price_slots"
SLOTS = ("a", "b", "c", "d")
OWN = ""  # what is in force when nothing is: products' own prices


class Slot(Struct, frozen=True):
    """What a slot is for: a name of all that is in force then. `filled`: each product has it. `promoted`: promotions
    are taken off in it. `number`: of its assignment, one that is never given again. `over`: what it is for is past, and
    documents written since don't have it."""

    regime: str
    filled: bool
    promoted: bool = False
    number: int = 0
    over: bool = False


class Turn(NamedTuple):
    """From then on this is in force."""

    at: datetime
    regime: str
    promoted: bool = False


class PriceSlots(Struct, frozen=True):
    """By slot what it is for; and when what is in force, from now, or from what it takes over from, on."""

    store: str = ""
    slots: dict[str, Slot] = {}
    turns: list[Turn] = []


class Counting(NamedTuple):
    """The field that prices are asked by now, its currency left out; since when another one should, if so; and whether
    promotions are taken off in it."""

    field: str
    changing_since: datetime | None = None
    promoted: bool = False


NO_SLOTS = PriceSlots()


def mark_of(name: str, slot: Slot) -> str:
    """What `priced` says of a document that has it."""
    return f"{name}:{slot.number}:{slot.regime}"


def counting(told: PriceSlots, now: datetime) -> Counting:
    """The slot in force; while it is not filled the one before, as last turned to."""
    filled = {name: slot for name, slot in told.slots.items() if slot.filled}
    fields = {slot.regime: (f"shown.{name}", slot.promoted) for name, slot in filled.items()} | {OWN: ("prices", False)}
    begun = [turn for turn in told.turns if turn.at <= now][::-1]
    for place, turn in enumerate(begun):
        if turn.regime in fields:
            field, promoted = fields[turn.regime]
            return Counting(field, begun[place - 1].at if place else None, promoted)
    return Counting("prices", begun[0].at if begun else None)
