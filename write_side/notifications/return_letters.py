"""What is said of goods that are sent back, pure: at each step, of the return as it is when the mail goes out."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from shared.events.orders import PricedLine
from write_side.inventory import Line
from write_side.notifications import domain
from write_side.notifications.letters import Letter, why
from write_side.notifications.texts import Voice
from write_side.returns import Return


def about(say: Voice, kind: str, each: Return, ordered: Sequence[PricedLine]) -> Letter:
    """The letter of one of `KINDS`."""
    names = {line.sku: line.name for line in ordered}
    text = KINDS[kind](say, each)
    lines = each.units if kind == domain.RETURN_RECEIVED else each.lines
    return Letter(say(f"{kind}.subject"), text, _listed(say, lines, names))


def _listed(say: Voice, lines: Iterable[Line], names: dict[str, str]) -> list[tuple[str, str]]:
    return [(names.get(line.sku, line.sku), f"{say.number(line.quantity)} ×") for line in lines]


def _requested(say: Voice, each: Return) -> str:
    return say("return_requested.text")


def _approved(say: Voice, each: Return) -> str:
    to = each.warehouse or ""
    text = say("return_approved.text", warehouse=to)
    if each.expires_at:
        text = say("return_approved.until", warehouse=to, day=say.day(each.expires_at))
    wish = f"return_approved.exchange_{each.exchange_state}"
    return f"{text} {say(wish)}" if wish in say else text


def _labelled(say: Voice, each: Return) -> str:
    carrier, label, tracking_number = each.carrier or "", each.label or "", each.tracking_number or ""
    return say("return_labelled.text", carrier=carrier, label=label, tracking_number=tracking_number)


def _rejected(say: Voice, each: Return) -> str:
    return why(say, domain.RETURN_REJECTED, each.rejection)


def _received(say: Voice, each: Return) -> str:
    money = "return_received.paid_back" if each.refund_id else "return_received.nothing_paid_back"
    if each.exchange_state == "placed":
        money = "return_received.pays_exchange"
    return f"{say('return_received.text')} {say(money)}"


def _cancelled(say: Voice, each: Return) -> str:
    return say("return_cancelled.text")


def _expired(say: Voice, each: Return) -> str:
    return say("return_expired.text")


def _not_replaced(say: Voice, each: Return) -> str:
    return why(say, domain.NOT_REPLACED, each.failure)


def replaced(
    say: Voice, each: Return, charged_minor: int, currency: str, until: datetime, *, on_invoice: bool
) -> Letter:
    """About the order that is sent instead: what is to be paid, that it comes with an invoice, or that nothing is."""
    wished = _listed(say, each.exchange.lines if each.exchange else [], {})
    subject = say("replacement_placed.subject")
    if not charged_minor:
        return Letter(subject, say("replacement_placed.paid_by_return"), wished)
    amount = say.amount(charged_minor, currency)
    if on_invoice:
        text, sums = say("replacement_placed.by_invoice", amount=amount), say("replacement_placed.on_invoice")
        return Letter(subject, text, wished, [(sums, amount)])
    return Letter(
        say("replacement_placed.subject_to_pay", amount=amount),
        say("replacement_placed.to_pay", amount=amount, day=say.day(until), time=say.time(until)),
        wished,
        [(say("replacement_placed.to_be_paid"), amount)],
    )


KINDS: dict[str, Callable[[Voice, Return], str]] = {
    domain.RETURN_REQUESTED: _requested,
    domain.RETURN_APPROVED: _approved,
    domain.RETURN_LABELLED: _labelled,
    domain.RETURN_REJECTED: _rejected,
    domain.RETURN_RECEIVED: _received,
    domain.RETURN_CANCELLED: _cancelled,
    domain.RETURN_EXPIRED: _expired,
    domain.NOT_REPLACED: _not_replaced,
}
