"""Asking for a refund, pure: what may be given back, and how much of it is for what.

All that was refunded, or is about to be, never comes to more than was captured; a refund that failed counts no more.
Units of a line share what the line cost so that nothing is left over: all of them together cost the line.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from msgspec import structs

from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, PricedLine, Totals
from shared.events.refunds import RefundedLine, RefundRequested
from write_side import gift_cards
from write_side.errors import Invalid
from write_side.inventory import Line, summed
from write_side.payments import Payment, can
from write_side.refunds import goods
from write_side.refunds.domain import (
    Bought,
    DroppedUnpaid,
    NewRefund,
    NotCaptured,
    NothingToRefund,
    Refund,
    RefundedAsAWhole,
    RefundExceedsCaptured,
    RefundExceedsOrder,
)


def check_parts(payment: Payment, wanted: NewRefund) -> None:
    """Whether what an order is paid by gives back such a part. Refuses `refunded_as_a_whole`."""
    if _is_part(wanted) and not can(payment.method).refunds_in_part:
        detail = f"what is paid by {payment.method} is given back as a whole: ask for all that is left"
        raise RefundedAsAWhole(detail, payment_method=payment.method)


def check_dropped(bought: Bought, earlier: Sequence[Refund], wanted: NewRefund) -> None:
    """Lines are of units that are still to be sent. Where an amount that had paid for dropped ones has failed, they
    would be taken for those, and the others never be sent. Refuses `dropped_unpaid`."""
    if not wanted.lines or wanted.reason in goods.OF_SENT_GOODS:
        return
    left = unrefunded(bought.lines, earlier)
    some = [sku for sku, n in summed(wanted.lines).items() if bought.dropped.get(sku, 0) and n < left.get(sku, 0)]
    if some and not cover(earlier, [line for line in bought.lines if not line.gift_card], bought.dropped):
        raise DroppedUnpaid(f"what was dropped is not paid back: {', '.join(some[:20])}", skus=some)


def request(
    bought: Bought, earlier: Sequence[Refund], wanted: NewRefund, refund_id: UUID, *, most: bool = False
) -> RefundRequested:
    """What is to be given back. `most`: of lines and shipping as much as is left, rather than refuse more.

    Refuses `not_captured`, `refund_exceeds_captured`, `refund_exceeds_order`, `nothing_to_refund`, `invalid`.
    """
    payment = bought.payment
    fell_through = payment.state == "voided" and bought.credits  # its gift cards were given back as it ended
    if not fell_through and (payment.state != "captured" or payment.intent_id is None):
        raise NotCaptured("nothing was captured of this order", payment_state=payment.state)
    if fell_through:  # what was released of it is gone with all that was authorized
        earlier = [refund for refund in earlier if refund.state != "released"]
    parts = parts_of(bought, earlier, wanted, most=most)
    left = max(parts.left_minor, 0)  # more may have gone back at the provider
    if parts.amount_minor > left:
        detail = f"of what was captured {left} minor units are left, not {parts.amount_minor}"
        raise RefundExceedsCaptured(detail, left_minor=left)
    if parts.amount_minor <= 0:
        raise NothingToRefund("nothing is left to refund, or it has cost nothing", left_minor=parts.left_minor)
    return RefundRequested(
        refund_id, payment.order_id, payment.id, payment.intent_id or "", parts.amount_minor, payment.currency,
        wanted.reason, parts.lines, parts.shipping_minor, parts.restocked,
        goods.sent_of(bought, earlier, parts.lines, wanted.reason),
        _to_gift_cards(bought, earlier, parts),
    )  # fmt: skip


class Parts(NamedTuple):
    """What is asked for, in money and goods, and how much was left of all that was paid."""

    amount_minor: int
    lines: list[RefundedLine]
    shipping_minor: int
    restocked: list[Allocation]
    left_minor: int


def parts_of(bought: Bought, earlier: Sequence[Refund], wanted: NewRefund, *, most: bool = False) -> Parts:
    """What this comes to after all that was refunded or released before. Refuses `refund_exceeds_order`, `invalid`."""
    _check_meant(wanted)
    given = 0 if bought.payment.state == "voided" else gift_cards.paid_by(bought.gift_cards)
    paid = bought.charged_minor + sum(part.amount_minor for part in bought.credits) + given
    left = paid - sum(refund.counted_minor for refund in earlier) - _spent(bought, earlier, wanted)
    amount, lines, shipping = _asked(bought, earlier, wanted, left)
    if most and amount > left:
        lines, shipping = _within(max(left, 0), lines, shipping)
        amount = max(left, 0)
    restocked = goods.put_back(bought, earlier, lines) if wanted.restock else []
    return Parts(amount, lines, shipping, restocked, left)


def _to_gift_cards(bought: Bought, earlier: Sequence[Refund], parts: Parts) -> list[GiftPart]:
    """What goes back to gift cards: whatever is more than is left of what was charged for goods, which goes back first.
    What was charged for gift cards that are sold goes back for these alone, as no card pays for one: else a card that
    ends, or is blocked, would live on as another, and the goods that it paid for be had back in money."""
    before = sum(gift_cards.paid_by(refund.gift_cards) for refund in earlier)
    back = sum(refund.counted_minor for refund in earlier) - before
    left = bought.charged_minor + sum(part.amount_minor for part in bought.credits) - back
    left_of_goods = max(left - _cost_of_cards(bought) + _cards_gone(bought, earlier), 0)
    for_goods = parts.amount_minor - _for_cards(bought, parts.lines)
    # The second: of what was given back at the provider itself nobody knows what it was for, but it is gone.
    amount = max(for_goods - left_of_goods, parts.amount_minor - left, 0)
    return gift_cards.given_back(bought.gift_cards, before, amount)


def unreleased_cards(bought: Bought, earlier: Iterable[Refund], lines: Sequence[RefundedLine]) -> int:
    """What gift cards that are sold cost, but for those that were refunded or released, and those in these lines."""
    return _cost_of_cards(bought) - _cards_gone(bought, earlier) - _for_cards(bought, lines)


def _cards_gone(bought: Bought, earlier: Iterable[Refund]) -> int:
    return sum(_for_cards(bought, refund.lines) for refund in earlier if refund.state != "failed")


def _cost_of_cards(bought: Bought) -> int:
    return sum(line.cost_minor for line in bought.lines if line.gift_card)


def _for_cards(bought: Bought, lines: Iterable[RefundedLine]) -> int:
    """What of these lines is for gift cards that are sold."""
    sold = {line.sku for line in bought.lines if line.gift_card}
    return sum(line.amount_minor for line in lines if line.sku in sold)


def _spent(bought: Bought, earlier: Sequence[Refund], wanted: NewRefund) -> int:
    """What was paid for gift cards and isn't taken back: what was spent of them, and all of those that stay good."""
    if bought.payment.state == "voided":  # none is issued
        return 0
    cards = bought.cards or {}
    cost = sum(line.cost_minor for line in bought.lines if line.sku in cards)
    back = sum(part for refund in earlier for sku, part in gone_of(refund)[0] if sku in cards)
    asked = summed(wanted.lines) if _is_part(wanted) else {sku: len(each) for sku, each in cards.items()}
    taken = sum(card.balance_minor for sku, each in cards.items() for card in each[: asked.get(sku, 0)])
    return max(cost - back - taken, 0)


def _is_part(wanted: NewRefund) -> bool:
    """Whether something is named; else all that is left is asked for."""
    return wanted.amount_minor is not None or bool(wanted.lines) or wanted.shipping


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
    shipping = shipping_left(bought, earlier)
    if not _is_part(wanted):
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


def gone_of(refund: Refund) -> tuple[list[tuple[str, int]], int]:
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
    cards = bought.cards or {}
    ordered, left = summed(bought.lines), unrefunded(bought.lines, earlier)
    left |= {sku: len(each) for sku, each in cards.items()}
    cost = goods.added_up((line.sku, line.cost_minor) for line in bought.lines)
    paid = goods.added_up(part for refund in earlier for part in gone_of(refund)[0])
    asked = {sku: quantity for sku, quantity in left.items() if quantity} if wanted is None else wanted
    if lacking := [sku for sku, quantity in asked.items() if quantity > left.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": asked[sku], "left": left.get(sku, 0)} for sku in lacking]
        raise RefundExceedsOrder(f"not so many are left to refund: {', '.join(lacking[:20])}", lines=facts)
    upto = {sku: cost[sku] * (ordered[sku] - left[sku] + quantity) // ordered[sku] for sku, quantity in asked.items()}
    # Never less than nothing: others failed.
    amounts = {sku: max(part - paid.get(sku, 0), 0) for sku, part in upto.items()}
    amounts |= {
        sku: sum(card.balance_minor for card in each[: asked[sku]]) for sku, each in cards.items() if sku in asked
    }
    return [RefundedLine(sku, quantity, amounts[sku]) for sku, quantity in asked.items()]


def unrefunded(ordered: Iterable[Line], refunds: Iterable[Refund]) -> dict[str, int]:
    """SKU → how many of an order's lines are left to refund."""
    back = summed(line for refund in refunds if refund.state != "failed" for line in refund.lines)
    return {sku: quantity - back.get(sku, 0) for sku, quantity in summed(ordered).items()}


def cover(refunds: Sequence[Refund], ordered: Sequence[PricedLine], dropped: Mapping[str, int]) -> bool:
    """Whether all is back, or may still come, that those of an order's goods have cost which were refunded or dropped
    (SKU → how many): by name, or as a mere amount. Units of a SKU are worth the average; those that were dropped and
    are named by a refund of all that was left, too, count once."""
    quantity, cost = summed(ordered), goods.added_up((line.sku, line.cost_minor) for line in ordered)
    parts = [gone_of(refund) for refund in refunds]
    named = goods.added_up(pair for lines, _ in parts for pair in lines)
    unnamed = sum(refund.counted_minor for refund in refunds) - sum(named.values()) - sum(part for _, part in parts)
    left = unrefunded(ordered, refunds)
    back = {sku: quantity[sku] - n for sku, n in left.items()}
    short = (cost[sku] * n // quantity[sku] - named.get(sku, 0) for sku, n in back.items())
    worth = (cost[sku] * max(min(n, left[sku]), 0) // quantity[sku] for sku, n in dropped.items())
    return sum(max(each, 0) for each in short) + sum(worth) <= unnamed


class Sold(Protocol):
    """What an order came to, whatever else is said of it."""

    @property
    def lines(self) -> Sequence[PricedLine]: ...
    @property
    def totals(self) -> Totals: ...


def shipping_cost(sold: Sold) -> int:
    """What shipping has cost after promotions, with its tax: all that the lines don't cost."""
    return sold.totals.total_minor - sum(line.cost_minor for line in sold.lines)


def shipping_left(sold: Sold, earlier: Iterable[Refund]) -> int:
    """What of that has not gone back."""
    return max(shipping_cost(sold) - sum(gone_of(refund)[1] for refund in earlier), 0)


def shipping_kept(sold: Sold, earlier: Sequence[Refund]) -> int:
    """The same, but no more than is left of all that was paid: of what went back as a mere amount, or at the provider,
    nobody knows what it was for."""
    left = sold.totals.total_minor - sum(refund.counted_minor for refund in earlier)
    return max(min(shipping_left(sold, earlier), left), 0)
