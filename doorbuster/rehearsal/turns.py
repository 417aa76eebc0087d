"""Whether a sale by turns was one: what the log says beside what the crowd holds. Pure, and with arithmetic of its own.

The oracle knows the terms of the sale, the tickets that were drawn and what their holders were told; it shares nothing
with the shop but the way in which a lot is drawn.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from shared.tickets import BrokenTicket, read_ticket

MINUTE = 60.0
ROUNDING = 0.001  # seconds by which the log's moments may be off
CLOCKS = 0.1  # seconds by which a generator's clock may differ from the shop's


class Terms(Struct, frozen=True):
    """What was announced. Seconds since the epoch."""

    sale_id: str
    sku: str
    starts_at: float
    per_minute: int
    units: int

    def turn_at(self, turn: int) -> float:
        """When a turn comes, from 0."""
        return self.starts_at + (turn + 1) * MINUTE / self.per_minute


class Place(Struct, frozen=True):
    """A place in line, as its holder told it; the fields are those of `loadtests/journeys/queueing.py`."""

    way: str
    ticket: str
    asked_at: float
    answered_at: float
    early: bool
    asked: int
    promised_at: float | None
    seen_at: float | None
    passes: list[tuple[str, int]]
    refused: str = ""


class Pass(Struct, frozen=True):
    """A turn that was taken, as the log has it. `given_at` by the clock that decided it."""

    position: int
    turn: int
    cart_id: str
    given_at: float


class Bought(Struct, frozen=True):
    """An order of what is on sale; `closed`: it was cancelled or has expired."""

    position: int
    order_id: str
    cart_id: str
    quantity: int
    closed: bool


class Held(Struct, frozen=True):
    """A ticket that was read: the number that was drawn, whether by lot, its turn and how many came early, as far as
    they are known."""

    place: Place
    number: int
    by_lot: bool
    turn: int | None
    early: int | None = None


def held(places: Iterable[Place], secret: str) -> tuple[list[Held], list[str]]:
    """The tickets of a crowd, and what is wrong with those that can't be read."""
    good, wrong = [], []
    for place in places:
        try:
            ticket = read_ticket(secret, place.ticket)
        except BrokenTicket:
            wrong.append(f"{place.ticket} was given out and is not signed")
            continue
        by_lot = ticket.early is None or ticket.number < ticket.early
        good.append(Held(place, ticket.number, by_lot, ticket.position(secret), ticket.early))
    return good, wrong


def without_a_turn(passes: Sequence[Pass], orders: Sequence[Bought], tickets: Iterable[Held]) -> list[str]:
    """Orders of carts that had no turn before, and turns that nobody who drew a ticket has."""
    given = {each.cart_id: each.position for each in sorted(passes, key=lambda each: -each.position)}
    owned = {each.turn for each in tickets}
    found = [
        f"order {order.order_id}: its cart had no turn"
        for order in orders
        if given.get(order.cart_id, order.position) >= order.position
    ]
    twice = [cart for cart, times in Counter(order.cart_id for order in orders).items() if times > 1]
    nobodys = [each.turn for each in passes if each.turn not in owned]
    return [
        *found,
        *(f"cart {cart}: more than one order" for cart in twice),
        *(f"turn {turn} was taken, and nobody drew it" for turn in nobodys),
    ]


def too_soon(terms: Terms, passes: Iterable[Pass]) -> list[str]:
    """Turns that were taken before they came, more of them than had come, or twice."""
    found, times = [], Counter[int]()
    for count, each in enumerate(sorted(passes, key=lambda each: each.given_at), 1):
        early = terms.turn_at(each.turn) - each.given_at
        if early > ROUNDING:
            found.append(f"turn {each.turn} was taken {early:.3f} s before it came")
        if terms.turn_at(count - 1) - each.given_at > ROUNDING:
            found.append(f"{count} turns were taken when fewer had come")
        times[each.turn] += 1
    return found + [f"turn {turn} was taken {often} times" for turn, often in times.items() if often > 1]


def jumped(terms: Terms, tickets: Sequence[Held], passes: Iterable[Pass]) -> list[str]:
    """Numbers that were drawn twice or out of order, turns that two tickets have, tickets that don't agree on how many
    came early, early ones among the late and the other way round, and passes that were answered and stand otherwise in
    the log."""
    drawn = Counter(each.number for each in tickets)
    found = [f"number {number} was drawn {often} times" for number, often in drawn.items() if often > 1]
    had = Counter(each.turn for each in tickets if each.turn is not None)
    found += [f"turn {turn} is on {often} tickets" for turn, often in had.items() if often > 1]
    named = sorted({each.early for each in tickets if each.early is not None})
    if len(named) > 1:  # each makes a lot of its own, so two of them give one turn twice, if not on these tickets
        found.append(f"tickets name several numbers of early ones: {', '.join(map(str, named))}")
    answered_first = float("inf")
    for each in sorted(tickets, key=lambda each: each.number, reverse=True):
        if answered_first < each.place.asked_at:
            found.append(f"number {each.number} was drawn after a higher one had been answered")
        answered_first = min(answered_first, each.place.answered_at)
    found += [wrong for ticket in tickets if (wrong := _misplaced(terms, ticket))]
    logged = {(each.cart_id, each.turn) for each in passes}
    told = {(cart, turn) for each in tickets for cart, turn in each.place.passes}
    return found + [f"cart {cart} was told that turn {turn} is its" for cart, turn in sorted(told - logged)]


def _misplaced(terms: Terms, ticket: Held) -> str:
    if ticket.by_lot and ticket.place.asked_at > terms.starts_at + CLOCKS:
        return f"number {ticket.number} came after the start and was drawn by lot"
    if not ticket.by_lot and ticket.place.answered_at < terms.starts_at - CLOCKS:
        return f"number {ticket.number} came before the start and was not drawn by lot"
    if not ticket.by_lot and ticket.turn != ticket.number:
        return f"number {ticket.number} came after the start and has turn {ticket.turn}"
    return ""


def lost(tickets: Sequence[Held], passes: Sequence[Pass]) -> list[str]:
    """A line that nobody got out of, as all else would hold of it; and turns that honest people saw come and could not
    take."""
    nobody = [f"{len(tickets)} stood in line, and no turn was taken"] if tickets and not passes else []
    return nobody + [
        f"number {each.number} saw its turn come and was told {each.place.refused}"
        for each in tickets
        if each.place.way == "honest" and each.place.seen_at is not None and each.place.refused
    ]


def unexplained(terms: Terms, orders: Iterable[Bought], left: int) -> list[str]:
    """Units that are neither ordered nor left."""
    ordered = sum(order.quantity for order in orders if not order.closed)
    if ordered + left == terms.units and left >= 0:
        return []
    return [f"of {terms.units} units {ordered} were ordered and {left} are left"]


def most_in_a_minute(moments: Iterable[float]) -> int:
    """The most that lie within any 60 seconds."""
    ordered, begin, most = sorted(moments), 0, 0
    for end, moment in enumerate(ordered):
        while moment - ordered[begin] >= MINUTE:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def correlation(tickets: Iterable[Held]) -> float | None:
    """Of the early ones: how far a low number made for an early turn. -1 … 1, 0 in a fair lot; None for fewer than 10.

    Spearman's: of the ranks.
    """
    pairs = [(each.number, each.turn) for each in tickets if each.by_lot and each.turn is not None]
    if (n := len(pairs)) < 10:
        return None
    by_number = {number: rank for rank, (number, _) in enumerate(sorted(pairs))}
    by_turn = {number: rank for rank, (number, _) in enumerate(sorted(pairs, key=lambda pair: pair[1]))}
    apart = sum((by_number[number] - by_turn[number]) ** 2 for number, _ in pairs)
    return round(1 - 6 * apart / (n * (n * n - 1)), 3)
