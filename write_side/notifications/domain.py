"""Mails, pure: what stands in one, and what each event makes of its row."""

from email.message import EmailMessage
from html import escape
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.events.notifications import MailQueued, MailRefused, MailSent, NotificationEvent
from shared.money import display

ORDER_CONFIRMATION = "order_confirmation"
MOST_DOUBTS = 1  # after so many sendings of unknown outcome a mail is repeated once more, and then never


class Mail(Struct, frozen=True):
    """A mail in the ledger. The recipient stands sealed with the order."""

    id: UUID
    order_id: UUID
    kind: str
    message_id: str
    state: Literal["queued", "sent", "refused"]
    version: int


class Line(Struct, frozen=True):
    """One line as the customer reads it; amounts in minor units."""

    name: str
    quantity: int
    total_minor: int


class Confirmation(Struct, frozen=True):
    """All that stands in the confirmation of an order."""

    number: str
    to: str
    name: str
    address: list[str]
    lines: list[Line]
    currency: str
    lines_minor: int
    shipping_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    status_url: str


def message_id(mail_id: UUID, sender: str) -> str:
    """The same for every sending of one mail, so that a mailbox that gets a repeat can tell."""
    domain = sender.rpartition("@")[2].strip("<> ") or "localhost"
    return f"<{mail_id}@{domain}>"


def confirmation(content: Confirmation, mail: Mail, sender: str, correlation_id: str) -> EmailMessage:
    """The confirmation as plain text and HTML; a mail that somebody complains of leads to its order's log lines."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = content.to
    message["Subject"] = f"Your order {content.number} is confirmed"
    message["Message-ID"] = mail.message_id
    message["X-Correlation-Id"] = correlation_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_plain(content))
    message.add_alternative(_html(content), subtype="html")
    return message


def _totals(content: Confirmation) -> list[tuple[str, str]]:
    amounts = [
        ("Subtotal", content.lines_minor),
        ("Shipping", content.shipping_minor),
        *([("Discount", -content.discount_minor)] if content.discount_minor else []),
        ("Tax", content.tax_minor),
        ("Total", content.total_minor),
    ]
    return [(label, display(minor, content.currency)) for label, minor in amounts]


def _plain(content: Confirmation) -> str:
    lines = [f"{line.quantity} × {line.name}: {display(line.total_minor, content.currency)}" for line in content.lines]
    totals = [f"{label}: {amount}" for label, amount in _totals(content)]
    parts = [
        f"Hello {content.name},\n\nthank you: your order {content.number} is paid and confirmed.",
        "\n".join(lines),
        "\n".join(totals),
        "It goes to:\n" + "\n".join(content.address),
        f"Follow it here:\n{content.status_url}",
    ]
    return "\n\n".join(parts) + "\n"


def _html(content: Confirmation) -> str:
    def row(label: str, amount: str) -> str:
        return f"<tr><td>{escape(label)}</td><td align='right'>{escape(amount)}</td></tr>"

    lines = [
        row(f"{line.quantity} × {line.name}", display(line.total_minor, content.currency)) for line in content.lines
    ]
    totals = [row(label, amount) for label, amount in _totals(content)]
    return (
        "<!doctype html><html lang='en'><body style='font-family: sans-serif'>"
        f"<p>Hello {escape(content.name)},</p>"
        f"<p>thank you: your order <b>{escape(content.number)}</b> is paid and confirmed.</p>"
        f"<table cellpadding='4'>{''.join(lines)}<tr><td colspan='2'><hr></td></tr>{''.join(totals)}</table>"
        f"<p>It goes to:<br>{'<br>'.join(escape(line) for line in content.address)}</p>"
        f"<p><a href='{escape(content.status_url)}'>Follow your order</a></p></body></html>"
    )


def evolve(mail: Mail | None, event: NotificationEvent, version: int) -> Mail:
    """A mail after an event."""
    match event:
        case MailQueued():
            return Mail(event.mail_id, event.order_id, event.kind, event.message_id, "queued", version)
        case MailSent():
            state: Literal["sent", "refused"] = "sent"
        case MailRefused():
            state = "refused"
    assert mail is not None, "a mail's history begins with MailQueued"
    return structs.replace(mail, state=state, version=version)
