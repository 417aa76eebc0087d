"""What people try in front of a sale by turns. Each is refused with its own code, or it got through."""

import random
from collections.abc import Callable

import gevent

from loadtests.answers import Answer, otherwise_refused
from loadtests.journeys.buying import Buying, Cart
from loadtests.journeys.client import Client
from loadtests.journeys.queueing import NOT_YET, Place, Queueing

OFTEN = 0.2  # seconds between two questions of somebody who can't wait
KEPT = 100  # tickets and carts of others that somebody might have got hold of
TAKEN = frozenset({"turn_taken", "turn_missed"})
NO_PASS, FORGED, NOT_MINE = frozenset({"pass_required"}), frozenset({"bad_ticket"}), frozenset({"wrong_cart_secret"})
REFUSED, GOT_THROUGH = "cheat refused: ", "cheat got through: "


class Found:
    """What lies about: tickets that were used, and carts that hold a pass."""

    def __init__(self) -> None:
        self.tickets: list[str] = []
        self.carts: list[Cart] = []

    def leave(self, place: Place, cart: Cart) -> None:
        """Somebody was careless."""
        self.tickets, self.carts = [*self.tickets[-KEPT:], place.ticket], [*self.carts[-KEPT:], cart]


class Cheating:
    """Each way answers the place that its owner may still use honestly, and None if there is none."""

    def __init__(self, client: Client, queue: Queueing, buying: Buying, sku: str, found: Found) -> None:
        self._client, self._queue, self._buying, self._sku, self._found = client, queue, buying, sku, found
        self.ways: dict[str, Callable[[], Place | None]] = {
            "no pass": self._without_a_pass,
            "too early": self._too_early,
            "forged ticket": self._with_a_forged_ticket,
            "two carts": self._one_ticket_for_two_carts,
            "two tickets": self._two_tickets_for_one_cart,
            "somebody else's ticket": self._with_a_used_ticket,
            "somebody else's cart": self._into_a_cart_with_a_pass,
            "impatient": self._impatient,
        }

    def _judge(self, way: str, refused: Answer, has_to: frozenset[str]) -> None:
        """Refused is whoever hears one of these codes. A broken or shed answer says nothing."""
        if other := otherwise_refused(refused, has_to):
            self._client.wrong(f"cheat: {way}", f"refused with {other} in place of {', '.join(sorted(has_to))}")
        elif not (refused.broken or refused.shed):
            self._client.came(f"{GOT_THROUGH if refused.fine else REFUSED}{way}")

    def _add(self, cart: Cart, may: frozenset[str]) -> Answer:
        line, path = {"sku": self._sku, "quantity": 1}, f"/v1/carts/{cart.id}/lines"
        return self._client.command("cheat: cart", path, line, may=may, Cart_Secret=cart.secret)

    def _without_a_pass(self) -> Place | None:
        if cart := self._buying.open_cart():
            self._judge("no pass", self._add(cart, NO_PASS), NO_PASS)
        return None

    def _too_early(self) -> Place | None:
        """Shown as soon as it was drawn. If nobody waits its turn may have come: then nothing is judged here."""
        place, cart = self._queue.draw("too early"), self._buying.open_cart()
        if place and cart:
            shown = self._queue.take(place, cart, may=NOT_YET)
            if shown.refusal in NOT_YET:
                self._judge("too early", shown, NOT_YET)
        return None if place and place.passes else place

    def _with_a_forged_ticket(self) -> Place | None:
        place, cart = self._queue.draw("forged ticket"), self._buying.open_cart()
        if not (place and cart):
            return None
        forged = _with_number(place.ticket, 0)
        self._judge("forged ticket", self._queue.ask(place, forged, may=FORGED), FORGED)
        self._judge("forged ticket", self._queue.take(place, cart, forged, may=FORGED), FORGED)
        return place

    def _one_ticket_for_two_carts(self) -> Place | None:
        """At the same moment: one of them gets it."""
        place = self._queue.draw("two carts")
        carts = [cart for cart in (self._buying.open_cart(), self._buying.open_cart()) if cart]
        if place and len(carts) == 2 and self._queue.wait(place):
            both = [gevent.spawn(self._queue.take, place, cart, may=TAKEN) for cart in carts]
            gevent.joinall(both)
            shown = [each.value for each in both if isinstance(each.value, Answer)]
            if len(place.passes) > 1 or any(each.refusal in TAKEN for each in shown):
                self._client.came(f"{GOT_THROUGH if len(place.passes) > 1 else REFUSED}two carts")
        return None

    def _two_tickets_for_one_cart(self) -> Place | None:
        """The second one has to change nothing: not the pass, and not the turn of that ticket."""
        first, second, cart = self._queue.draw("two tickets"), self._queue.draw("two tickets"), self._buying.open_cart()
        if not (first and second and cart and self._queue.wait(first)):
            return second
        taken = self._queue.take(first, cart)
        again = self._queue.take(second, cart, may=NOT_YET)
        if taken.fine and again.fine:
            second.passes.clear()  # it is the first one's
            got = "" if again.body == taken.body else GOT_THROUGH
            self._client.came(f"{got or REFUSED}two tickets")
        return second

    def _with_a_used_ticket(self) -> Place | None:
        cart = self._buying.open_cart()
        if self._found.tickets and cart:
            place = Place("somebody else's ticket", random.choice(self._found.tickets), 0, 0)
            self._judge(place.way, self._queue.take(place, cart, may=TAKEN), TAKEN)
        return None

    def _into_a_cart_with_a_pass(self) -> Place | None:
        cart = self._buying.open_cart()
        if self._found.carts and cart:
            theirs = Cart(random.choice(self._found.carts).id, cart.secret)
            self._judge("somebody else's cart", self._add(theirs, NOT_MINE), NOT_MINE)
        return None

    def _impatient(self) -> Place | None:
        place = self._queue.draw("impatient")
        if place:
            self._queue.wait(place, OFTEN)
        return place


def _with_number(ticket: str, number: int) -> str:
    """As if another number had been drawn, with the signature as it is."""
    sale, drawn, rest = ticket.split(".", 2)
    return f"{sale}.{number if drawn != str(number) else number + 1}.{rest}"
