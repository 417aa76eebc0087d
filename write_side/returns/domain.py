"""Returns, pure: what may still be sent back, what came back of it, and what each event makes of a return.

A unit comes back once: units are counted, not named, so that what is on its way back, what is back, and what was
refunded of what had left are all taken off what has left. A return that was rejected or cancelled frees its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation
from shared.events.returns import (
    Exchange,
    ReplacementFailed,
    ReplacementPlaced,
    ReturnApproved,
    ReturnCancelled,
    ReturnedUnits,
    ReturnEvent,
    ReturnExpired,
    ReturnLabelled,
    ReturnReceived,
    ReturnRefunded,
    ReturnRejected,
    ReturnRequested,
    ReturnTracked,
)
from write_side.errors import Refusal
from write_side.fulfilment import Parcel
from write_side.inventory import Demand, Quantity, Sku, summed
from write_side.refunds import Refund, resent
from write_side.returns.refusals import (
    OutsideReturnWindow,
    ReceivesTooMuch,
    ReturnNotApproved,
    ReturnNotOpen,
    ReturnNotRequested,
    ReturnsTooMuch,
)

Reason = Literal["changed_mind", "wrong_size", "not_as_described", "damaged", "wrong_item", "arrived_late", "other"]
Rejection = Literal["not_returnable", "used", "not_ours", "abuse", "other"]
Condition = Literal["sellable", "damaged"]
By = Literal["customer", "staff"]
ExchangeState = Literal["wished", "held", "placed", "refused", "dropped", "failed"]
State = Literal["requested", "approved", "rejected", "received", "cancelled", "expired"]
Code = Annotated[str, Meta(min_length=1, max_length=64)]


class NewReturn(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"lines": [{"sku": "DB100000", "quantity": 1}], "reason": "wrong_size"}`; with `"instead": [{"sku": "DB100001",
    "quantity": 1}]` an exchange."""

    lines: Annotated[list[Demand], Meta(min_length=1, max_length=5_000)]
    reason: Reason
    instead: Annotated[list[Demand], Meta(max_length=100)] = []


class ApproveReturn(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"warehouse": "BER"}`; without one it goes to `RETURN_WAREHOUSE`, or to where its first line came from.
    `"exchange": false`: nothing is sent instead, their money goes back."""

    warehouse: Code | None = None
    exchange: bool = True


class RejectReturn(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reason": "used"}`."""

    reason: Rejection


class UnitsIn(Struct, frozen=True, forbid_unknown_fields=True):
    """So many of a SKU, and how they are. `refund` false: their money stays, such as of what was used up."""

    sku: Sku
    quantity: Quantity
    condition: Condition = "sellable"
    refund: bool = True


class ReceiveReturn(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"warehouse": "BER", "units": [{"sku": "DB100000", "quantity": 1, "condition": "damaged"}], "shipping": true}`.

    Ends the return: what did not come is no longer waited for. `shipping` gives back what shipping has cost, too.
    """

    warehouse: Code
    units: Annotated[list[UnitsIn], Meta(min_length=1, max_length=5_000)]
    shipping: bool = False


class Return(Struct, frozen=True):
    """Goods that are to come back, or are; its id is also the carrier's idempotency key."""

    id: UUID
    order_id: UUID
    lines: list[ParcelLine]
    reason: str
    requested_by: By
    state: State
    version: int
    warehouse: str | None = None  # where it is waited for; once it is received, where it is
    rejection: str | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    label: str | None = None
    tracking: str | None = None
    units: list[ReturnedUnits] = []
    refund_id: UUID | None = None
    expires_at: datetime | None = None  # so long it is waited for once it is approved
    exchange: Exchange | None = None
    exchange_state: ExchangeState | None = None
    replacement_id: UUID | None = None  # the order that is sent instead, or is to be: its goods are held under this id
    allocations: list[Allocation] = []
    failure: str | None = None  # why nothing is sent instead


class Gone(Struct, frozen=True):
    """What an order's returns are decided from: what has left, and what came back of it in whatever way."""

    parcels: Sequence[Parcel]
    returns: Sequence[Return]
    refunds: Sequence[Refund]

    @property
    def left(self) -> dict[str, int]:
        """SKU → how many have left."""
        return summed(line for parcel in self.parcels for line in parcel.lines)


def returnable(gone: Gone, arrived_since: datetime | None = None) -> dict[str, int]:
    """SKU → how many may be sent back; with a time only of what arrived since, or has not, as far as we know."""
    back = summed(line for each in gone.returns for line in _coming(each))
    settled = _settled(gone)
    young = summed(line for parcel in gone.parcels if _is_young(parcel, arrived_since) for line in parcel.lines)
    return {sku: min(n - back.get(sku, 0) - settled.get(sku, 0), young.get(sku, 0)) for sku, n in gone.left.items()}


def _coming(each: Return) -> Iterable[ParcelLine | ReturnedUnits]:
    """What a return keeps from being sent back once more."""
    if each.state == "received":
        return each.units
    return each.lines if each.state in ("requested", "approved") else ()


def _settled(gone: Gone) -> dict[str, int]:
    """SKU → how many of what had left were refunded without a return."""
    ours = {each.refund_id for each in gone.returns}
    others = [refund for refund in gone.refunds if refund.state != "failed" and refund.id not in ours]
    return summed(line for refund in others for line in refund.sent)


def _is_young(parcel: Parcel, since: datetime | None) -> bool:
    return since is None or parcel.delivered_at is None or parcel.delivered_at >= since


def request(
    order_id: UUID, gone: Gone, wanted: NewReturn, by: By, arrived_since: datetime, return_id: UUID
) -> ReturnRequested:
    """Somebody wants to send these back. Refuses `returns_too_much`, and of customers `outside_return_window`."""
    asked, left = summed(wanted.lines), returnable(gone)
    _check(asked, left, ReturnsTooMuch, "not so many can be sent back")
    if by == "customer":
        _check(asked, returnable(gone, arrived_since), OutsideReturnWindow, "too long ago to be sent back")
    return ReturnRequested(return_id, order_id, [ParcelLine(*line) for line in asked.items()], wanted.reason, by)


def _check(asked: Mapping[str, int], left: Mapping[str, int], refusal: type[Refusal], said: str) -> None:
    if lacking := [sku for sku, quantity in asked.items() if quantity > left.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": asked[sku], "left": max(left.get(sku, 0), 0)} for sku in lacking]
        raise refusal(f"{said}: {', '.join(lacking[:20])}", lines=facts)


def approve(each: Return, warehouse: str, expires_at: datetime | None = None) -> ReturnApproved:
    """It may be sent, until then. Refuses `return_not_requested`."""
    _check_requested(each)
    return ReturnApproved(each.id, each.order_id, warehouse, expires_at)


def expire(each: Return, now: datetime) -> ReturnExpired | None:
    """It did not come; None if it is not waited for, or not yet too late, or at our door and only not unpacked yet."""
    late = each.expires_at is not None and each.expires_at <= now
    if each.state != "approved" or not late or each.tracking == "delivered":
        return None
    return ReturnExpired(each.id, each.order_id)


def reject(each: Return, wanted: RejectReturn) -> ReturnRejected:
    """It may not. Refuses `return_not_requested`."""
    _check_requested(each)
    return ReturnRejected(each.id, each.order_id, wanted.reason)


def _check_requested(each: Return) -> None:
    if each.state != "requested":
        raise ReturnNotRequested(f"the return is {each.state}", return_state=each.state)


def cancel(each: Return) -> ReturnCancelled:
    """The goods stay with the customer. Refuses `return_not_open`."""
    paid = each.refund_id is not None  # its money went into an exchange, whatever became of that
    if each.state not in ("requested", "approved") or paid:
        sent = ", and its replacement is sent" if each.exchange_state == "placed" else ""
        raise ReturnNotOpen(f"the return is {each.state}{sent}", return_state=each.state)
    return ReturnCancelled(each.id, each.order_id)


def unpack(each: Return, gone: Gone, wanted: ReceiveReturn) -> list[ReturnedUnits]:
    """What came. Refuses `return_not_approved`, `receives_too_much`.

    Goods that a refund has put back into stock while they were on their way are not put back twice. What comes after
    it has expired is taken as long as it did not come back in another way.
    """
    if each.state not in ("approved", "expired"):
        raise ReturnNotApproved(f"the return is {each.state}", return_state=each.state)
    _check(summed(wanted.units), summed(each.lines), ReceivesTooMuch, "not so many were to come")
    if each.state == "expired":
        _check(summed(wanted.units), returnable(gone), ReceivesTooMuch, "not so many can still come back")
    sellable = summed(unit for unit in wanted.units if unit.condition == "sellable")
    _check(sellable, _not_in_stock(each, gone), ReceivesTooMuch, "not so many can be back in stock")
    return [ReturnedUnits(unit.sku, unit.quantity, unit.condition, unit.refund) for unit in wanted.units]


def _not_in_stock(each: Return, gone: Gone) -> dict[str, int]:
    """SKU → how many of what has left no refund and no other return has put back on a shelf."""
    others = [unit for other in gone.returns if other.id != each.id for unit in other.units]
    back = summed(unit for unit in others if unit.condition == "sellable")
    put_back = summed(line for refund in gone.refunds for line in resent(refund))
    return {sku: n - back.get(sku, 0) - put_back.get(sku, 0) for sku, n in gone.left.items()}


def to_refund(units: Iterable[ReturnedUnits], unrefunded: Mapping[str, int]) -> list[Demand]:
    """Of which units the money goes back: no more than are left to refund."""
    wanted = summed(unit for unit in units if unit.refunded)
    found = {sku: min(quantity, unrefunded.get(sku, 0)) for sku, quantity in wanted.items()}
    return [Demand(sku, quantity) for sku, quantity in found.items() if quantity > 0]


# What may be seen of what comes back, in the order in which it is believed; `delivered` is here. That the customer has
# it again (`back_with_customer`) no carrier says: to them it is delivered, whoever got it.
WAY_BACK = (
    "collected", "in_transit", "out_for_delivery", "attempt_failed", "returning", "delivered", "back_with_customer",
)  # fmt: skip
AWAY_FROM_US = ("returning", "back_with_customer")


def track(each: Return, status: str, at: datetime) -> ReturnTracked | None:
    """The carrier saw it; None if that is known, outdone by what was told before, or of no interest any more."""
    if status == "delivered" and each.tracking in AWAY_FROM_US:
        status = "back_with_customer"
    before = -1 if each.tracking is None else WAY_BACK.index(each.tracking)
    if each.state != "approved" or WAY_BACK.index(status) <= before:
        return None
    return ReturnTracked(each.id, each.order_id, status, at)


def evolve(each: Return | None, event: ReturnEvent, version: int) -> Return:
    """A return after an event."""
    if isinstance(event, ReturnRequested):
        by: By = "staff" if event.requested_by == "staff" else "customer"
        wish: ExchangeState | None = "wished" if event.exchange else None
        return Return(
            event.return_id, event.order_id, event.lines, event.reason, by, "requested", version,
            exchange=event.exchange, exchange_state=wish,
        )  # fmt: skip
    assert each is not None, "a return's history begins with ReturnRequested"
    return structs.replace(each, version=version, **_changed(each, event))


def _changed(each: Return, event: ReturnEvent) -> dict[str, object]:
    match event:
        case ReturnApproved(warehouse=warehouse, expires_at=expires_at, replacement_id=replacement_id):
            held = {"replacement_id": replacement_id, "allocations": event.allocations, "exchange_state": "held"}
            wish = held if replacement_id else {"exchange_state": "refused" if each.exchange else None}
            return {"state": "approved", "warehouse": warehouse, "expires_at": expires_at, **wish}
        case ReturnExpired():
            return {"state": "expired", **_dropped(each)}
        case ReturnRejected(reason=reason):
            return {"state": "rejected", "rejection": reason, **_dropped(each)}
        case ReplacementPlaced(refund_id=refund_id):
            return {"exchange_state": "placed", "refund_id": refund_id}
        case ReplacementFailed(reason=reason):
            return {"exchange_state": "failed", "failure": reason}
        case ReturnLabelled(carrier=carrier, tracking_number=number, label=label):
            return {"carrier": carrier, "tracking_number": number, "label": label}
        case ReturnTracked(status=status):
            return {"tracking": status}
        case ReturnReceived(warehouse=warehouse, units=units, refund_id=refund_id):
            paid_by = {"refund_id": refund_id or each.refund_id}
            return {"state": "received", "warehouse": warehouse, "units": units, **paid_by}
        case ReturnRefunded(refund_id=refund_id):
            return {"refund_id": refund_id}
    return {"state": "cancelled", **_dropped(each)}


def _dropped(each: Return) -> dict[str, object]:
    """What becomes of a wish when its return ends without the goods."""
    return {"exchange_state": "dropped"} if each.exchange_state in ("wished", "held") else {}
