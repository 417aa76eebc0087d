"""Prices that searches filter, sort and count by: filled into slots of each product ahead of time, then turned to.

Percentages off everything are not in them: those change neither which product costs less than another nor, once a
bound is asked for as what it was before, which ones lie within it. So a slot says what a product would have to cost
before them, and queries translate (`shared/left_of_price.py`). What one costs that they leave alone is in a slot, too.

Elasticsearch: `shown.<slot>.<currency>` is a product's lowest price under what the slot is for: its own where nothing
says otherwise. `priced` holds a mark for each slot, in documents that have anything but their own prices in one. Redis:
`price_slots:v2` is a `PriceSlots`, the pointer that all queries follow by their own clocks. Where nothing else is in
force it is products' own prices that count.

What is in force depends on the channel, as price lists do; a slot is for what is in force somewhere, and the same in
two channels is one slot.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

KEY = "price_slots:v2"
SLOTS = ("a", "b", "c", "d")
OWN = ""  # what is in force when nothing is: products' own prices
WEB = "web"  # the channel that goes before all others
ELSEWHERE = ""  # all channels that no price list names


class Slot(Struct, frozen=True):
    """What a slot is for: a name of all that is in force then. `filled`: each product has it."""

    regime: str
    filled: bool


class Turn(NamedTuple):
    """From then on this is in force."""

    at: datetime
    regime: str


class PriceSlots(Struct, frozen=True, omit_defaults=True):
    """By slot what it is for; and when what is in force, from now, or from what it takes over from, on.

    `turns` are those of the channel `web`, `channels` those of each other one that has any of its own, `ELSEWHERE` for
    all that aren't named; of those that have none at all nobody knows what is in force there.
    """

    store: str = ""
    slots: dict[str, Slot] = {}
    turns: list[Turn] = []
    channels: dict[str, list[Turn]] = {}

    def turns_in(self, channel: str) -> list[Turn]:
        """Those that this channel goes by."""
        return self.turns if channel == WEB else turns_of(channel, self.channels, self.turns)

    def has_slot(self, regime: str) -> bool:
        """Whether a slot is for it, filled or not, or none is needed."""
        return regime == OWN or any(slot.regime == regime for slot in self.slots.values())

    @property
    def filled(self) -> dict[str, str]:
        """The fields, their currency left out, by what is filled into them."""
        return {slot.regime: f"shown.{name}" for name, slot in self.slots.items() if slot.filled} | {OWN: "prices"}


class Counting(NamedTuple):
    """The field that prices are asked by now, its currency left out; since when another one should, if so; and whose
    prices those are, if not those of the channel that asked."""

    field: str
    changing_since: datetime | None = None
    of_channel: str | None = None


NO_SLOTS = PriceSlots()


def turns_of(channel: str, channels: Mapping[str, list[Turn]], web: list[Turn]) -> list[Turn]:
    """The turns of a channel, of whatever stands for it if it has none of its own."""
    return channels.get(channel, channels.get(ELSEWHERE, web))


def counting(told: PriceSlots, now: datetime, channel: str = WEB) -> Counting:
    """The slot in force there; while it is not filled the one before, as last turned to. Where no slot is for what is
    in force the prices of `web` count, which has the first slots."""
    of_web, turns = _of_web(told, now), told.turns_in(channel)
    if turns is told.turns:
        return of_web
    begun = [turn for turn in turns if turn.at <= now][::-1]
    own = _usable(told.filled, begun) if begun and told.has_slot(begun[0].regime) else None
    return own or of_web._replace(of_channel=WEB)


def _of_web(told: PriceSlots, now: datetime) -> Counting:
    begun = [turn for turn in told.turns if turn.at <= now][::-1]
    return _usable(told.filled, begun) or Counting("prices", begun[0].at if begun else None)


def _usable(fields: Mapping[str, str], begun: Sequence[Turn]) -> Counting | None:
    """The latest (first) of these that is filled."""
    for place, turn in enumerate(begun):
        if turn.regime in fields:
            return Counting(fields[turn.regime], begun[place - 1].at if place else None)
    return None
