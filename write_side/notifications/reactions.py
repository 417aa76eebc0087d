"""When an order is confirmed, on its way or over, goods or money go back, or no card is taken, a mail is written into
the ledger: exactly once, with the checkpoint. Steps send it."""

from typing import NamedTuple
from uuid import UUID

from shared.codec import Event, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.fulfilment import ParcelDelivered, ParcelShipped
from shared.events.gift_cards import GiftCardIssued
from shared.events.invoices import InvoiceIssued, InvoiceOverdue
from shared.events.notifications import MailQueued
from shared.events.orders import (
    OrderAddedTo,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderExpired,
    OrderReaddressed,
)
from shared.events.payments import PaymentDeclined
from shared.events.refunds import AmountReleased, RefundSucceeded
from shared.events.returns import (
    ReplacementFailed,
    ReplacementPlaced,
    ReturnApproved,
    ReturnCancelled,
    ReturnEvent,
    ReturnExpired,
    ReturnLabelled,
    ReturnReceived,
    ReturnRejected,
    ReturnRequested,
)
from shared.ids import uuid7
from write_side import orders
from write_side.database import Connection
from write_side.notifications import store
from write_side.notifications.domain import (
    ADDED,
    COMPLETED,
    DELIVERED,
    ENDED,
    GIFT_CARD,
    INVOICE,
    LEFT_WITHOUT,
    NOT_REPLACED,
    ORDER_CONFIRMATION,
    OVERDUE,
    PAYMENT_DECLINED,
    READDRESSED,
    REFUND,
    RELEASED,
    REPLACED,
    RETURN_APPROVED,
    RETURN_CANCELLED,
    RETURN_EXPIRED,
    RETURN_LABELLED,
    RETURN_RECEIVED,
    RETURN_REJECTED,
    RETURN_REQUESTED,
    SHIPPED,
    message_id,
)
from write_side.reactions import Reaction

_OF_RETURNS: dict[type, str] = {
    ReturnRequested: RETURN_REQUESTED,
    ReturnApproved: RETURN_APPROVED,
    ReturnRejected: RETURN_REJECTED,
    ReturnLabelled: RETURN_LABELLED,
    ReturnReceived: RETURN_RECEIVED,
    ReturnCancelled: RETURN_CANCELLED,
    ReturnExpired: RETURN_EXPIRED,
    ReplacementFailed: NOT_REPLACED,
}


# A reaction's name is its checkpoint's: one that is renamed begins with what comes then, as a new one does.
_REACTIONS: dict[str, tuple[type, ...]] = {
    "gift_card_mail": (GiftCardIssued,),
    "invoice_mail": (InvoiceIssued, InvoiceOverdue),
    "order_confirmation_mail": (OrderConfirmed,),
    "decline_mail": (PaymentDeclined,),
    "refund_mail": (RefundSucceeded,),
    "release_mail": (AmountReleased,),
    "parcel_mail": (ParcelShipped, ParcelDelivered),
    "readdressed_mail": (OrderReaddressed,),
    "addition_mail": (OrderAddedTo,),
    "left_without_mail": (OrderCancelled,),
    "expiry_mail": (OrderExpired,),
    "completion_mail": (OrderCompleted,),
    "replacement_mail": (ReplacementPlaced,),
    "return_mail": tuple(_OF_RETURNS),
}


class Wanted(NamedTuple):
    """A mail to be written: whose order it tells of, its kind, and what of the order, where there may be several."""

    order_id: UUID
    kind: str
    subject_id: UUID | None = None


def reactions(sender: str) -> list[Reaction]:
    """What mails are sent about; `sender` is MAIL_FROM."""

    async def queue(conn: Connection, recorded: Recorded, event: Event, cause: Metadata) -> None:
        wanted = mail_about(recorded.event_id, event)
        if wanted and not await _told_of_its_return(conn, wanted):
            id_ = uuid7()
            mail = MailQueued(id_, wanted.order_id, wanted.kind, message_id(id_, sender), wanted.subject_id)
            await store.queue(conn, mail, cause)

    return [Reaction(name, tuple(map(tag_of, types)), queue) for name, types in _REACTIONS.items()]


async def _told_of_its_return(conn: Connection, wanted: Wanted) -> bool:
    """What was to be sent in exchange is over: the mail that the exchange is off says so."""
    if wanted.kind != ENDED:
        return False
    order = await orders.find_head(conn, wanted.order_id)
    return order is not None and order.replaces is not None


def mail_about(event_id: UUID, event: Event) -> Wanted | None:
    """Which mail to write because this happened."""
    match event:
        case OrderConfirmed():
            return Wanted(event.order_id, ORDER_CONFIRMATION)
        case OrderReaddressed():
            return Wanted(event.order_id, READDRESSED, event_id)  # an order may be so several times
        case OrderAddedTo():
            return Wanted(event.addition_id, ADDED, event.order_id)  # its link opens what was added
        case OrderCancelled():
            return Wanted(event.order_id, LEFT_WITHOUT if event.reason == "order_left" else ENDED)
        case OrderExpired():
            return Wanted(event.order_id, ENDED)
        case OrderCompleted():
            # That their money went back they were told.
            return None if event.nothing_went else Wanted(event.order_id, COMPLETED)
        case ParcelShipped():
            return Wanted(event.order_id, SHIPPED, event.parcel_id)
        case ParcelDelivered():
            return Wanted(event.order_id, DELIVERED, event.parcel_id)
        case ReplacementPlaced():
            return Wanted(event.replacement_id, REPLACED, event.return_id)  # its link opens the new order
        case _ if isinstance(event, ReturnEvent):
            return Wanted(event.order_id, _OF_RETURNS[type(event)], event.return_id)
    return _about_money(event)


def _about_money(event: Event) -> Wanted | None:
    match event:
        case PaymentDeclined():
            # Whoever is at the checkout sees a decline there. Whoever we tried again for may be gone.
            told = event.retries and event.retry_at is None
            return Wanted(event.order_id, PAYMENT_DECLINED) if told else None
        case RefundSucceeded():
            return Wanted(event.order_id, REFUND, event.refund_id)
        case AmountReleased():
            return Wanted(event.order_id, RELEASED, event.refund_id)
        case InvoiceIssued():
            return Wanted(event.order_id, INVOICE, event.invoice_id)
        case InvoiceOverdue():
            return Wanted(event.order_id, OVERDUE, event.invoice_id)
        case GiftCardIssued(order_id=UUID() as order_id):  # staff tell the codes of those that they issue
            return Wanted(order_id, GIFT_CARD, event.gift_card_id)
    return None
