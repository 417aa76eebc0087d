"""What happened to mails. Aggregate: `mail`, key `order:<order id>`. The recipient stands sealed with the order."""

from uuid import UUID

from msgspec import Struct


class MailQueued(Struct, frozen=True, tag="notifications.mail_queued.v1"):
    mail_id: UUID
    order_id: UUID
    kind: str  # "order_confirmation", "refund", "parcel_shipped", "return_approved" …
    message_id: str
    subject_id: UUID | None = None  # what it is about, where that is not the order itself: a refund, a parcel


class MailSent(Struct, frozen=True, tag="notifications.mail_sent.v1"):
    mail_id: UUID
    order_id: UUID
    kind: str


class MailRefused(Struct, frozen=True, tag="notifications.mail_refused.v1"):
    """The mail server refused the recipient for good."""

    mail_id: UUID
    order_id: UUID
    kind: str
    code: int


NotificationEvent = MailQueued | MailSent | MailRefused
