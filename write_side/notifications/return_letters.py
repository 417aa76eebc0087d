"""What is said of goods that are sent back, pure: at each step, of the return as it is when the mail goes out."""

from collections.abc import Callable, Iterable, Sequence

from shared.events.orders import PricedLine
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
    return (
        "Your return of order {number} is approved",
        f"please send these goods of your order {{number}} back, to our warehouse {each.warehouse}, and put the number "
        "of your order into the parcel.",
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


KINDS: dict[str, Callable[[Return], tuple[str, str, Iterable[Line]]]] = {
    domain.RETURN_REQUESTED: _requested,
    domain.RETURN_APPROVED: _approved,
    domain.RETURN_LABELLED: _labelled,
    domain.RETURN_REJECTED: _rejected,
    domain.RETURN_RECEIVED: _received,
    domain.RETURN_CANCELLED: _cancelled,
}
