"""The crowd of a sale by turns: `--crowd waiting-room --sku SKU`. Most queue as they are told, some cheat."""

from itertools import count
from typing import Any

from locust import task

from loadtests.checkout import check_out
from loadtests.journeys.cheating import Cheating, Found
from loadtests.journeys.queueing import Place, Queueing
from loadtests.shopping import Person

CHEATS = 4  # one in so many, each in the next way
PLACES: list[Place] = []  # those whose stories have ended
_FOUND = Found()
_come = count()


class Queuer(Person):
    """Sees the offer, draws a place, waits, takes the turn, buys; then comes as somebody else."""

    @task
    def come(self) -> None:
        """The whole way; one that is sold out is looked at now and then."""
        offer, browsing = self.environment.parsed_options.sku, self.visit.browsing
        if not (browsing.offer(offer) and _there(browsing.page)):
            return
        self.held: list[Place] = []
        try:
            self._queue(offer)
        finally:
            PLACES.extend(self.held)

    def _queue(self, offer: str) -> None:
        queue = Queueing(self.shop, self.held, self.pause)
        self.wait()
        if not queue.find(offer):
            return
        place = self._place(queue, offer)
        buying = self.visit.buying
        if place is None or place.passes or not queue.wait(place):
            return
        cart = buying.open_cart()
        if cart is None or not queue.take(place, cart).fine:
            return
        _FOUND.leave(place, cart)
        self.visit.browsing.offer(offer)
        self.wait()
        if buying.add_to_cart():
            check_out(self)

    def _place(self, queue: Queueing, offer: str) -> Place | None:
        turn, honest = divmod(next(_come), CHEATS)
        if honest:
            return queue.draw("honest")
        ways = [*Cheating(self.shop, queue, self.visit.buying, offer, _FOUND).ways.values()]
        return ways[turn % len(ways)]()


def _there(page: dict[str, Any] | None) -> bool:
    return page is not None and any(variant["availability"] != "out" for variant in page["variants"])


def told() -> list[dict[str, Any]]:
    """The stories that ended since it was asked last."""
    ended = [vars(place) for place in PLACES]
    PLACES.clear()
    return ended
