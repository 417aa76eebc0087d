"""Pick lists, pure: what is listed where, what is still due when somebody goes to the shelf, and what was found there.

A list holds its goods for its own parcel from its start on: nobody else ships them meanwhile. Before that it is a note:
what was refunded or shipped in the meantime is left out when it is started.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation
from shared.events.picking import PickCancelled, PickEvent, PickFinished, PickListed, PickStarted
from write_side.errors import Invalid, NotFound, Refusal
from write_side.inventory import Demand, summed

State = Literal["listed", "picking", "picked", "cancelled"]
Missing = Literal["not_on_shelf", "damaged"]
Place = tuple[str, str]  # warehouse and SKU


class UnknownPick(NotFound):
    """No such pick list."""

    code = "unknown_pick"


class PickNotListed(Refusal):
    """It was started, finished or cancelled before; `pick_state` says which."""

    code = "pick_not_listed"


class PickNotStarted(Refusal):
    """Nobody is at the shelf with it; `pick_state` says how it is."""

    code = "pick_not_started"


class MissesTooMuch(Refusal):
    """More is missing than is on the list; `lines` says what is."""

    code = "misses_too_much"


class PickNotPicked(Refusal):
    """Its goods are not packed, or have left: no parcel is made of it. `pick_state` says how it is."""

    code = "pick_not_picked"


class NothingToPick(Refusal):
    """All that is due stands on lists already, or has left."""

    code = "nothing_to_pick"


class FinishPick(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"missing": [{"sku": "DB100000", "quantity": 1}], "reason": "not_on_shelf", "otherwise": "reallocate"}`.

    Without `missing` all of it was found. `not_on_shelf`: none is left there, and the count becomes what that says;
    `damaged`: these few can't be sold. `otherwise` they come from other shelves as far as there are any (`reallocate`),
    and what is nowhere is refunded; or all of them are (`refund`); or they are not sent, and nothing goes back for them
    (`drop`): gifts, and what an amount has paid back.
    """

    missing: Annotated[list[Demand], Meta(max_length=5_000)] = []
    reason: Missing | None = None
    otherwise: Literal["reallocate", "refund", "drop"] = "reallocate"


class Pick(Struct, frozen=True):
    """A pick list. `lines`: what is to be taken; once it is `picked`, what was."""

    id: UUID
    order_id: UUID
    warehouse: str
    lines: list[ParcelLine]
    state: State
    version: int


class OpenPick(Pick, frozen=True):
    """A list that waits for somebody, or is in their hands. `adds_to`: the order that its order was added to.
    `goes_with`: the lists whose goods lie in one parcel with its goods, if all of them are packed by the time the
    first order's are."""

    adds_to: UUID | None = None
    goes_with: list[UUID] = []


class Short(NamedTuple):
    """SKU → how many are missing, how many of these no refund has put back into the books while somebody went for them,
    and how many are still owed: not those that were refunded meanwhile."""

    missing: Mapping[str, int]
    out: Mapping[str, int]
    owed: Mapping[str, int]


def as_sent(picks: Iterable[Pick], sent: Mapping[UUID | None, list[ParcelLine]]) -> list[Pick]:
    """Lists with what left by them, where their parcel has: what was refunded and stayed is on no list any more."""
    return [structs.replace(pick, lines=sent[pick.id]) if pick.id in sent else pick for pick in picks]


def is_holding(pick: Pick) -> bool:
    """Whether what is on it is held for its parcel, unless that has left."""
    return pick.state in ("picking", "picked")


def held(picks: Iterable[Pick]) -> dict[str, int]:
    """SKU → how many are held for the parcels of these lists, none of which has left."""
    return summed(line for pick in filter(is_holding, picks) for line in pick.lines)


def on_shelves(places: Iterable[Allocation], without: Iterable[Pick]) -> Counter[Place]:
    """Place → how many of an order's goods were taken there, are not back in its books, and on none of these lists."""
    found = Counter[Place]()
    for taken in places:
        found[taken.warehouse, taken.sku] += taken.quantity
    for pick in without:
        found.subtract({(pick.warehouse, line.sku): line.quantity for line in pick.lines})
    return found


def shares(
    picks: Sequence[Pick], owed: Mapping[str, int], on_shelf: Mapping[Place, int]
) -> dict[UUID, Counter[str]]:  # fmt: skip
    """List → SKU → how many of what these lists hold, of which none has left, are to leave by each: as many in all as
    are `owed`, or are held if that is less. What is back in the books of a shelf stays there if others can leave, and
    what is packed goes before what somebody is still at the shelf for, and may not find."""
    left, here, found = Counter(owed), Counter(on_shelf), defaultdict[UUID, Counter[str]](Counter)
    for from_anywhere in (False, True):
        for pick in sorted(filter(is_holding, picks), key=lambda pick: (pick.state != "picked", pick.id)):
            for line in pick.lines:
                place = pick.warehouse, line.sku
                rest = min(line.quantity - found[pick.id][line.sku], left[line.sku])
                quantity = max(rest if from_anywhere else min(rest, here[place]), 0)
                found[pick.id][line.sku] += quantity
                left[line.sku] -= quantity
                here[place] -= quantity
    return found


def list_up(due: Mapping[str, int], picks: Sequence[Pick], places: Sequence[Allocation]) -> dict[str, list[ParcelLine]]:
    """Warehouse → what is to be taken from its shelves of what is `due` (SKU → how many are neither sent nor held) and
    stands on no list yet. `places`: where it was taken from and is not back on the shelf."""
    waiting = summed(line for pick in picks if pick.state == "listed" for line in pick.lines)
    left = {sku: quantity - waiting.get(sku, 0) for sku, quantity in due.items()}
    here = on_shelves(places, (pick for pick in picks if pick.state != "cancelled"))
    found: dict[str, list[ParcelLine]] = {}
    for place in places:
        quantity = min(here[place.warehouse, place.sku], left.get(place.sku, 0))
        if quantity > 0:
            found.setdefault(place.warehouse, []).append(ParcelLine(place.sku, quantity))
            left[place.sku] -= quantity
    return found


def shelf(pick: Pick, picks: Iterable[Pick], places: Iterable[Allocation]) -> dict[str, int]:
    """SKU → how many lie on a list's shelves for its order: what is back there is on sale again."""
    here = on_shelves(places, (each for each in picks if is_holding(each) and each.id != pick.id))
    return {sku: quantity for (warehouse, sku), quantity in here.items() if warehouse == pick.warehouse}


def start(pick: Pick, due: Mapping[str, int], on_shelf: Mapping[str, int]) -> PickStarted | PickCancelled:
    """Somebody goes to the shelf. `due`: SKU → how many are neither sent nor held by other lists; `on_shelf`: how many
    of it lie there. Refuses `pick_not_listed`."""
    if pick.state != "listed":
        raise PickNotListed(f"the list is {pick.state}", pick_state=pick.state)
    most = {sku: min(quantity, on_shelf.get(sku, 0)) for sku, quantity in due.items()}
    lines = [ParcelLine(line.sku, min(line.quantity, most.get(line.sku, 0))) for line in pick.lines]
    if lines := [line for line in lines if line.quantity > 0]:
        return PickStarted(pick.id, pick.order_id, lines)
    return PickCancelled(pick.id, pick.order_id)


def split(pick: Pick, wanted: FinishPick) -> tuple[list[ParcelLine], dict[str, int]]:
    """What was found, and SKU → how many were not. Refuses `pick_not_started`, `misses_too_much`, `invalid`."""
    if pick.state != "picking":
        raise PickNotStarted(f"the list is {pick.state}", pick_state=pick.state)
    if (wanted.reason is None) != (not wanted.missing):
        raise Invalid("what is missing has a reason, and nothing else has", pointer="/reason")
    missing, listed = summed(wanted.missing), summed(pick.lines)
    if lacking := [sku for sku, quantity in missing.items() if quantity > listed.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": missing[sku], "left": listed.get(sku, 0)} for sku in lacking]
        raise MissesTooMuch(f"not so many are on the list: {', '.join(lacking[:20])}", lines=facts)
    found = [ParcelLine(sku, quantity - missing.get(sku, 0)) for sku, quantity in listed.items()]
    return [line for line in found if line.quantity > 0], missing


def short_of(
    found: Iterable[ParcelLine], missing: Mapping[str, int], due: Mapping[str, int], on_shelf: Mapping[str, int]
) -> Short:  # fmt: skip
    """What a list is short of. `due` and `on_shelf` as for `start`, as if this list were not."""
    packed = summed(found)

    def rest(of: Mapping[str, int]) -> dict[str, int]:
        left = {sku: min(n, of.get(sku, 0) - packed.get(sku, 0)) for sku, n in missing.items()}
        return {sku: n for sku, n in left.items() if n > 0}

    return Short(missing, rest(on_shelf), rest(due))


def reallocated(
    allocations: Sequence[Allocation], warehouse: str, missing: Mapping[str, int], instead: Iterable[Allocation]
) -> list[Allocation]:
    """Where an order's goods come from, once these were not found in a warehouse and those are taken instead."""
    after: dict[tuple[str, str], int] = {}
    for place in allocations:
        lost = missing.get(place.sku, 0) if place.warehouse == warehouse else 0
        after[place.sku, place.warehouse] = place.quantity - lost
    for place in instead:
        key = (place.sku, place.warehouse)
        after[key] = after.get(key, 0) + place.quantity
    return [Allocation(sku, code, quantity) for (sku, code), quantity in after.items() if quantity > 0]


def evolve(pick: Pick | None, event: PickEvent, version: int) -> Pick:
    """A pick list after an event."""
    if isinstance(event, PickListed):
        return Pick(event.pick_id, event.order_id, event.warehouse, event.lines, "listed", version)
    assert pick is not None, "a pick list's history begins with PickListed"
    match event:
        case PickStarted(lines=lines):
            return structs.replace(pick, state="picking", lines=lines, version=version)
        case PickFinished(lines=lines):
            state: State = "picked" if lines else "cancelled"
            return structs.replace(pick, state=state, lines=lines, version=version)
        case PickCancelled():
            return structs.replace(pick, state="cancelled", version=version)
