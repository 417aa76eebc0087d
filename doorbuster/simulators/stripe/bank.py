"""A bank whose declines pass: by a seed, some payments are declined for a while though the card is good."""

from random import Random
from typing import Annotated

from msgspec import Meta, Struct

from .cards import PASSING

Share = Annotated[float, Meta(ge=0, le=1)]


class Moods(Struct, frozen=True, forbid_unknown_fields=True):
    """`troubled`: the share of intents whose first try is declined; `lasting`: the chance that a later try of one of
    them is declined again. What is drawn depends on the seed and on which intent, by the order of their first tries."""

    troubled: Share = 0.0
    lasting: Share = 0.0
    seed: int = 1


class Bank:
    """The moods of now, and what they did."""

    def __init__(self) -> None:
        self.change(Moods())

    def change(self, moods: Moods) -> None:
        """Other moods from now on; whoever was in trouble is no more."""
        self.moods = moods
        self._of: dict[str, Random] = {}
        self._first = Random(moods.seed)

    def trouble(self, intent_id: str) -> str | None:
        """The code with which this try is declined, None if it isn't; each ask is a try."""
        if not self.moods.troubled:
            return None
        if intent_id in self._of:
            return self._drawn(self._of[intent_id], self.moods.lasting)
        own = Random(self._first.random())
        if (code := self._drawn(own, self.moods.troubled)) is not None:
            self._of[intent_id] = own
        return code

    def _drawn(self, random: Random, chance: float) -> str | None:
        return random.choice(sorted(PASSING)) if random.random() < chance else None

    @property
    def troubled(self) -> list[str]:
        """Intents of which at least one try was declined so."""
        return list(self._of)
