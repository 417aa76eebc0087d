"""Doorbuster sales, pure: what may be announced, whose turn has come, and who may buy what is sold by turns."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.sales import (
    Gate,
    PassEvent,
    PassGiven,
    PassMoved,
    SaleAnnounced,
    SaleEnded,
    SaleEvent,
    SaleRevised,
    SaleTerms,
)
from shared.tickets import turn_at, turns_until
from write_side.errors import Invalid, NotFound, Refusal
from write_side.moments import check_moments

MOST_SKUS = 1000
LOT = timedelta(seconds=30)  # before the start: by then all query APIs must know when they draw the lot
Sku = Annotated[str, Meta(min_length=1, max_length=100)]
Moment = Annotated[datetime, Meta(tz=True)]


class UnknownSale(NotFound):
    """No such sale."""

    code = "unknown_sale"


class BrokenSale(Invalid):
    """Its times contradict each other."""

    code = "broken_sale"


class SkuInSale(Refusal):
    """One of the SKUs is in another sale that runs; `sale_id` says which."""

    code = "sku_in_sale"


class SaleOver(Refusal):
    """It is over, or was ended."""

    code = "sale_over"


class SaleBegun(Refusal):
    """Turns have come already, or the lot is about to be drawn: its start stays what it was."""

    code = "sale_begun"


class WaitingRoomOpen(Refusal):
    """Places may have been drawn: the room stays open, and the sale begins no earlier than everybody was told."""

    code = "waiting_room_open"


class BadTicket(Refusal):
    """The ticket is not one that the waiting room gave out."""

    status = 403
    code = "bad_ticket"


class NotYourTurn(Refusal):
    """The turn of this ticket has not come."""

    code = "not_your_turn"


class TurnMissed(Refusal):
    """The turn of this ticket came, and nobody took it in time."""

    code = "turn_missed"


class TurnTaken(Refusal):
    """The turn of this ticket was taken for another cart."""

    code = "turn_taken"


class PassRequired(Refusal):
    """It is sold by turns: `waiting_room`, at the query API, says where to queue."""

    status = 403
    code = "pass_required"


class SaleInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Doorbuster", "skus": ["lamp"], "starts_at": "2026-11-27T08:00:00Z", "per_minute": 600}`.

    Whoever queues before `starts_at` is drawn by lot. `pass_seconds`: so long a turn can be taken, and so long whoever
    took it may shop.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    skus: Annotated[list[Sku], Meta(min_length=1, max_length=MOST_SKUS)]
    starts_at: Moment
    per_minute: Annotated[int, Meta(ge=0, le=1_000_000)]
    waiting_from: Moment | None = None
    ends_at: Moment | None = None
    pass_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 600


class Sale(Struct, frozen=True):
    """A sale; `gate`: how fast turns come; `gated`: what it keeps from those without a pass."""

    id: UUID
    terms: SaleTerms
    gate: Gate
    state: Literal["running", "ended"]
    gated: list[str]
    version: int

    def is_over(self, now: datetime) -> bool:
        """Whether staff ended it or its time has come."""
        return self.state == "ended" or (self.terms.ends_at is not None and self.terms.ends_at <= now)


class SalePass(Struct, frozen=True):
    """A turn that was taken: this cart may hold what is on sale, and be quoted it, until then."""

    id: UUID
    sale_id: UUID
    position: int
    cart_id: UUID
    until: datetime
    version: int


class Gated(NamedTuple):
    """A SKU that is sold by turns, and which of the carts that were asked about hold a pass."""

    sku: str
    sale_id: UUID
    carts: Collection[UUID]


def terms_of(said: SaleInput) -> SaleTerms:
    """What was said, checked; raises `BrokenSale`, `TimeOutOfRange`."""
    check_moments(starts_at=said.starts_at, ends_at=said.ends_at, waiting_from=said.waiting_from)
    if said.waiting_from is not None and said.waiting_from > said.starts_at:
        raise BrokenSale("it would start before anybody may queue", pointer="/waiting_from")
    if said.ends_at is not None and said.ends_at <= said.starts_at:
        raise BrokenSale("it would be over before it starts", pointer="/ends_at")
    return SaleTerms(**structs.asdict(said) | {"skus": list(dict.fromkeys(said.skus))})


def announce(sale_id: UUID, said: SaleInput) -> SaleAnnounced:
    """The event of a new sale; raises `BrokenSale`."""
    terms = terms_of(said)
    return SaleAnnounced(sale_id, terms, Gate(terms.starts_at, 0, terms.per_minute))


def revise(sale: Sale, said: SaleInput, now: datetime) -> SaleRevised | None:
    """The event of other terms, None if they are the present ones. Another rate, and another time to take a turn, count
    from now on, so that no turn that came is taken back, and none that was missed comes once more.

    Raises `SaleOver`, `SaleBegun`, `WaitingRoomOpen`, `BrokenSale`.
    """
    terms = terms_of(said)
    if sale.is_over(now):
        raise SaleOver("it is over; announce another one")
    if terms == sale.terms:
        return None
    if now < sale.terms.starts_at and now < terms.starts_at:
        _keep_word(sale.terms, terms, now)
        return SaleRevised(sale.id, terms, Gate(terms.starts_at, 0, terms.per_minute))
    if terms.starts_at != sale.terms.starts_at:
        raise SaleBegun("its start can't be moved from or into the past", pointer="/starts_at")
    if (terms.per_minute, terms.pass_seconds) == (sale.terms.per_minute, sale.terms.pass_seconds):
        return SaleRevised(sale.id, terms, sale.gate)
    return SaleRevised(sale.id, terms, _from_now_on(sale, terms.per_minute, now))


def _keep_word(told: SaleTerms, terms: SaleTerms, now: datetime) -> None:
    """What those who hold places were told holds. They lose nothing by a later start, as the lot is drawn later; by an
    earlier one, whoever comes in time for the start they know would stand behind everybody."""
    if terms.starts_at != told.starts_at and now >= told.starts_at - LOT:
        raise SaleBegun("it is about to begin; hold it by a rate of 0", pointer="/starts_at")
    if told.waiting_from is not None and now < told.waiting_from:
        return
    if terms.starts_at < told.starts_at:
        raise WaitingRoomOpen("people wait for the start they were told; it can only be put off", pointer="/starts_at")
    if terms.waiting_from is not None and now < terms.waiting_from:
        raise WaitingRoomOpen("people are in it", pointer="/waiting_from")


def _from_now_on(sale: Sale, per_minute: int, now: datetime) -> Gate:
    """Turns of before are as if they came now, since nobody can tell when they did, nor by which `pass_seconds`; those
    that were missed stay missed, or all of them would be let in once more."""
    before = now - timedelta(seconds=sale.terms.pass_seconds)
    missed = sale.gate.missed if before < sale.gate.since else max(sale.gate.missed, turns_until(sale.gate, before))
    return Gate(now, turns_until(sale.gate, now), per_minute, missed)


def end(sale: Sale) -> SaleEnded | None:
    """The event of its end, None if it was ended."""
    return None if sale.state == "ended" else SaleEnded(sale.id)


def give_pass(pass_id: UUID, sale: Sale, position: int | None, cart_id: UUID, now: datetime) -> PassGiven:
    """The event of a ticket's turn being taken for a cart; raises `SaleOver`, `NotYourTurn`, `TurnMissed`."""
    if sale.is_over(now):
        raise SaleOver("the sale is over")
    turn = None if position is None else turn_at(sale.gate, position)
    if position is None or turn is None or turn > now:
        wait = 1 if turn is None else min(3600, int((turn - now).total_seconds()) + 1)
        raise NotYourTurn("its turn has not come; ask the waiting room", retry_after=wait, sale_id=str(sale.id))
    long = timedelta(seconds=sale.terms.pass_seconds)
    if position < sale.gate.missed or turn + long <= now:
        raise TurnMissed("its turn was over; take another ticket", sale_id=str(sale.id))
    return PassGiven(pass_id, sale.id, position, cart_id, now + long)


def move_passes(good: Sequence[SalePass], into_id: UUID) -> list[PassMoved]:
    """The events of those that go into a cart, of all that it and another one hold and that are good: of each sale one,
    and none where it holds one already."""
    kept: dict[UUID, SalePass] = {}
    for each in sorted(good, key=lambda each: each.cart_id != into_id):
        kept.setdefault(each.sale_id, each)
    return [PassMoved(p.id, p.sale_id, into_id, p.cart_id) for p in kept.values() if p.cart_id != into_id]


def kept_from(gates: Mapping[str, Gated], skus: Iterable[str], cart_id: UUID) -> dict[str, Gated]:
    """Which of these the cart may not buy → the sale that keeps it."""
    return {sku: gates[sku] for sku in skus if sku in gates and cart_id not in gates[sku].carts}


def check_passes(gates: Mapping[str, Gated], skus: Iterable[str], cart_id: UUID) -> None:
    """Raises `PassRequired` unless the cart may buy all of these."""
    for sku, gate in kept_from(gates, skus, cart_id).items():
        room = f"/v1/sales/{gate.sale_id}"
        raise PassRequired(
            f"{sku} is sold by turns; queue for it", sku=sku, sale_id=str(gate.sale_id), waiting_room=room
        )


def evolve(sale: Sale | None, event: SaleEvent, version: int) -> Sale:
    """A sale after an event."""
    if isinstance(event, SaleAnnounced):
        return Sale(event.sale_id, event.terms, event.gate, "running", sorted(event.terms.skus), version)
    assert sale is not None, "a sale's history begins with SaleAnnounced"
    if isinstance(event, SaleEnded):
        return structs.replace(sale, state="ended", gated=[], version=version)
    gated = sorted(event.terms.skus) if sale.state == "running" else []
    return structs.replace(sale, terms=event.terms, gate=event.gate, gated=gated, version=version)


def evolve_pass(held: SalePass | None, event: PassEvent, version: int) -> SalePass:
    """A pass after an event."""
    if isinstance(event, PassGiven):
        return SalePass(event.pass_id, event.sale_id, event.position, event.cart_id, event.until, version)
    assert held is not None, "a pass's history begins with PassGiven"
    return structs.replace(held, cart_id=event.cart_id, version=version)
