"""What stands in a mail, pure: greeting, what happened, a table, where it goes, the link; as plain text and HTML. The
sentences are those of its reader's language (texts.py)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from email.message import EmailMessage
from html import escape

from msgspec import Struct

from shared.events.fulfilment import ParcelLine
from shared.events.orders import OrderTax, PricedLine, Totals
from shared.events.refunds import RefundedLine
from shared.money import Money
from write_side.invoices import CreditNote
from write_side.notifications.domain import Mail, addressed
from write_side.notifications.texts import Voice

NUMBER = "{number}"  # stands for the order's until a letter is written: HTML has it in bold


class Recipient(Struct, frozen=True):
    """Who is written to, about which order."""

    number: str
    to: str
    name: str
    address: list[str]
    status_url: str  # empty for whom the order is none of their business


class Letter(Struct, frozen=True):
    """All that is said. `items` and `sums` are rows of (what, how much); `{number}` stands for that of the order."""

    subject: str
    text: str
    items: list[tuple[str, str]] = []
    sums: list[tuple[str, str]] = []
    shows_address: bool = False


def confirmation(
    say: Voice, lines: Sequence[PricedLine], totals: Totals, taxes: Sequence[OrderTax] = (),
    charged_minor: int | None = None, credit_minor: int = 0, *, duties_due: bool = False,
) -> Letter:  # fmt: skip
    """The order is paid. `taxes` are empty for orders from before there were several; `charged_minor` is what gift
    cards and goods that come back leave of the total (None: all of it), `credit_minor` what these goods pay."""
    on_top = [(_named(say, tax), tax.tax_minor) for tax in taxes if not tax.included]
    on_top = on_top or [(say("order_confirmation.tax"), totals.tax_minor)]
    charged = totals.total_minor if charged_minor is None else charged_minor
    gift_minor = totals.total_minor - charged - credit_minor
    reverse_charge = any(tax.note in ("reverse_charge", "reverse_charge_unverified") for tax in taxes)
    amounts = [
        (say("order_confirmation.subtotal"), totals.lines_minor),
        (say("order_confirmation.shipping"), totals.shipping_minor),
        *([(say("order_confirmation.discount"), -totals.discount_minor)] if totals.discount_minor else []),
        *(on_top if totals.tax_minor or reverse_charge or not taxes else []),
        (say("order_confirmation.total"), totals.total_minor),
        *((say("order_confirmation.including", tax=_named(say, tax)), tax.tax_minor) for tax in taxes if tax.included),
        *([(say("order_confirmation.by_return"), -credit_minor)] if credit_minor else []),
        *([(say("order_confirmation.by_gift_card"), -gift_minor)] if gift_minor else []),
        *([(say("order_confirmation.charged"), charged)] if gift_minor or credit_minor else []),
    ]
    said = [
        say("order_confirmation.text"),
        *([say("order_confirmation.duties_due")] if duties_due else []),
        *([say("order_confirmation.reverse_charge")] if reverse_charge else []),
    ]
    return Letter(
        say("order_confirmation.subject"),
        " ".join(said),
        [(_item(say, line), say.amount(line.total_minor, totals.currency)) for line in lines],
        [(label, say.amount(minor, totals.currency)) for label, minor in amounts],
        shows_address=True,
    )


def gift_card(say: Voice, code: str, worth: Money) -> Letter:
    """What was bought for somebody: whoever has the code can spend it."""
    amount = say.amount(worth.amount_minor, worth.currency)
    return Letter(
        say("gift_card.subject", amount=amount), say("gift_card.text", amount=amount), [(say("gift_card.code"), code)]
    )


def fresh_link(say: Voice) -> Letter:
    """Somebody has asked for it, who need not be the buyer."""
    return Letter(say("fresh_link.subject"), say("fresh_link.text"))


def _item(say: Voice, line: PricedLine) -> str:
    quantity = say.number(line.quantity)
    if not line.gift_quantity:
        return say("order_confirmation.item", quantity=quantity, name=line.name)
    if line.gift_quantity == line.quantity:
        return say("order_confirmation.item_gift", quantity=quantity, name=line.name)
    gifts = say.number(line.gift_quantity)
    return say("order_confirmation.item_gifts_among", quantity=quantity, name=line.name, gifts=gifts)


def _named(say: Voice, tax: OrderTax) -> str:
    return say("order_confirmation.tax_rate", tax=tax.name, rate=say.number(Decimal(tax.rate_ppm) / 10_000))


def declined(say: Voice, reason: str | None, expires_at: datetime) -> Letter:
    """No card was taken, and nobody tries again but the customer."""
    text = say("payment_declined.text", why=why(say, "payment_declined", reason), time=say.time(expires_at))
    return Letter(say("payment_declined.subject"), text)


def why(say: Voice, kind: str, reason: str | None) -> str:
    """The sentence of a reason; those that aren't told share one."""
    key = f"{kind}.why.{reason}"
    return say(key if key in say else f"{kind}.why.otherwise")


def invoiced(say: Voice, invoice_number: str, open_: Money, due_at: datetime, *, late: bool) -> Letter:
    """What is bought on invoice is to be paid, or should have been."""
    kind = "invoice_overdue" if late else "invoice_issued"
    owed = {"amount": say.amount(open_.amount_minor, open_.currency), "day": say.day(due_at)}
    text = say(f"{kind}.text", invoice=invoice_number, **owed) if invoice_number else say(f"{kind}.unnumbered", **owed)
    return Letter(say(f"{kind}.subject"), text)


def refunded(
    say: Voice, amount_minor: int, currency: str, lines: Sequence[RefundedLine], ordered: Sequence[PricedLine], *,
    moved_minor: int = 0, note: CreditNote | None = None,
) -> Letter:  # fmt: skip
    """Money is on its way back, pays what is sent instead (`moved_minor`), or is taken off an invoice (`note`)."""
    names = {line.sku: line.name for line in ordered}
    back, moved = say.amount(amount_minor - moved_minor, currency), say.amount(moved_minor, currency)
    said = [say("refund.back", amount=back)]
    if moved_minor:
        left = amount_minor > moved_minor and note is None
        said = [
            say("refund.moved_and_back", amount=back, moved=moved) if left else say("refund.moved", amount=moved)
        ]
    if note:
        credited = _credited(say, note, amount_minor - moved_minor - note.amount_minor)
        said = [*(said if moved_minor else []), *credited]
    return Letter(
        say("refund.subject"),
        " ".join(said),
        [(_counted(say, line.quantity, names[line.sku]), say.amount(line.amount_minor, currency)) for line in lines],
        [
            *([(say("refund.for_exchange"), moved)] if moved_minor else []),
            (say("refund.refunded"), back),
            *_noted(say, note),
        ],
    )


def _credited(say: Voice, note: CreditNote, gift_minor: int) -> list[str]:
    amount = say.amount(note.amount_minor, note.currency)
    if note.invoice_number:
        text = say("refund.credited", amount=amount, invoice=note.invoice_number, note=note.number)
    else:
        text = say("refund.credited_unnumbered", amount=amount, note=note.number)
    gift = say.amount(gift_minor, note.currency)
    return [text, *([say("refund.on_gift_cards", amount=gift)] if gift_minor > 0 else [])]


def _noted(say: Voice, note: CreditNote | None) -> list[tuple[str, str]]:
    if note is None:
        return []
    by_rate = [(say("order_confirmation.including", tax=_named(say, tax)), tax.tax_minor) for tax in note.taxes]
    rates = by_rate or [(say("refund.including_tax"), note.tax_minor)]
    return [
        (say("refund.credit_note", note=note.number), say.amount(note.amount_minor, note.currency)),
        *((named, say.amount(tax, note.currency)) for named, tax in rates),
    ]


def _counted(say: Voice, quantity: int, name: str) -> str:
    """So many of it; none where the rest of its money goes back by another payment."""
    return say("order_confirmation.item", quantity=say.number(quantity), name=name) if quantity else name


def released(
    say: Voice, amount_minor: int, currency: str, lines: Sequence[RefundedLine], ordered: Sequence[PricedLine]
) -> Letter:
    """A part of the order is not charged."""
    names = {line.sku: line.name for line in ordered}
    amount = say.amount(amount_minor, currency)
    return Letter(
        say("amount_released.subject"),
        say("amount_released.not_all_sent" if lines else "amount_released.text", amount=amount),
        [(_counted(say, line.quantity, names[line.sku]), say.amount(line.amount_minor, currency)) for line in lines],
        [(say("amount_released.not_charged"), amount)],
    )


def shipped(
    say: Voice, carrier: str, tracking_number: str, lines: Sequence[ParcelLine], ordered: Sequence[PricedLine], *,
    arrived: bool,
) -> Letter:  # fmt: skip
    """A parcel is on its way, or has arrived."""
    names = {line.sku: line.name for line in ordered}
    kind = "parcel_delivered" if arrived else "parcel_shipped"
    return Letter(
        say(f"{kind}.subject"),
        say(f"{kind}.text", carrier=carrier, tracking_number=tracking_number),
        [(names[line.sku], f"{say.number(line.quantity)} ×") for line in lines],
        shows_address=not arrived,
    )


def readdressed(say: Voice) -> Letter:
    """It goes elsewhere: whoever did not ask for that learns of it in time."""
    return Letter(say("order_readdressed.subject"), say("order_readdressed.text"), shows_address=True)


def added(say: Voice, first: str, charged: Money, expires_at: datetime, *, on_invoice: bool) -> Letter:
    """More goes with an order, if it is paid in time; whoever did not ask for that learns of it."""
    amount, time = say.amount(charged.amount_minor, charged.currency), say.time(expires_at)
    to_be_paid = say("order_added_to.to_be_paid", amount=amount, time=time, first=first)
    pay = say("order_added_to.on_invoice") if on_invoice else to_be_paid
    said = (say("order_added_to.text", first=first), pay, say("order_added_to.not_you"))
    return Letter(say("order_added_to.subject", first=first), " ".join(said))


def left_without(say: Voice, first: str) -> Letter:
    """What was added was not paid as the first was packed, or nothing of the first is sent any more."""
    return Letter(say("order_left_without.subject", first=first), say("order_left_without.text", first=first))


def completed(say: Voice) -> Letter:
    """All has arrived, and nobody waits for anything."""
    return Letter(say("order_completed.subject"), say("order_completed.text"))


def written(
    say: Voice, letter: Letter, to: Recipient, mail: Mail, sender: str, correlation_id: str
) -> EmailMessage:
    """The letter as a mail; one that somebody complains of leads to its order's log lines."""
    message = addressed(to.to, letter.subject.replace(NUMBER, to.number), sender, mail.message_id)
    message["X-Correlation-Id"] = correlation_id
    message.set_content(_plain(say, letter, to))
    message.add_alternative(_html(say, letter, to), subtype="html")
    message["Content-Language"] = say.locale  # last: setting a content drops such headers
    return message


def _hello(say: Voice, name: str) -> str:
    return say("mail.hello_name", name=name) if name else say("mail.hello")


def _plain(say: Voice, letter: Letter, to: Recipient) -> str:
    parts = [
        f"{_hello(say, to.name)}\n\n{letter.text.replace(NUMBER, to.number)}",
        *("\n".join(f"{label}: {said}" for label, said in rows) for rows in (letter.items, letter.sums) if rows),
        *(["\n".join([say("mail.goes_to"), *to.address])] if letter.shows_address else []),
        *([f"{say('mail.follow')}\n{to.status_url}"] if to.status_url else []),
    ]
    return "\n\n".join(parts) + "\n"


def _html(say: Voice, letter: Letter, to: Recipient) -> str:
    text = escape(letter.text).replace("\n", "<br>").replace(NUMBER, f"<b>{escape(to.number)}</b>")
    line = "<tr><td colspan='2'><hr></td></tr>"
    table = line.join(_rows(rows) for rows in (letter.items, letter.sums) if rows)
    goes_to = "<br>".join(map(escape, [say("mail.goes_to"), *to.address]))
    address = f"<p>{goes_to}</p>" if letter.shows_address else ""
    link = escape(say("mail.follow_link"))
    follow = f"<p><a href='{escape(to.status_url)}'>{link}</a></p>" if to.status_url else ""
    return (
        f"<!doctype html><html lang='{say.locale}'><body style='font-family: sans-serif'>"
        f"<p>{escape(_hello(say, to.name))}</p><p>{text}</p>"
        f"<table cellpadding='4'>{table}</table>{address}{follow}</body></html>"
    )


def _rows(rows: Sequence[tuple[str, str]]) -> str:
    cells = "<tr><td>{}</td><td align='right'>{}</td></tr>"
    return "".join(cells.format(escape(label), escape(said)) for label, said in rows)
