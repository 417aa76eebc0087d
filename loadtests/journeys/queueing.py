"""The waiting room as a client of it behaves: a place, questions at the pace it is told, a turn taken for a cart."""

import random
import time
from collections.abc import Callable, Set
from datetime import datetime

from loadtests import steps
from loadtests.answers import Answer, Json, turn_refused
from loadtests.journeys.buying import TRIES, Cart
from loadtests.journeys.client import Client

_NONE: frozenset[str] = frozenset()
BROKEN = (1.0, 3.0)  # seconds after which somebody asks again whose question got no answer: the ticket is still good
NOT_YET = frozenset({"not_your_turn"})


class Place:
    """A place in line as its holder lived it. Times are seconds since the epoch."""

    def __init__(self, way: str, ticket: str, asked_at: float, answered_at: float) -> None:
        self.way, self.ticket, self.asked_at, self.answered_at = way, ticket, asked_at, answered_at
        self.early = False  # it was drawn before the sale began
        self.asked = 0  # how often
        self.promised_at: float | None = None  # what it was told first
        self.seen_at: float | None = None  # when it was told that its turn had come
        self.passes: list[tuple[str, int]] = []  # cart and turn, as the passes said
        self.refused = ""  # the code with which a pass was refused last; a shop that can't answer refuses nothing

    def heard(self, turn: Json) -> None:
        """What the waiting room said."""
        self.ticket = turn["ticket"]
        self.early = self.early or turn["state"] == "early"
        if turn["turn_at"] and self.promised_at is None:
            self.promised_at = datetime.fromisoformat(turn["turn_at"]).timestamp()
        if turn["state"] == "your_turn" and self.seen_at is None:
            self.seen_at = time.time()


class Queueing:
    """One shopper in front of one sale. `rest` lets that many seconds pass, or ends the shopper when the time is up."""

    def __init__(self, client: Client, places: list[Place], rest: Callable[[float], None]) -> None:
        self._client, self._places, self._rest = client, places, rest
        self._sale = ""

    def find(self, sku: str) -> bool:
        """The sale of the offer."""
        found = self._client.query("queue: the sale", f"/v1/sales/by-sku/{sku}")
        self._sale = found.body["id"] if found.fine else ""
        return found.fine

    def draw(self, way: str) -> Place | None:
        """A place in line."""
        asked_at = time.time()
        drawn = self._client.draw(steps.DRAW, f"/v1/sales/{self._sale}/tickets")
        if not drawn.fine:
            return None
        place = Place(way, drawn.body["ticket"], asked_at, time.time())
        place.heard(drawn.body)
        self._places.append(place)
        self._again = float(drawn.body["ask_again_after"])
        return place

    def wait(self, place: Place, most: float = float("inf")) -> bool:
        """Until the turn comes; false if it was missed. Asks as it is told to, or every `most` seconds."""
        while place.seen_at is None:
            self._rest(min(self._again, most))
            turn = self.ask(place)
            if turn.broken or turn.shed:
                self._rest(random.uniform(*BROKEN))
            elif not turn.fine or turn.body["state"] in ("missed", "over"):
                return False
        return True

    def ask(self, place: Place, ticket: str = "", may: Set[str] = _NONE) -> Answer:
        """Whether it is one's turn; with another ticket than one's own, perhaps."""
        place.asked += 1
        path = f"/v1/sales/{self._sale}/turn"
        turn = self._client.query(steps.ASK, path, may=may, Ticket=ticket or place.ticket)
        if turn.fine:
            place.heard(turn.body)
            self._again = float(turn.body["ask_again_after"])
        return turn

    def take(self, place: Place, cart: Cart, ticket: str = "", may: Set[str] = _NONE) -> Answer:
        """The turn, for a cart."""
        body, path = {"ticket": ticket or place.ticket}, f"/v1/carts/{cart.id}/passes"
        taken = self._client.command(steps.TAKE, path, body, tries=TRIES, may=may, Cart_Secret=cart.secret)
        if taken.fine:
            place.passes.append((cart.id, taken.body["position"]))
        place.refused = turn_refused(taken) or place.refused
        return taken
