"""The ledger of mails, pure: what each event makes of a row. What stands in a mail: letters.py."""

from email.message import EmailMessage
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.events.notifications import MailQueued, MailRefused, MailSent, NotificationEvent

ORDER_CONFIRMATION = "order_confirmation"
REFUND = "refund"
RELEASED = "amount_released"
PAYMENT_DECLINED = "payment_declined"
SHIPPED = "parcel_shipped"
INVOICE = "invoice_issued"
OVERDUE = "invoice_overdue"
DELIVERED = "parcel_delivered"
READDRESSED = "order_readdressed"
COMPLETED = "order_completed"
ADDED = "order_added_to"
LEFT_WITHOUT = "order_left_without"
ENDED = "order_ended"
GIFT_CARD = "gift_card"
RETURN_REQUESTED = "return_requested"
RETURN_APPROVED = "return_approved"
RETURN_REJECTED = "return_rejected"
RETURN_LABELLED = "return_labelled"
RETURN_RECEIVED = "return_received"
RETURN_CANCELLED = "return_cancelled"
RETURN_EXPIRED = "return_expired"
REPLACED = "replacement_placed"
NOT_REPLACED = "replacement_failed"
FRESH_LINK = "fresh_link"
MOST_DOUBTS = 1  # after so many sendings of unknown outcome a mail is repeated once more, and then never


class Mail(Struct, frozen=True):
    """A mail in the ledger. The recipient stands sealed with the order."""

    id: UUID
    order_id: UUID
    kind: str
    message_id: str
    state: Literal["queued", "sent", "refused"]
    version: int
    subject_id: UUID | None = None  # what it is about, where that is not the order itself


def message_id(mail_id: UUID, sender: str) -> str:
    """The same for every sending of one mail, so that a mailbox that gets a repeat can tell."""
    domain = sender.rpartition("@")[2].strip("<> ") or "localhost"
    return f"<{mail_id}@{domain}>"


def addressed(to: str, subject: str, sender: str, message_id: str) -> EmailMessage:
    """A mail without its text yet; out-of-office notes are not to answer it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    return message


def evolve(mail: Mail | None, event: NotificationEvent, version: int) -> Mail:
    """A mail after an event."""
    match event:
        case MailQueued():
            return Mail(
                event.mail_id, event.order_id, event.kind, event.message_id, "queued", version, event.subject_id
            )
        case MailSent():
            state: Literal["sent", "refused"] = "sent"
        case MailRefused():
            state = "refused"
    assert mail is not None, "a mail's history begins with MailQueued"
    return structs.replace(mail, state=state, version=version)
