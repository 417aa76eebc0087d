"""What stands in a mail, pure: greeting, what happened, a table, where it goes, the link; as plain text and HTML."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from html import escape

from msgspec import Struct

from shared.events.fulfilment import ParcelLine
from shared.events.orders import OrderTax, PricedLine, Totals
from shared.events.refunds import RefundedLine
from shared.money import Money, display
from write_side.invoices import CreditNote
from write_side.notifications.domain import Mail, addressed


class Recipient(Struct, frozen=True):
    """Who is written to, about which order."""

    number: str
    to: str
    name: str
    address: list[str]
    status_url: str  # empty for whom the order is none of their business

    @property
    def greeted(self) -> str:
        """Their name behind a hello, if we know it."""
        return f" {self.name}" if self.name else ""


class Letter(Struct, frozen=True):
    """All that is said. `items` and `sums` are rows of (what, how much); `{number}` stands for that of the order."""

    subject: str
    text: str
    items: list[tuple[str, str]] = []
    sums: list[tuple[str, str]] = []
    shows_address: bool = False


def confirmation(
    lines: Sequence[PricedLine], totals: Totals, taxes: Sequence[OrderTax] = (), charged_minor: int | None = None,
    credit_minor: int = 0, *, duties_due: bool = False,
) -> Letter:  # fmt: skip
    """The order is paid. `taxes` are empty for orders from before there were several; `charged_minor` is what gift
    cards and goods that come back leave of the total (None: all of it), `credit_minor` what these goods pay."""
    on_top = [(_named(tax), tax.tax_minor) for tax in taxes if not tax.included] or [("Tax", totals.tax_minor)]
    charged = totals.total_minor if charged_minor is None else charged_minor
    gift_minor = totals.total_minor - charged - credit_minor
    reverse_charge = any(tax.note in ("reverse_charge", "reverse_charge_unverified") for tax in taxes)
    amounts = [
        ("Subtotal", totals.lines_minor),
        ("Shipping", totals.shipping_minor),
        *([("Discount", -totals.discount_minor)] if totals.discount_minor else []),
        *(on_top if totals.tax_minor or reverse_charge or not taxes else []),
        ("Total", totals.total_minor),
        *((f"including {_named(tax)}", tax.tax_minor) for tax in taxes if tax.included),
        *([("By what you send back", -credit_minor)] if credit_minor else []),
        *([("By gift card", -gift_minor)] if gift_minor else []),
        *([("Charged", charged)] if gift_minor or credit_minor else []),
    ]
    at_the_door = " Duties and import taxes are not in the total: you pay them when it arrives." if duties_due else ""
    owed = " No VAT is charged: your business owes it in its own country (reverse charge)." if reverse_charge else ""
    return Letter(
        "Your order {number} is confirmed",
        f"thank you: your order {{number}} is paid and confirmed.{at_the_door}{owed}",
        [(_item(line), display(line.total_minor, totals.currency)) for line in lines],
        [(label, display(minor, totals.currency)) for label, minor in amounts],
        shows_address=True,
    )


def gift_card(code: str, worth: Money) -> Letter:
    """What was bought for somebody: whoever has the code can spend it."""
    amount = display(worth.amount_minor, worth.currency)
    return Letter(
        f"Your gift card: {amount}",
        f"here is a gift card of {amount}. Type its code at the checkout. Whoever has the code can spend it: keep this "
        "mail, and show it to nobody.",
        [("Code", code)],
    )


def fresh_link() -> Letter:
    """Somebody has asked for it, who need not be the buyer."""
    return Letter(
        "Your link to order {number}",
        "here is the link to your order {number} that was asked for. If it was not you, there is nothing to do: it was "
        "sent to nobody else.",
    )


def _item(line: PricedLine) -> str:
    gift = " (a gift)" if line.gift_quantity == line.quantity else f" ({line.gift_quantity} of them a gift)"
    return f"{line.quantity} × {line.name}{gift if line.gift_quantity else ''}"


def _named(tax: OrderTax) -> str:
    percent, parts = divmod(tax.rate_ppm, 10_000)
    decimals = f"{parts:04d}".rstrip("0")
    return f"{tax.name} {percent}{'.' if decimals else ''}{decimals} %"


_WHY = {
    "insufficient_funds": "the bank says that there is not enough money behind it",
    "try_again_later": "the bank could not decide at the moment",
    "processing_error": "the bank could not process it at the moment",
    "authentication_required": "the bank wants you to confirm that it is you",
    "authentication_failed": "the bank could not confirm that it is you",
    "incorrect_details": "its number, expiry date or security code is not right",
    "expired_card": "it has expired",
    "not_supported": "it can't be used for this purchase",
    "limit_exceeded": "its limit is reached",
}


def declined(reason: str | None, expires_at: datetime) -> Letter:
    """No card was taken, and nobody tries again but the customer."""
    why = _WHY.get(reason or "", "the bank declined it")
    return Letter(
        "Your order {number} is not paid yet",
        f"your order {{number}} could not be paid with your card: {why}. We have tried again, and stop here. "
        f"The goods are held for you until {expires_at:%H:%M} UTC; until then you can pay with another card.",
    )


def invoiced(invoice_number: str, open_: Money, due_at: datetime, *, late: bool) -> Letter:
    """What is bought on invoice is to be paid, or should have been."""
    amount = display(open_.amount_minor, open_.currency)
    called = f"invoice {invoice_number}" if invoice_number else "the invoice"
    reference = invoice_number or "the number of the order"
    if late:
        return Letter(
            "The invoice of your order {number} is overdue",
            f"{amount} of {called} for your order {{number}} were due on {due_at:%d %B %Y}, and we have not seen them "
            f"yet. Please pay them now, with {reference} as the reference; if you have, thank you.",
        )
    return Letter(
        "The invoice of your order {number}",
        f"you bought on invoice: please pay {amount} of {called} for your order {{number}} by {due_at:%d %B %Y}, with "
        f"{reference} as the reference.",
    )


def refunded(
    amount_minor: int, currency: str, lines: Sequence[RefundedLine], ordered: Sequence[PricedLine], *,
    moved_minor: int = 0, note: CreditNote | None = None,
) -> Letter:  # fmt: skip
    """Money is on its way back, pays what is sent instead (`moved_minor`), or is taken off an invoice (`note`)."""
    names = {line.sku: line.name for line in ordered}
    back, moved = display(amount_minor - moved_minor, currency), display(moved_minor, currency)
    text = f"{back} of your order {{number}} are on their way back to where you paid from. "
    text += "Depending on your bank this takes a few days."
    if moved_minor:
        left = f"; {back} are on their way back to where you paid from" if amount_minor > moved_minor else ""
        text = f"{moved} of your order {{number}} pay what we send you instead{left}."
    if note:
        first = f"{moved} of your order {{number}} pay what we send you instead. " if moved_minor else ""
        text = first + _credited(note, amount_minor - moved_minor - note.amount_minor)
    return Letter(
        "A refund for your order {number}",
        text,
        [(_counted(line.quantity, _told(line, names)), display(line.amount_minor, currency)) for line in lines],
        [*([("For your exchange", moved)] if moved_minor else []), ("Refunded", back), *_noted(note)],
    )


def _credited(note: CreditNote, gift_minor: int) -> str:
    amount = display(note.amount_minor, note.currency)
    called = f"invoice {note.invoice_number}" if note.invoice_number else "the invoice"
    gift = f" {display(gift_minor, note.currency)} are back on your gift cards." if gift_minor > 0 else ""
    return (
        f"{amount} of {called} are taken back by credit note {note.number}, for your order {{number}}. What you have "
        f"paid of them already we pay back.{gift}"
    )


def _noted(note: CreditNote | None) -> list[tuple[str, str]]:
    if note is None:
        return []
    rates = [(_named(tax), tax.tax_minor) for tax in note.taxes] or [("tax", note.tax_minor)]
    return [
        (f"Credit note {note.number}", display(note.amount_minor, note.currency)),
        *((f"including {name}", display(tax, note.currency)) for name, tax in rates),
    ]


def _counted(quantity: int, name: str) -> str:
    """So many of it; none where the rest of its money goes back by another payment."""
    return f"{quantity} × {name}" if quantity else name


def released(amount_minor: int, currency: str, lines: Sequence[RefundedLine], ordered: Sequence[PricedLine]) -> Letter:
    """A part of the order is not charged."""
    names = {line.sku: line.name for line in ordered}
    amount = display(amount_minor, currency)
    gone = ", because we can't send all of it" if lines else ""
    text = f"we charge {amount} less for your order {{number}}{gone}. Your bank lets go of what it held."
    if not amount_minor:
        text = "less is sent of your order {number}. It had cost nothing, so you pay what you did."
    return Letter(
        "You pay less for your order {number}" if amount_minor else "Less is sent of your order {number}",
        text,
        [(f"{line.quantity} × {_told(line, names)}", display(line.amount_minor, currency)) for line in lines],
        [("Not charged", amount)],
    )


def _told(line: RefundedLine, names: Mapping[str, str]) -> str:
    return f"{names[line.sku]} (a gift)" if line.gift_quantity == line.quantity > 0 else names[line.sku]


def shipped(
    carrier: str, tracking_number: str, lines: Sequence[ParcelLine], ordered: Sequence[PricedLine], *, arrived: bool
) -> Letter:
    """A parcel is on its way, or has arrived."""
    names = {line.sku: line.name for line in ordered}
    items = [(names[line.sku], f"{line.quantity} ×") for line in lines]
    what = f"a parcel of your order {{number}}, {carrier} {tracking_number},"
    if arrived:
        return Letter("A parcel of your order {number} has arrived", f"{what} has arrived.", items)
    return Letter("A parcel of your order {number} is on its way", f"{what} is on its way.", items, shows_address=True)


def readdressed() -> Letter:
    """It goes elsewhere: whoever did not ask for that learns of it in time."""
    return Letter(
        "Your order {number} goes to another address",
        "the address of your order {number} was changed. If that was not you, please tell us at once.",
        shows_address=True,
    )


def added(first: str, charged: Money, expires_at: datetime, *, on_invoice: bool) -> Letter:
    """More goes with an order, if it is paid in time; whoever did not ask for that learns of it."""
    amount = display(charged.amount_minor, charged.currency)
    until = f"The goods are held for you until {expires_at:%H:%M} UTC, if your order {first} has not left before."
    pay = "You get an invoice for it." if on_invoice else f"{amount} are to be paid. {until}"
    return Letter(
        f"More goes with your order {first}",
        f"more was added to your order {first}: it is order {{number}}, and is sent with it. {pay} If that was not "
        "you, please tell us.",
    )


def left_without(first: str) -> Letter:
    """What was added was not paid as the first was packed, or nothing of the first is sent any more."""
    return Letter(
        f"Your order {first} leaves without order {{number}}",
        f"order {{number}} was to go with your order {first}, which does not wait for it any longer. It was not paid: "
        "it is cancelled, and nothing is charged for it.",
    )


def completed() -> Letter:
    """All has arrived, and nobody waits for anything."""
    return Letter("Your order {number} is complete", "your order {number} has arrived, all of it. Thank you.")


def written(letter: Letter, to: Recipient, mail: Mail, sender: str, correlation_id: str) -> EmailMessage:
    """The letter as a mail; one that somebody complains of leads to its order's log lines."""
    message = addressed(to.to, letter.subject.replace("{number}", to.number), sender, mail.message_id)
    message["X-Correlation-Id"] = correlation_id
    message.set_content(_plain(letter, to))
    message.add_alternative(_html(letter, to), subtype="html")
    return message


def _plain(letter: Letter, to: Recipient) -> str:
    parts = [
        f"Hello{to.greeted},\n\n{letter.text.replace('{number}', to.number)}",
        *("\n".join(f"{label}: {said}" for label, said in rows) for rows in (letter.items, letter.sums) if rows),
        *(["It goes to:\n" + "\n".join(to.address)] if letter.shows_address else []),
        *([f"Follow it here:\n{to.status_url}"] if to.status_url else []),
    ]
    return "\n\n".join(parts) + "\n"


def _html(letter: Letter, to: Recipient) -> str:
    text = escape(letter.text).replace("{number}", f"<b>{escape(to.number)}</b>")
    line = "<tr><td colspan='2'><hr></td></tr>"
    table = line.join(_rows(rows) for rows in (letter.items, letter.sums) if rows)
    goes_to = "<br>".join(["It goes to:", *map(escape, to.address)])
    address = f"<p>{goes_to}</p>" if letter.shows_address else ""
    follow = f"<p><a href='{escape(to.status_url)}'>Follow your order</a></p>" if to.status_url else ""
    return (
        "<!doctype html><html lang='en'><body style='font-family: sans-serif'>"
        f"<p>Hello{escape(to.greeted)},</p><p>{text}</p>"
        f"<table cellpadding='4'>{table}</table>{address}{follow}</body></html>"
    )


def _rows(rows: Sequence[tuple[str, str]]) -> str:
    cells = "<tr><td>{}</td><td align='right'>{}</td></tr>"
    return "".join(cells.format(escape(label), escape(said)) for label, said in rows)
