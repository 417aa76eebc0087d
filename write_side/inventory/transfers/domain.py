"""Transfers that take their time, pure: what may happen to one when, and what each event makes of it.

Of each line, what was sent is what was received, lost, damaged or brought back, and the rest is on the road.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.transfers import (
    Difference,
    TransferCancelled,
    TransferClosed,
    TransferDispatched,
    TransferEvent,
    TransferLine,
    TransferPlanned,
    TransferReceived,
    Why,
)
from write_side.errors import Invalid, NotFound, Refusal
from write_side.inventory.domain import Code, Demand, Quantity, Reason, Sku

State = Literal["planned", "in_transit", "received", "closed", "cancelled"]
Reference = Annotated[str, Meta(min_length=1, max_length=100)]
Lines = Annotated[list[Demand], Meta(min_length=1, max_length=500)]


class UnknownTransfer(NotFound):
    """No such transfer."""

    code = "unknown_transfer"


class TransferNotOpen(Refusal):
    """It is not on the road: `state` says whether it has not left yet, or has ended."""

    code = "transfer_not_open"


class MoreThanInTransit(Refusal):
    """More than is on the road; `lines` says how many of each are."""

    code = "more_than_in_transit"


class DifferenceUnexplained(Refusal):
    """What is on the road has to be lost or damaged, neither more nor less; `lines` says what is of each."""

    code = "difference_unexplained"


class PlanTransfer(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"from_warehouse": "BER", "to_warehouse": "HAM", "lines": [{"sku": "lamp", "quantity": 5}], "reference": "T-17",
    "expected_on": "2026-12-01"}`."""

    from_warehouse: Code
    to_warehouse: Code
    lines: Lines
    reference: Reference
    expected_on: date | None = None


class ReceiveTransfer(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"lines": [{"sku": "lamp", "quantity": 3}]}`: what arrived, in good order."""

    lines: Lines


class ToldDifference(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "quantity": 1, "why": "damaged"}`."""

    sku: Sku
    quantity: Quantity
    why: Why


class CloseTransfer(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"differences": [{"sku": "lamp", "quantity": 1, "why": "lost"}], "note": "claimed from the carrier"}`."""

    differences: Annotated[list[ToldDifference], Meta(min_length=1, max_length=1_500)]
    note: Reason


class CancelTransfer(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reason": "the truck broke down"}`."""

    reason: Reason


class Line(Struct, frozen=True):
    """A SKU of a transfer, and what became of those that were sent. `surplus` came beyond them."""

    sku: str
    quantity: int
    received: int = 0
    lost: int = 0
    damaged: int = 0
    returned: int = 0
    surplus: int = 0

    @property
    def left(self) -> int:
        """Of which nothing is known yet: on the road, once it was dispatched."""
        return self.quantity - self.received - self.lost - self.damaged - self.returned


class Transfer(Struct, frozen=True):
    """Goods that go from one warehouse to another; its lines by their SKUs."""

    id: UUID
    from_warehouse: str
    to_warehouse: str
    reference: str
    expected_on: date | None
    state: State
    lines: list[Line]
    version: int

    @property
    def on_the_road(self) -> dict[str, int]:
        """SKU → how many are neither here nor there."""
        gone = self.state in ("in_transit", "received")
        return {line.sku: line.left for line in self.lines if gone and line.left}


def plan(command: PlanTransfer, transfer_id: UUID) -> TransferPlanned:
    """What is to go; raises `Invalid` for a SKU that is named twice, and from a place to itself."""
    if command.from_warehouse == command.to_warehouse:
        raise Invalid(f"it is in {command.to_warehouse} already", pointer="/to_warehouse")
    lines = sorted(_lines(_summed(command.lines)), key=lambda line: line.sku)
    return TransferPlanned(
        transfer_id, command.from_warehouse, command.to_warehouse, lines, command.reference, command.expected_on
    )


def dispatch(transfer: Transfer) -> TransferDispatched | None:
    """It leaves, None if it has; raises `TransferNotOpen` once it was cancelled."""
    if transfer.state == "cancelled":
        raise _not_open(transfer)
    if transfer.state != "planned":
        return None
    lines = [TransferLine(line.sku, line.quantity) for line in transfer.lines]
    return TransferDispatched(transfer.id, transfer.from_warehouse, transfer.to_warehouse, lines)


def receive(transfer: Transfer, command: ReceiveTransfer) -> TransferReceived:
    """So many arrived; raises `TransferNotOpen`, `MoreThanInTransit`, `Invalid`."""
    if transfer.state not in ("in_transit", "received"):
        raise _not_open(transfer)
    arrived, there = _summed(command.lines), transfer.on_the_road
    if lacking := [sku for sku, quantity in arrived.items() if quantity > there.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": arrived[sku], "in_transit": there.get(sku, 0)} for sku in lacking]
        raise MoreThanInTransit(f"not so many are on the road: {', '.join(lacking[:20])}", lines=facts)
    left = sum(there.values()) - sum(arrived.values())
    return TransferReceived(transfer.id, transfer.to_warehouse, _lines(arrived), left)


def close(transfer: Transfer, command: CloseTransfer) -> TransferClosed | None:
    """All that is on the road is explained, and what came beyond it; None if it was closed with the same.

    Raises `TransferNotOpen`, `DifferenceUnexplained`.
    """
    told = [Difference(each.sku, each.quantity, each.why) for each in command.differences]
    if transfer.state == "closed" and _closed_with(transfer) == _by_kind(told):
        return None
    if transfer.state not in ("in_transit", "received"):
        raise _not_open(transfer)
    _check_explained(transfer, told)
    return TransferClosed(transfer.id, transfer.to_warehouse, told, command.note)


def _check_explained(transfer: Transfer, told: Sequence[Difference]) -> None:
    gone, there = Counter[str](), transfer.on_the_road
    for each in told:
        gone[each.sku] += each.quantity if each.why != "surplus" else 0
    known = {line.sku for line in transfer.lines}
    wrong = [sku for sku in gone | Counter(there) if gone[sku] != there.get(sku, 0)]
    wrong += [each.sku for each in told if each.sku not in known and each.sku not in wrong]
    if wrong:
        facts = [{"sku": sku, "in_transit": there.get(sku, 0), "explained": gone[sku]} for sku in wrong]
        raise DifferenceUnexplained(f"lost and damaged are not what is on the road: {wrong[0]}", lines=facts)


def surplus(event: TransferClosed) -> list[TransferLine]:
    """What arrived beyond what was sent."""
    found = Counter[str]()
    for each in event.differences:
        found[each.sku] += each.quantity if each.why == "surplus" else 0
    return _lines(+found)


def cancel(transfer: Transfer, reason: str) -> TransferCancelled | None:
    """What is on the road comes back, None if it has; raises `TransferNotOpen` once nothing is waited for."""
    if transfer.state == "cancelled":
        return None
    if transfer.state not in ("planned", "in_transit"):
        raise _not_open(transfer)
    return TransferCancelled(transfer.id, transfer.from_warehouse, _lines(transfer.on_the_road), reason)


def evolve(transfer: Transfer | None, event: TransferEvent, version: int) -> Transfer:
    """A transfer after an event."""
    if isinstance(event, TransferPlanned):
        lines = [Line(line.sku, line.quantity) for line in event.lines]
        return Transfer(
            event.transfer_id, event.from_warehouse, event.to_warehouse, event.reference, event.expected_on, "planned",
            lines, version,
        )  # fmt: skip
    assert transfer is not None, "a transfer's history begins with TransferPlanned"
    match event:
        case TransferDispatched():
            return structs.replace(transfer, state="in_transit", version=version)
        case TransferReceived(lines=arrived, in_transit=left):
            state: State = "in_transit" if left else "received"
            return _now(transfer, state, (("received", line.sku, line.quantity) for line in arrived), version)
        case TransferClosed(differences=told):
            return _now(transfer, "closed", ((each.why, each.sku, each.quantity) for each in told), version)
        case TransferCancelled(lines=back):
            return _now(transfer, "cancelled", (("returned", line.sku, line.quantity) for line in back), version)


def _now(transfer: Transfer, state: State, more: Iterable[tuple[str, str, int]], version: int) -> Transfer:
    added = Counter[tuple[str, str]]()
    for what, sku, quantity in more:
        added[sku, what] += quantity
    lines = [
        structs.replace(line, **{what: getattr(line, what) + n for (sku, what), n in added.items() if sku == line.sku})
        for line in transfer.lines
    ]
    return structs.replace(transfer, state=state, lines=lines, version=version)


def _summed(lines: Sequence[Demand]) -> dict[str, int]:
    found: dict[str, int] = {}
    for n, line in enumerate(lines):
        if line.sku in found:
            raise Invalid(f"{line.sku} is named twice", pointer=f"/lines/{n}/sku")
        found[line.sku] = line.quantity
    return found


def _lines(quantities: Mapping[str, int]) -> list[TransferLine]:
    return [TransferLine(sku, quantity) for sku, quantity in quantities.items()]


def _by_kind(told: Iterable[Difference]) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    for each in told:
        found[each.sku, each.why] += each.quantity
    return found


def _closed_with(transfer: Transfer) -> Counter[tuple[str, str]]:
    kinds = ("lost", "damaged", "surplus")
    return Counter({(line.sku, why): n for line in transfer.lines for why in kinds if (n := getattr(line, why))})


def _not_open(transfer: Transfer) -> TransferNotOpen:
    return TransferNotOpen(f"this transfer is {transfer.state}", state=transfer.state)
