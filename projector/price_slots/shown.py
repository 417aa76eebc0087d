"""A product's prices in all slots, as they are put beside its document. Pure but for the clock that is passed in."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from projector.price_slots.turns import CHANNEL, Said, moment_of
from projector.read_models.price_times import times_of
from projector.read_models.product import Product, known_of
from shared.documents.price_slots import NO_SLOTS, PriceSlots, mark_of
from shared.documents.prices import VariantTimes
from shared.shown_prices import Lists, Place, Promotions, asked_minor, currencies

BEGINNING = b',"shown":{'  # of what stands in a document behind all else


class Pricing(Struct, frozen=True):
    """What the slots are for, and what decides on prices in each."""

    told: PriceSlots = NO_SLOTS
    said: Said = Said((), ())

    @property
    def marks(self) -> list[str]:
        """What a document says that is filled for all of them."""
        return sorted(mark_of(name, slot) for name, slot in self.told.slots.items())

    def beside(self, state: Product, now: datetime) -> bytes:
        """What stands in a document behind all else: nothing while no slot is needed."""
        known = known_of(state) if self.told.slots else None
        if known is None:
            return b""
        lists = {str(each.id): each for each in self.said.lists}
        variants = times_of(known).variants
        shown = {
            name: _lowest(
                variants, lists, self.said.promotions if slot.promoted else (),
                moment_of(slot.regime, self.told.turns, now),
            )
            for name, slot in sorted(self.told.slots.items())
        }  # fmt: skip
        return b',"shown":' + msgspec.json.encode(shown) + b',"priced":' + msgspec.json.encode(self.marks)


def _lowest(variants: Sequence[VariantTimes], lists: Lists, promotions: Promotions, at: datetime) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for times in variants:
        for currency in currencies(times, lists):
            amount = asked_minor(times, lists, Place(currency, CHANNEL), at, promotions)
            if amount is not None:
                found[currency] = min(amount, found.get(currency, amount))
    return found
