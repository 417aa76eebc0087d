"""What the slots hold and what counts when, and what becomes of it when something is said or time passes. Pure."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field, structs

from projector.price_slots import channels, turns
from projector.price_slots.regimes import Regime
from projector.price_slots.turns import UNKNOWN, Content, Said
from shared.documents.price_slots import ELSEWHERE, WEB, PriceSlots, Slot, Turn, counting


class Held(Struct, frozen=True):
    """What slots hold and what counts when, in `web` and in other channels, with the indices for which it is known: by
    their uuids, since of another one, restored say, nobody knows what its documents were written for."""

    store: str
    contents: dict[str, Content] = field(default_factory=lambda: {**UNKNOWN})
    turns: list[Turn] = []
    known: frozenset[str] = frozenset()
    channels: dict[str, list[Turn]] = {}

    @property
    def told(self) -> PriceSlots:
        """As queries have to know it."""
        slots = {name: Slot(content.regime.name, content.filled) for name, content in self.contents.items()}
        return PriceSlots(self.store, slots, self.turns, self.channels)

    def needed(self, now: datetime) -> list[str]:
        """The regimes that slots are needed for."""
        return turns.needed(self.turns, channels.with_slots(self.channels), now)

    def without_slot(self, now: datetime) -> list[str]:
        """The channels with lists of their own in which searches go by the prices of `web`."""
        told, named = self.told, (name for name in self.channels if name != ELSEWHERE)
        return [name for name in sorted(named) if counting(told, now, name).of_channel]

    def after(self, said: Said, now: datetime) -> "Held":
        """The same once this is said, then: what counts when, and what the slots are for."""
        ahead = turns.coming(said, now, [WEB, *channels.named(said, now)])
        told = self.told
        counted = {channel: _counted(said, coming, channel, told, now) for channel, coming in ahead.items()}
        web = counted.pop(WEB)
        held = structs.replace(self, turns=web, channels=channels.apart(web, counted))
        regimes = {regime.name: regime for coming in ahead.values() for _, regime in coming}
        return structs.replace(held, contents={**turns.assigned(self.contents, regimes, held.needed(now), now)})


def _counted(
    said: Said, ahead: Sequence[tuple[datetime, Regime]], channel: str, told: PriceSlots, now: datetime
) -> list[Turn]:
    before = told.turns_in(channel) or told.turns
    return turns.without_past(turns.turns(said, ahead, before), told.filled, now)
