"""Prices that searches filter, sort and count by: filled into slots of each product ahead of time, then turned to.

Percentages off everything are not in them: those change neither which product costs less than another nor, once a
bound is asked for as what it was before, which ones lie within it. So a slot says what a product would have to cost
before them, and queries translate (`shared/left_of_price.py`). What one costs that they leave alone is in a slot, too.

Elasticsearch: `shown.<slot>.<currency>` is a product's lowest price under what the slot is for: its own where nothing
says otherwise. `priced` holds a mark for each slot, in documents that have anything but their own prices in one. Redis:
`price_slots:v2` is a `PriceSlots`, the pointer that all queries follow by their own clocks. Where nothing else is in
force it is products' own prices that count.
"""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

KEY = "price_slots:v2"
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

    @property
    def filled(self) -> dict[str, str]:
        """The fields, their currency left out, by what is filled into them."""
        return {slot.regime: f"shown.{name}" for name, slot in self.slots.items() if slot.filled} | {OWN: "prices"}


class Counting(NamedTuple):
    """The field that prices are asked by now, its currency left out; and since when another one should, if so."""

    field: str
    changing_since: datetime | None = None


NO_SLOTS = PriceSlots()


def counting(told: PriceSlots, now: datetime) -> Counting:
    """The slot in force; while it is not filled the one before, as last turned to."""
    fields = told.filled
    begun = [turn for turn in told.turns if turn.at <= now][::-1]
    for place, turn in enumerate(begun):
        if turn.regime in fields:
            return Counting(fields[turn.regime], begun[place - 1].at if place else None)
    return Counting("prices", begun[0].at if begun else None)
