"""What an order's read models know of goods that go back."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, structs

from shared.documents.orders import ExchangeState, StatusReturn
from shared.events.fulfilment import ParcelLine
from shared.events.returns import (
    ReplacementFailed,
    ReplacementPlaced,
    ReturnApproved,
    ReturnCancelled,
    ReturnedUnits,
    ReturnEvent,
    ReturnExpired,
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
        if event.exchange:
            new = structs.replace(new, instead=_quantities(event.exchange.lines), exchange="wished")
        return (*returns, new)
    if isinstance(event, ReturnEvent):
        return tuple(_after(each, event) if each.id == event.return_id else each for each in returns)
    return returns


def _after(each: StatusReturn, event: ReturnEvent) -> StatusReturn:
    match event:
        case ReturnApproved(warehouse=warehouse, expires_at=expires_at):
            held: ExchangeState | None = "held" if event.replacement_id else "refused" if each.instead else None
            return structs.replace(
                each, state="approved", warehouse=warehouse, expires_at=expires_at, exchange=held,
            )  # fmt: skip
        case ReturnRejected(reason=reason):
            return structs.replace(each, state="rejected", rejection=reason, exchange=_dropped(each))
        case ReturnLabelled(carrier=carrier, tracking_number=number, label=label):
            return structs.replace(each, carrier=carrier, tracking_number=number, label=label)
        case ReturnTracked(status=status):
            return structs.replace(each, tracking=status)
        case ReturnReceived(warehouse=warehouse, units=units):
            return structs.replace(each, state="received", warehouse=warehouse, quantities=_quantities(units))
        case ReturnCancelled():
            return structs.replace(each, state="cancelled", exchange=_dropped(each))
        case ReturnExpired():
            return structs.replace(each, state="expired", exchange=_dropped(each))
        case ReplacementPlaced(replacement_id=replacement_id):
            return structs.replace(each, exchange="placed", replacement_id=replacement_id)
        case ReplacementFailed():
            return structs.replace(each, exchange="failed")
    return each


def _dropped(each: StatusReturn) -> ExchangeState | None:
    """What becomes of a wish when its return ends without the goods."""
    return "dropped" if each.exchange in ("wished", "held") else each.exchange


def _quantities(lines: Sequence[ParcelLine | ReturnedUnits]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        found[line.sku] = found.get(line.sku, 0) + line.quantity
    return found


def returned_items(returns: Sequence[StatusReturn]) -> int:
    """How many came back."""
    return sum(sum(each.quantities.values()) for each in returns if each.state == "received")
