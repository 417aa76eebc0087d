"""What is said of goods that are sent back, pure: at each step, of the return as it is when the mail goes out."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from shared.events.orders import PricedLine
from shared.money import display
from write_side.inventory import Line
from write_side.notifications import domain
from write_side.notifications.letters import Letter
from write_side.returns import Return

_WHY = {
    "not_returnable": "goods of this kind can't be sent back",
    "used": "they have been used",
    "not_ours": "they don't come from us",
    "abuse": "we have taken back too much of this kind already",
}

_INSTEAD = {
    "held": " What you wished instead is held for you until they are here.",
    "refused": " We can't send you what you wished instead; what they have cost is paid back.",
}
_OFF = {
    "not_paid": ", because the difference was not paid in time",
    "cancelled": ", because that order was cancelled",
    "nothing_credited": ", because nothing can be paid back for what came",
    "purchase_limit": ", because it would be more than one customer may have, for what came",
}


def about(kind: str, each: Return, ordered: Sequence[PricedLine]) -> Letter:
    """The letter of one of `KINDS`."""
    names = {line.sku: line.name for line in ordered}
    subject, text, lines = KINDS[kind](each)
    return Letter(subject, text, [(names.get(line.sku, line.sku), f"{line.quantity} ×") for line in lines])


def _requested(each: Return) -> tuple[str, str, Iterable[Line]]:
    return (
        "Your return of order {number}",
        "we know that you want to send goods of your order {number} back, and write again.",
        each.lines,
    )


def _approved(each: Return) -> tuple[str, str, Iterable[Line]]:
    until = f" by {each.expires_at:%d %B %Y}" if each.expires_at else ""
    return (
        "Your return of order {number} is approved",
        f"please send these goods of your order {{number}} back{until}, to our warehouse {each.warehouse}, and put the "
        f"number of your order into the parcel.{_INSTEAD.get(each.exchange_state or '', '')}",
        each.lines,
    )


def _labelled(each: Return) -> tuple[str, str, Iterable[Line]]:
    return (
        "The label for your return of order {number}",
        f"put this label on the parcel and hand it to {each.carrier}: {each.label} ({each.tracking_number}).",
        each.lines,
    )


def _rejected(each: Return) -> tuple[str, str, Iterable[Line]]:
    because = f", because {_WHY[each.rejection]}" if each.rejection in _WHY else ""
    return (
        "Your return of order {number} is not possible",
        f"we can't take these goods of your order {{number}} back{because}.",
        each.lines,
    )


def _received(each: Return) -> tuple[str, str, Iterable[Line]]:
    money = "Their money is on its way back to you." if each.refund_id else "Nothing is paid back for them."
    if each.exchange_state == "placed":
        money = "What they have cost pays what you wished instead; we have written to you about that order."
    return (
        "Your return of order {number} has arrived",
        f"we have unpacked these goods of your order {{number}}. {money}",
        each.units,
    )


def _cancelled(each: Return) -> tuple[str, str, Iterable[Line]]:
    return (
        "Your return of order {number} is cancelled",
        "we don't wait for these goods of your order {number} any more. Please don't send them.",
        each.lines,
    )


def _expired(each: Return) -> tuple[str, str, Iterable[Line]]:
    return (
        "Your return of order {number} has not arrived",
        "these goods of your order {number} have not come back to us, and we don't wait for them any more. If you have "
        "sent them, please tell us: we still take them when they arrive.",
        each.lines,
    )


def replaced(each: Return, charged_minor: int, currency: str, until: datetime, *, on_invoice: bool) -> Letter:
    """About the order that is sent instead: what is to be paid, that it comes with an invoice, or that nothing is."""
    wished = [(line.sku, f"{line.quantity} ×") for line in each.exchange.lines] if each.exchange else []
    if not charged_minor:
        text = "what you wished in exchange for the goods that you send back is your order {number}. They pay for it."
        return Letter("Your exchange is order {number}", text, wished)
    amount = display(charged_minor, currency)
    if on_invoice:
        return Letter(
            "Your exchange is order {number}",
            "what you wished in exchange for the goods that you send back is your order {number}. It costs "
            f"{amount} more than these: we send you an invoice of that.",
            wished,
            [("On invoice", amount)],
        )
    return Letter(
        f"Please pay {amount} for your exchange, order {{number}}",
        "what you wished in exchange for the goods that you send back is your order {number}. It costs "
        f"{amount} more than these: please pay until {until:%d %B %Y}, {until:%H:%M} UTC; then we send it. If you "
        "don't, what the goods had cost is paid back to you.",
        wished,
        [("To be paid", amount)],
    )


def _not_replaced(each: Return) -> tuple[str, str, Iterable[Line]]:
    return (
        "Your exchange for order {number} is off",
        "nothing is sent instead of these goods of your order {number}"
        f"{_OFF.get(each.failure or '', '')}. What is due to you is paid back.",
        each.lines,
    )


KINDS: dict[str, Callable[[Return], tuple[str, str, Iterable[Line]]]] = {
    domain.RETURN_REQUESTED: _requested,
    domain.RETURN_APPROVED: _approved,
    domain.RETURN_LABELLED: _labelled,
    domain.RETURN_REJECTED: _rejected,
    domain.RETURN_RECEIVED: _received,
    domain.RETURN_CANCELLED: _cancelled,
    domain.RETURN_EXPIRED: _expired,
    domain.NOT_REPLACED: _not_replaced,
}
