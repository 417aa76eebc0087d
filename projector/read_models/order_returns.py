"""What an order's read models know of goods that go back."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, structs

from shared.documents.orders import StatusReturn
from shared.events.fulfilment import ParcelLine
from shared.events.returns import (
    ReturnApproved,
    ReturnCancelled,
    ReturnedUnits,
    ReturnEvent,
    ReturnLabelled,
    ReturnReceived,
    ReturnRejected,
    ReturnRequested,
    ReturnTracked,
)


def returns_after(returns: tuple[StatusReturn, ...], at: datetime, event: Struct) -> tuple[StatusReturn, ...]:
    """An order's returns after whatever event."""
    if isinstance(event, ReturnRequested):
        new = StatusReturn(event.return_id, "requested", event.reason, _quantities(event.lines), at)
        return (*returns, new)
    if isinstance(event, ReturnEvent):
        return tuple(_after(each, event) if each.id == event.return_id else each for each in returns)
    return returns


def _after(each: StatusReturn, event: ReturnEvent) -> StatusReturn:
    match event:
        case ReturnApproved(warehouse=warehouse):
            return structs.replace(each, state="approved", warehouse=warehouse)
        case ReturnRejected(reason=reason):
            return structs.replace(each, state="rejected", rejection=reason)
        case ReturnLabelled(carrier=carrier, tracking_number=number, label=label):
            return structs.replace(each, carrier=carrier, tracking_number=number, label=label)
        case ReturnTracked(status=status):
            return structs.replace(each, tracking=status)
        case ReturnReceived(warehouse=warehouse, units=units):
            return structs.replace(each, state="received", warehouse=warehouse, quantities=_quantities(units))
        case ReturnCancelled():
            return structs.replace(each, state="cancelled")
    return each


def _quantities(lines: Sequence[ParcelLine | ReturnedUnits]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        found[line.sku] = found.get(line.sku, 0) + line.quantity
    return found


def returned_items(returns: Sequence[StatusReturn]) -> int:
    """How many came back."""
    return sum(sum(each.quantities.values()) for each in returns if each.state == "received")
