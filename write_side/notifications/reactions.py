"""When an order is confirmed or on its way, goods or money go back, or no card is taken, a mail is written into the
ledger: exactly once, with the checkpoint. Steps send it."""

from uuid import UUID

from shared.codec import Event, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.fulfilment import ParcelDelivered, ParcelShipped
from shared.events.gift_cards import GiftCardIssued
from shared.events.invoices import InvoiceIssued, InvoiceOverdue
from shared.events.notifications import MailQueued
from shared.events.orders import OrderAddedTo, OrderCancelled, OrderCompleted, OrderConfirmed, OrderReaddressed
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
from write_side.database import Connection
from write_side.notifications import store
from write_side.notifications.domain import (
    ADDED,
    COMPLETED,
    DELIVERED,
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


def reactions(sender: str) -> list[Reaction]:
    """What mails are sent about; `sender` is MAIL_FROM."""

    async def queue(conn: Connection, order_id: UUID, kind: str, subject_id: UUID | None, cause: Metadata) -> None:
        mail_id = uuid7()
        await store.queue(conn, MailQueued(mail_id, order_id, kind, message_id(mail_id, sender), subject_id), cause)

    async def confirm(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, OrderConfirmed)
        await queue(conn, event.order_id, ORDER_CONFIRMATION, None, cause)

    async def decline(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, PaymentDeclined)
        # Whoever is at the checkout sees a decline there. Whoever we tried again for may be gone.
        if event.retries and event.retry_at is None:
            await queue(conn, event.order_id, PAYMENT_DECLINED, None, cause)

    async def refund(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, RefundSucceeded)
        await queue(conn, event.order_id, REFUND, event.refund_id, cause)

    async def release(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, AmountReleased)
        await queue(conn, event.order_id, RELEASED, event.refund_id, cause)

    async def ship(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, ParcelShipped | ParcelDelivered)
        kind = SHIPPED if isinstance(event, ParcelShipped) else DELIVERED
        await queue(conn, event.order_id, kind, event.parcel_id, cause)

    async def change(conn: Connection, recorded: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, OrderReaddressed)
        await queue(conn, event.order_id, READDRESSED, recorded.event_id, cause)  # an order may be so several times

    async def add(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, OrderAddedTo)
        await queue(conn, event.addition_id, ADDED, event.order_id, cause)  # its link opens what was added

    async def leave(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, OrderCancelled)
        if event.reason == "order_left":
            await queue(conn, event.order_id, LEFT_WITHOUT, None, cause)

    async def complete(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, OrderCompleted)
        await queue(conn, event.order_id, COMPLETED, None, cause)

    async def come_back(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, ReturnEvent)
        await queue(conn, event.order_id, _OF_RETURNS[type(event)], event.return_id, cause)

    async def replace(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, ReplacementPlaced)
        await queue(conn, event.replacement_id, REPLACED, event.return_id, cause)  # its link opens the new order

    async def invoice(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, InvoiceIssued | InvoiceOverdue)
        kind = INVOICE if isinstance(event, InvoiceIssued) else OVERDUE
        await queue(conn, event.order_id, kind, event.invoice_id, cause)

    async def give(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, GiftCardIssued)
        if event.order_id is not None:  # staff tell the codes of those that they issue
            await queue(conn, event.order_id, GIFT_CARD, event.gift_card_id, cause)

    return [
        Reaction("gift_card_mail", (tag_of(GiftCardIssued),), give),
        Reaction("invoice_mail", (tag_of(InvoiceIssued), tag_of(InvoiceOverdue)), invoice),
        Reaction("order_confirmation_mail", (tag_of(OrderConfirmed),), confirm),
        Reaction("decline_mail", (tag_of(PaymentDeclined),), decline),
        Reaction("refund_mail", (tag_of(RefundSucceeded),), refund),
        Reaction("release_mail", (tag_of(AmountReleased),), release),
        Reaction("parcel_mail", (tag_of(ParcelShipped), tag_of(ParcelDelivered)), ship),
        Reaction("readdressed_mail", (tag_of(OrderReaddressed),), change),
        Reaction("addition_mail", (tag_of(OrderAddedTo),), add),
        Reaction("left_without_mail", (tag_of(OrderCancelled),), leave),
        Reaction("completion_mail", (tag_of(OrderCompleted),), complete),
        Reaction("replacement_mail", (tag_of(ReplacementPlaced),), replace),
        Reaction("return_mail", tuple(map(tag_of, _OF_RETURNS)), come_back),
    ]
