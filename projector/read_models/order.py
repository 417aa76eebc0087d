"""What two read models know of an order: what was placed, what became of it, its payment, refunds and parcels."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from projector.model import Folded, encode
from projector.read_models.order_returns import returns_after
from shared.codec import Event
from shared.documents.orders import (
    Fulfilment,
    Happened,
    OrderState,
    PaymentState,
    RefundState,
    StatusParcel,
    StatusReturn,
)
from shared.envelope import Recorded
from shared.events.fulfilment import FulfilmentEvent, ParcelDelivered, ParcelLine, ParcelShipped, ParcelTracked
from shared.events.notifications import MailSent
from shared.events.orders import (
    GoodsDropped,
    OrderAddedTo,
    OrderCancelled,
    OrderClaimed,
    OrderClosing,
    OrderCompleted,
    OrderConfirmed,
    OrderEvent,
    OrderExpired,
    OrderExtended,
    OrderPlaced,
    OrderReaddressed,
    OrderReallocated,
    OrderRedacted,
)
from shared.events.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentEvent,
    PaymentIntentCreated,
    PaymentReduced,
    PaymentRequested,
    PaymentRetried,
    PaymentVoided,
)
from shared.events.picking import PickCancelled, PickEvent, PickFinished, PickListed, PickStarted
from shared.events.refunds import (
    AmountReleased,
    RefundEvent,
    RefundFailed,
    RefundPending,
    RefundRequested,
    RefundSucceeded,
)
from shared.events.returns import ReturnEvent, ReturnRefunded

CONTEXTS = frozenset({"orders", "payments", "refunds", "fulfilment", "returns", "notifications"})

Happening = OrderEvent | PaymentEvent | RefundEvent | PickEvent | FulfilmentEvent | ReturnEvent | MailSent

_OF_AN_ORDER = (
    *get_args(OrderEvent), *get_args(PaymentEvent), *get_args(RefundEvent), *get_args(PickEvent),
    *get_args(FulfilmentEvent), *get_args(ReturnEvent), MailSent,
)  # fmt: skip
# Our own doings: no step of the customer's order.
_UNTOLD = (
    PaymentRequested, PaymentIntentCreated, PaymentReduced, PickListed, PickCancelled, OrderReallocated, OrderClaimed,
    ReturnRefunded,
)  # fmt: skip

_ORDER_STATES: dict[type, OrderState] = {
    OrderPlaced: "pending_payment",
    OrderConfirmed: "confirmed",
    OrderClosing: "closing",
    OrderCancelled: "cancelled",
    OrderExpired: "expired",
    OrderCompleted: "completed",
}
_PAYMENT_STATES: dict[type, PaymentState] = {
    PaymentRequested: "pending",
    PaymentDeclined: "declined",
    PaymentAuthorized: "authorized",
    PaymentCaptured: "captured",
    PaymentVoided: "voided",
}
_REFUND_STATES: dict[type, RefundState] = {
    RefundPending: "pending",
    RefundSucceeded: "succeeded",
    RefundFailed: "failed",
}


UNKNOWN = Raw(b"null")

_placed: msgspec.json.Decoder[OrderPlaced | None] = msgspec.json.Decoder(OrderPlaced | None)


class Refund(Struct, frozen=True):
    """Money on its way back; `quantities` is SKU → how many of it, `unsent` how many of these were here still."""

    id: UUID
    state: RefundState
    amount_minor: int
    reason: str
    quantities: dict[str, int]
    requested_at: datetime
    unsent: dict[str, int]
    to_cards_minor: int = 0  # what of it gift cards got at once
    moved_minor: int = 0  # and what pays what is sent instead


class Order(Folded, frozen=True):
    """`placed` (an OrderPlaced) and `placed_at` are null as long as only the payment was heard of."""

    placed: Raw  # what comes later passes it on unread
    placed_at: datetime | None
    updated_at: datetime
    state: OrderState
    payment_state: PaymentState
    history: list[Happened]
    refunds: list[Refund]
    parcels: list[StatusParcel]
    decline_reason: str | None = None  # of the last try to pay
    retry_at: datetime | None = None
    picking: bool = False  # somebody is at the shelf, or was, and something may go
    returns: tuple[StatusReturn, ...] = ()
    additions: tuple[UUID, ...] = ()  # orders that add to it
    dropped: tuple[ParcelLine, ...] = ()  # not sent any more, though no refund names them


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The order, told from the event itself."""
    return (str(event.order_id),) if isinstance(event, _OF_AN_ORDER) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """An order is placed before anything else is heard of it, its payment included."""
    return isinstance(event, OrderPlaced)


def evolve(state: Order | None, recorded: Recorded, event: Happening) -> Order:
    """The order after the event."""
    kind, at = type(event), recorded.recorded_at
    before = state or Order(0, UNKNOWN, None, at, "pending_payment", "pending", [], [], [])
    told = [] if kind in _UNTOLD or _known(event) else [Happened(recorded.type.split(".")[1], at)]
    return Order(
        position=recorded.position,
        placed=_placed_after(before.placed, event),
        placed_at=at if isinstance(event, OrderPlaced) else before.placed_at,
        updated_at=at,
        state=_ORDER_STATES.get(kind, before.state),
        payment_state=_PAYMENT_STATES.get(kind, before.payment_state),
        history=[*before.history, *told],
        refunds=_refunds_after(before.refunds, recorded, event),
        parcels=_parcels_after(before.parcels, recorded, event),
        decline_reason=_reason_after(before, event),
        retry_at=_retry_after(before, event),
        picking=_picking_after(before, event),
        returns=returns_after(before.returns, recorded.recorded_at, event),
        additions=(*before.additions, event.addition_id) if isinstance(event, OrderAddedTo) else before.additions,
        dropped=(*before.dropped, *event.lines) if isinstance(event, GoodsDropped) else before.dropped,
    )


def _picking_after(before: Order, event: Happening) -> bool:
    if isinstance(event, OrderCompleted) and event.nothing_went:
        return False
    return before.picking or isinstance(event, PickStarted | PickFinished)


def _known(event: Happening) -> bool:
    """Whether it tells of a decline that is told already, and only of what follows from it."""
    return isinstance(event, PaymentDeclined) and event.again


def _reason_after(before: Order, event: Happening) -> str | None:
    if isinstance(event, PaymentDeclined):
        return event.reason or "card_declined"
    return None if isinstance(event, PaymentAuthorized | PaymentVoided) else before.decline_reason


def _retry_after(before: Order, event: Happening) -> datetime | None:
    if isinstance(event, PaymentDeclined):
        return event.retry_at
    ended = isinstance(event, PaymentRetried | PaymentAuthorized | PaymentVoided | OrderClosing)
    return None if ended else before.retry_at


def _parcels_after(parcels: list[StatusParcel], recorded: Recorded, event: Happening) -> list[StatusParcel]:
    if isinstance(event, ParcelShipped):
        quantities = {line.sku: line.quantity for line in event.lines}
        about = (event.carrier, event.tracking_number, quantities, recorded.recorded_at)
        return [*parcels, StatusParcel(event.parcel_id, "shipped", *about)]
    if isinstance(event, ParcelTracked | ParcelDelivered):
        return [_seen(each, event, recorded.recorded_at) if each.id == event.parcel_id else each for each in parcels]
    return parcels


def _seen(parcel: StatusParcel, event: ParcelTracked | ParcelDelivered, at: datetime) -> StatusParcel:
    if isinstance(event, ParcelTracked):
        return msgspec.structs.replace(parcel, tracking=event.status)
    return msgspec.structs.replace(parcel, state="delivered", delivered_at=event.delivered_at or at)


def fulfilment_of(state: Order, placed: OrderPlaced) -> Fulfilment:
    """How far the goods are; what was refunded, or is about to be, or was dropped is not waited for. Gift cards are
    mailed."""
    if not state.parcels:
        return "picking" if state.picking else "none"
    due = Counter[str]()
    for line in placed.lines:
        due[line.sku] += 0 if line.gift_card else line.quantity
    refunded = [refund.unsent for refund in state.refunds if refund.state != "failed"]
    dropped = ({line.sku: line.quantity} for line in state.dropped)
    for quantities in [*refunded, *dropped, *(parcel.quantities for parcel in state.parcels)]:
        due.subtract(quantities)
    if any(quantity > 0 for quantity in due.values()):
        return "partially_shipped"
    return "delivered" if all(parcel.state == "delivered" for parcel in state.parcels) else "shipped"


def _refunds_after(refunds: list[Refund], recorded: Recorded, event: Happening) -> list[Refund]:
    if isinstance(event, RefundRequested):
        quantities = {line.sku: line.quantity for line in event.lines if line.quantity}
        unsent = Counter(quantities)
        unsent.subtract({line.sku: line.quantity for line in event.sent})
        asked = (event.amount_minor, event.reason, quantities, recorded.recorded_at, dict(unsent))
        to_cards = sum(part.amount_minor for part in event.gift_cards)
        return [*refunds, Refund(event.refund_id, "requested", *asked, to_cards, event.moved_minor)]
    if isinstance(event, AmountReleased):
        quantities = {line.sku: line.quantity for line in event.lines}
        about = (event.amount_minor, event.reason, quantities, recorded.recorded_at, quantities)
        return [*refunds, Refund(event.refund_id, "released", *about)]
    if isinstance(event, RefundPending | RefundSucceeded | RefundFailed):
        state = _REFUND_STATES[type(event)]
        return [msgspec.structs.replace(each, state=state) if each.id == event.refund_id else each for each in refunds]
    return refunds


def gone_minor(refund: Refund) -> int:
    """What of it has gone back, or is never taken: unless it succeeded what its gift cards got, which they keep, or
    other goods were paid by."""
    done = refund.state in ("succeeded", "released")
    return refund.amount_minor if done else refund.to_cards_minor + refund.moved_minor


def refunded_minor(state: Order) -> int:
    """What has gone back of what was taken."""
    return sum(gone_minor(each) for each in state.refunds if each.state != "released")


def released_minor(state: Order) -> int:
    """What was authorized and not taken."""
    return sum(refund.amount_minor for refund in state.refunds if refund.state == "released")


def payment_state_of(state: Order, total_minor: int) -> PaymentState:
    """The payment's state as customers see it: once money has gone back, how much of it. What was voided had taken
    none: what goes back by it all the same was paid for an earlier order, whose goods were not exchanged after all."""
    refunded = refunded_minor(state)
    if not refunded or state.payment_state == "voided":
        return state.payment_state
    return "refunded" if refunded >= total_minor - released_minor(state) else "partially_refunded"


def _placed_after(placed: Raw, event: Happening) -> Raw:
    if isinstance(event, OrderPlaced):
        return Raw(encode(event))
    if isinstance(event, OrderRedacted) and (before := _placed.decode(placed)):
        # Not left to the missing key: ours is remembered for a while, and would bring everything back.
        return Raw(encode(msgspec.structs.replace(before, mail="", address="")))
    if isinstance(event, OrderReaddressed) and (before := _placed.decode(placed)):
        return Raw(encode(msgspec.structs.replace(before, address=event.address)))
    if isinstance(event, OrderExtended) and (before := _placed.decode(placed)):
        return Raw(encode(msgspec.structs.replace(before, expires_at=event.expires_at)))
    if isinstance(event, OrderClaimed) and (before := _placed.decode(placed)):
        return Raw(encode(msgspec.structs.replace(before, account_id=event.account_id)))
    return placed


def credited(placed: OrderPlaced) -> int:
    """What goods pay of an order that are sent back for it."""
    return sum(part.amount_minor for part in placed.replaces.credits) if placed.replaces else 0


def placed_of(state: Order) -> OrderPlaced | None:
    """The order as it was placed; None as long as only the payment was heard of."""
    return _placed.decode(state.placed)
