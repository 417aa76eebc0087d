"""Who was told to come again later: of those who buy, and of those who look around. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from doorbuster.load.shoppers import Step

SHED = "shed: "  # before the name of a step, see loadtests/steps.py
BUYING = frozenset({"quote", "place order", "place order again", "queue: take my turn", "order just placed",
                    "order by its link", "order status"})  # fmt: skip
ELSEWHERE = ("Stripe", "payment:")  # the provider's, and through doors of their own


class Shed(Struct, frozen=True):
    """Of one rank: requests, and how many of them were shed."""

    asked: int = 0
    shed: int = 0

    @property
    def share(self) -> float:
        """0 … 1."""
        return self.shed / self.asked if self.asked else 0.0


def by_rank(steps: Iterable[Step]) -> dict[str, Shed]:
    """`buying` and `looking`, as `read_side/doors.py` and `write_side/doors.py` tell them apart."""
    found = {"buying": Shed(), "looking": Shed()}
    for step in steps:
        name = step.step.removeprefix(SHED)
        if not name.startswith(ELSEWHERE):
            rank = "buying" if name in BUYING else "looking"
            shed = step.requests if name != step.step else 0
            found[rank] = Shed(found[rank].asked + step.requests, found[rank].shed + shed)
    return found
