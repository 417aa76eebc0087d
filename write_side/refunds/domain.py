"""Refunds, pure: what may be given back, what the provider's word makes of it, and what each event does.

All that was refunded, or is about to be, never comes to more than was captured; a refund that failed counts no more.
Units of a line share what the line cost so that nothing is left over: all of them together cost the line.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple, TypeVar
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.fulfilment import ParcelLine
from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, PricedLine, Totals
from shared.events.refunds import (
    AmountReleased,
    RefundedLine,
    RefundEvent,
    RefundFailed,
    RefundPending,
    RefundRequested,
    RefundSucceeded,
)
from write_side import gift_cards
from write_side.errors import Invalid, NotFound, Refusal
from write_side.inventory import Demand, Line, summed
from write_side.payments import Payment, SeenRefund

Reason = Literal[
    "requested_by_customer", "returned", "damaged", "not_delivered", "out_of_stock", "goodwill", "duplicate", "fraud"
]
K = TypeVar("K")
State = Literal["requested", "pending", "succeeded", "failed", "released"]
OF_SENT_GOODS = ("returned", "damaged", "not_delivered")  # reasons that speak of what had left the house
Verdict = Literal["pending", "succeeded", "failed", "alarm", "ignore", "known"]


class NotCaptured(Refusal):
    """No money of this order was taken, so none can be given back: cancelling it lets go of what is authorized."""

    code = "not_captured"


class RefundExceedsCaptured(Refusal):
    """More than is left of what was captured; `left_minor` says how much that is."""

    code = "refund_exceeds_captured"


class RefundExceedsOrder(Refusal):
    """More of a line than was ordered and not refunded yet; `lines` says what is left of each."""

    code = "refund_exceeds_order"


class NothingToRefund(Refusal):
    """It would come to nothing."""

    code = "nothing_to_refund"


class UnknownRefund(NotFound):
    """No such refund."""

    code = "unknown_refund"


class NewRefund(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reason": "returned", "lines": [{"sku": "DB100000", "quantity": 1}], "shipping": true, "restock": true}`.

    With `amount_minor` alone an amount and no goods; with `lines` or `shipping` what these have cost; with none of them
    all that is left. `restock` puts the goods back where they came from.
    """

    reason: Reason
    amount_minor: Annotated[int, Meta(gt=0, le=99_999_999)] | None = None
    lines: Annotated[list[Demand], Meta(max_length=5_000)] = []
    shipping: bool = False
    restock: bool = False


class Refund(Struct, frozen=True):
    """A refund; its id is also the provider's idempotency key. `restocked` stays so even if the money did not go."""

    id: UUID
    order_id: UUID
    payment_id: UUID
    intent_id: str
    amount_minor: int
    currency: str
    reason: str
    lines: list[RefundedLine]
    shipping_minor: int
    restocked: list[Allocation]
    state: State
    provider_id: str | None
    failure: str | None
    version: int
    sent: list[ParcelLine] = []
    gift_cards: list[GiftPart] = []

    @property
    def charged_minor(self) -> int:
        """What of it the payment provider is to give back; the rest went back to gift cards."""
        return self.amount_minor - gift_cards.paid_by(self.gift_cards)

    @property
    def counted_minor(self) -> int:
        """What of it has gone back, or may still: one that failed gave back to gift cards all the same."""
        return gift_cards.paid_by(self.gift_cards) if self.state == "failed" else self.amount_minor


class Bought(Struct, frozen=True):
    """What an order's refunds are decided from; `shipped` is SKU → how many have left the house, `received` how many of
    them came back by a return."""

    lines: Sequence[PricedLine]
    totals: Totals
    allocations: Sequence[Allocation]
    payment: Payment
    shipped: Mapping[str, int]
    gift_cards: Sequence[GiftPart] = ()  # what they paid beside the payment
    received: Mapping[str, int] = {}


def request(bought: Bought, earlier: Sequence[Refund], wanted: NewRefund, refund_id: UUID) -> RefundRequested:
    """What is to be given back.

    Refuses `not_captured`, `refund_exceeds_captured`, `refund_exceeds_order`, `nothing_to_refund`, `invalid`.
    """
    payment = bought.payment
    if payment.state != "captured" or payment.intent_id is None:
        raise NotCaptured("nothing was captured of this order", payment_state=payment.state)
    parts = parts_of(bought, earlier, wanted)
    if parts.amount_minor > parts.left_minor:
        detail = f"of what was captured {parts.left_minor} minor units are left, not {parts.amount_minor}"
        raise RefundExceedsCaptured(detail, left_minor=parts.left_minor)
    if parts.amount_minor == 0:
        raise NothingToRefund("nothing is left to refund, or it has cost nothing", left_minor=parts.left_minor)
    return RefundRequested(
        refund_id, payment.order_id, payment.id, payment.intent_id, parts.amount_minor, payment.currency, wanted.reason,
        parts.lines, parts.shipping_minor, parts.restocked, sent_of(bought, earlier, parts.lines, wanted.reason),
        _to_gift_cards(bought, earlier, parts.amount_minor),
    )  # fmt: skip


def _to_gift_cards(bought: Bought, earlier: Sequence[Refund], amount_minor: int) -> list[GiftPart]:
    """What goes back to gift cards: whatever is more than is left of what was charged, which goes back first."""
    before = sum(gift_cards.paid_by(refund.gift_cards) for refund in earlier)
    charged_left = bought.payment.amount_minor - sum(refund.counted_minor for refund in earlier) + before
    return gift_cards.given_back(bought.gift_cards, before, max(amount_minor - charged_left, 0))


class Parts(NamedTuple):
    """What is asked for, in money and goods, and how much was left of all that was paid."""

    amount_minor: int
    lines: list[RefundedLine]
    shipping_minor: int
    restocked: list[Allocation]
    left_minor: int


def parts_of(bought: Bought, earlier: Sequence[Refund], wanted: NewRefund) -> Parts:
    """What this comes to after all that was refunded or released before. Refuses `refund_exceeds_order`, `invalid`."""
    _check_meant(wanted)
    paid = bought.payment.amount_minor + gift_cards.paid_by(bought.gift_cards)
    left = paid - sum(refund.counted_minor for refund in earlier)
    amount, lines, shipping = _asked(bought, earlier, wanted, left)
    restocked = _put_back(bought, earlier, lines) if wanted.restock else []
    return Parts(amount, lines, shipping, restocked, left)


def _check_meant(wanted: NewRefund) -> None:
    if wanted.amount_minor is not None and (wanted.lines or wanted.shipping or wanted.restock):
        raise Invalid("an amount stands alone: no goods come back with it", pointer="/amount_minor")
    if wanted.restock and wanted.shipping and not wanted.lines:
        raise Invalid("there are no goods to put back", pointer="/restock")


def _asked(
    bought: Bought, earlier: Sequence[Refund], wanted: NewRefund, left: int
) -> tuple[int, list[RefundedLine], int]:
    """The amount, and the lines and the shipping in it."""
    if wanted.amount_minor is not None:
        return wanted.amount_minor, [], 0
    shipping = max(_shipping_cost(bought) - sum(_gone(refund)[1] for refund in earlier), 0)
    if not wanted.lines and not wanted.shipping:
        return left, *_within(left, _lines_of(bought, earlier, None), shipping)
    lines = _lines_of(bought, earlier, summed(wanted.lines))
    given = shipping if wanted.shipping else 0
    return sum(line.amount_minor for line in lines) + given, lines, given


def _within(left: int, lines: list[RefundedLine], shipping: int) -> tuple[list[RefundedLine], int]:
    """All that is left, part by part: what went back as a mere amount is taken off the shipping, then off the lines."""
    excess = sum(line.amount_minor for line in lines) + shipping - left
    off = min(max(excess, 0), shipping)
    excess, found = excess - off, list[RefundedLine]()
    for line in reversed(lines):
        less = min(max(excess, 0), line.amount_minor)
        excess -= less
        found.insert(0, structs.replace(line, amount_minor=line.amount_minor - less))
    return found, shipping - off


def _gone(refund: Refund) -> tuple[list[tuple[str, int]], int]:
    """What of a refund's lines and of its shipping has gone back, or may still. What gift cards got of one that failed
    was for its lines first."""
    left, lines = refund.counted_minor, []
    for line in refund.lines:
        part = min(line.amount_minor, left)
        left -= part
        lines.append((line.sku, part))
    return lines, min(refund.shipping_minor, left)


def _lines_of(bought: Bought, earlier: Sequence[Refund], wanted: dict[str, int] | None) -> list[RefundedLine]:
    """These quantities with what they cost, or all that is left; refuses what is more than that."""
    ordered, left = summed(bought.lines), unrefunded(bought.lines, earlier)
    cost = _summed((line.sku, _cost(line)) for line in bought.lines)
    paid = _summed(part for refund in earlier for part in _gone(refund)[0])
    asked = {sku: quantity for sku, quantity in left.items() if quantity} if wanted is None else wanted
    if lacking := [sku for sku, quantity in asked.items() if quantity > left.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": asked[sku], "left": left.get(sku, 0)} for sku in lacking]
        raise RefundExceedsOrder(f"not so many are left to refund: {', '.join(lacking[:20])}", lines=facts)
    upto = {sku: cost[sku] * (ordered[sku] - left[sku] + quantity) // ordered[sku] for sku, quantity in asked.items()}
    # Never less than nothing: others failed.
    return [RefundedLine(sku, quantity, max(upto[sku] - paid.get(sku, 0), 0)) for sku, quantity in asked.items()]


def unrefunded(ordered: Iterable[Line], refunds: Iterable[Refund]) -> dict[str, int]:
    """SKU → how many of an order's lines are left to refund."""
    back = summed(line for refund in refunds if refund.state != "failed" for line in refund.lines)
    return {sku: quantity - back.get(sku, 0) for sku, quantity in summed(ordered).items()}


def _shipping_cost(bought: Bought) -> int:
    """Shipping with its tax: all that the lines don't cost."""
    return bought.totals.total_minor - sum(_cost(line) for line in bought.lines)


def _cost(line: PricedLine) -> int:
    return line.total_minor - line.discount_minor + line.tax_minor


def _put_back(bought: Bought, earlier: Sequence[Refund], lines: Sequence[RefundedLine]) -> list[Allocation]:
    """From where these goods came, less what is back there already: goods come back once, whatever their money does.
    What a return brought was put on a shelf then, or is broken."""
    taken_in_all, back_in_all = summed(bought.allocations), summed(a for each in earlier for a in each.restocked)
    wanted = {
        line.sku: min(
            line.quantity,
            taken_in_all.get(line.sku, 0) - back_in_all.get(line.sku, 0) - bought.received.get(line.sku, 0),
        )
        for line in lines
    }
    back = _summed(((a.sku, a.warehouse), a.quantity) for refund in earlier for a in refund.restocked)
    found = []
    for taken in bought.allocations:
        away = taken.quantity - back.get((taken.sku, taken.warehouse), 0)
        quantity = min(away, wanted.get(taken.sku, 0))
        if quantity > 0:
            found.append(Allocation(taken.sku, taken.warehouse, quantity))
            wanted[taken.sku] -= quantity
    return found


def sent_of(bought: Bought, earlier: Sequence[Refund], lines: Sequence[RefundedLine], reason: str) -> list[ParcelLine]:
    """Which of these goods had left: as many as can have if the reason says so, else those that aren't here."""
    gone = summed(line for refund in earlier if refund.state != "failed" for line in refund.sent)
    ordered, kept = summed(bought.lines), withheld(earlier)
    found = []
    for line in lines:
        shipped = bought.shipped.get(line.sku, 0)
        away = max(shipped - gone.get(line.sku, 0), 0)
        here = max(ordered[line.sku] - shipped - kept.get(line.sku, 0), 0)
        sent = min(line.quantity if reason in OF_SENT_GOODS else line.quantity - here, away)
        if sent > 0:
            found.append(ParcelLine(line.sku, sent))
    return found


def withheld(refunds: Iterable[Refund]) -> dict[str, int]:
    """SKU → how many are not to leave any more: those whose money goes back, or those that are back in stock, whichever
    is more. Not both: a refund that failed and the one that took its place are about the same goods. What had left
    before is not among them."""
    given = list(refunds)
    paid_back = _summed(pair for each in given if each.state != "failed" for pair in _unsent(each, each.lines))
    in_stock = _summed(pair for each in given for pair in _unsent(each, each.restocked))
    return {sku: max(paid_back.get(sku, 0), in_stock.get(sku, 0)) for sku in paid_back.keys() | in_stock.keys()}


def resent(refund: Refund) -> list[ParcelLine]:
    """Goods that had left and that a refund has put back into stock, whatever became of its money."""
    asked, sent = summed(refund.lines), summed(refund.sent)
    back = {sku: quantity - (asked[sku] - sent.get(sku, 0)) for sku, quantity in summed(refund.restocked).items()}
    return [ParcelLine(sku, quantity) for sku, quantity in back.items() if quantity > 0]


def still_taken(allocations: Iterable[Allocation], refunds: Iterable[Refund]) -> list[Allocation]:
    """Where an order's goods come from, less what is back on the shelf without having left."""
    back = _summed(pair for each in refunds for pair in _back_unsent(each))
    left = [(place, place.quantity - back.get((place.sku, place.warehouse), 0)) for place in allocations]
    return [Allocation(place.sku, place.warehouse, quantity) for place, quantity in left if quantity > 0]


def _back_unsent(refund: Refund) -> Iterable[tuple[tuple[str, str], int]]:
    """Lists are taken from the first places first: those are where the sent ones of a refund came from."""
    left = dict(_unsent(refund, refund.restocked))
    for place in reversed(refund.restocked):
        quantity = min(place.quantity, left[place.sku])
        left[place.sku] -= quantity
        yield (place.sku, place.warehouse), quantity


def _unsent(refund: Refund, goods: Iterable[Line]) -> Iterable[tuple[str, int]]:
    sent = summed(refund.sent)
    return ((sku, max(quantity - sent.get(sku, 0), 0)) for sku, quantity in summed(goods).items())


def _summed(pairs: Iterable[tuple[K, int]]) -> dict[K, int]:
    total: dict[K, int] = {}
    for key, number in pairs:
        total[key] = total.get(key, 0) + number
    return total


def judge(refund: Refund, seen: SeenRefund) -> Verdict:
    """What the provider's word means, whenever and however often it comes. Failed is the end, succeeded nearly so."""
    if refund.provider_id not in (None, seen.provider_id):
        return "alarm"
    if (seen.amount_minor, seen.currency) != (refund.charged_minor, refund.currency):
        return "alarm"
    if refund.state == "failed":
        unheard_of = refund.provider_id is None and seen.status in ("pending", "succeeded")
        return "alarm" if unheard_of else "ignore"  # given up, and made all the same
    if refund.state == "released":
        return "alarm"  # the provider was never asked for it
    if seen.status in ("failed", "canceled"):
        return "failed"
    if seen.status == "succeeded":
        return "ignore" if refund.state == "succeeded" else "succeeded"
    return "pending" if refund.state == "requested" else "ignore"


def evolve(refund: Refund | None, event: RefundEvent, version: int) -> Refund:
    """A refund after an event."""
    if isinstance(event, RefundRequested | AmountReleased):
        state: State = "requested" if isinstance(event, RefundRequested) else "released"
        return Refund(
            event.refund_id, event.order_id, event.payment_id, event.intent_id, event.amount_minor, event.currency,
            event.reason, event.lines, event.shipping_minor, event.restocked, state, None, None, version,
            event.sent if isinstance(event, RefundRequested) else [],
            event.gift_cards if isinstance(event, RefundRequested) else [],
        )  # fmt: skip
    assert refund is not None, "a refund's history begins with RefundRequested or AmountReleased"
    match event:
        case RefundPending(provider_id=provider_id):
            return structs.replace(refund, state="pending", provider_id=provider_id, version=version)
        case RefundSucceeded(provider_id=provider_id):
            return structs.replace(refund, state="succeeded", provider_id=provider_id, version=version)
        case RefundFailed(provider_id=provider_id, code=code):
            return structs.replace(refund, state="failed", provider_id=provider_id, failure=code, version=version)
