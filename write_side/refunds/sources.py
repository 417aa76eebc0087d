"""By which payment a refund goes back, pure. Mostly that is the order's own; an order that replaced goods was paid by
what these had cost, too, and that goes back by the payments that had taken it. What is charged by several payments is a
refund for each, so that each is asked of the provider by itself, and fails by itself.

The order's own payment gives first, then the earlier ones. Each gives as much as is left of it, to the minor unit.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import structs

from shared.events.gift_cards import GiftPart
from shared.events.orders import CreditPart
from shared.events.refunds import RefundedLine, RefundRequested
from write_side import gift_cards
from write_side.refunds.domain import Bought, Refund


class Share(NamedTuple):
    """How a new order is paid by what a refund would give back; the rest of its total is charged. Minor units."""

    moved_minor: int
    gifts_minor: int


def share(total_minor: int, charged_minor: int, gifts_minor: int, least_minor: int) -> Share:
    """What of a refund (so much of which was charged, so much paid by gift cards) pays an order of this total. What is
    left to pay is nothing, or as much as can be charged, which is `least_minor`."""
    moved = min(total_minor, charged_minor)
    gifts = min(total_minor - moved, gifts_minor)
    lacking = least_minor - (total_minor - moved - gifts)
    if lacking >= least_minor or lacking <= 0:
        return Share(moved, gifts)
    less = min(lacking, moved)
    return Share(moved - less, gifts - min(lacking - less, gifts))


def by_payment(
    whole: RefundRequested, bought: Bought, earlier: Sequence[Refund], new_id: Callable[[], UUID], moved_minor: int = 0
) -> list[RefundRequested]:
    """The same as a refund for each payment that gives of it; the first has the goods. `moved_minor` of them in all pay
    another order."""
    charged = whole.amount_minor - gift_cards.paid_by(whole.gift_cards)
    sources = list(_gives(charged, bought, earlier)) or [CreditPart(whole.payment_id, whole.intent_id, 0)]
    left, shipping, found = whole.lines, whole.shipping_minor, list[RefundRequested]()
    for n, source in enumerate(sources):
        last = n == len(sources) - 1
        amount = source.amount_minor + (gift_cards.paid_by(whole.gift_cards) if n == 0 else 0)
        taken, paid = cut(left, amount)
        sent = shipping if last else min(shipping, amount - paid)
        shipping -= sent
        moved = min(moved_minor, source.amount_minor)
        moved_minor -= moved
        part = structs.replace(
            whole, payment_id=source.payment_id, intent_id=source.intent_id, amount_minor=amount, lines=taken,
            shipping_minor=sent, moved_minor=moved,
        )  # fmt: skip
        if n:
            part = structs.replace(
                part, refund_id=new_id(), restocked=[], sent=[], gift_cards=[], part_of=whole.refund_id
            )
        found.append(part)
        left = [
            RefundedLine(line.sku, 0, line.amount_minor - got.amount_minor)
            for line, got in zip(left, taken, strict=True)
        ]
        left = [line for line in left if line.amount_minor]
    return found


def _gives(charged: int, bought: Bought, earlier: Sequence[Refund]) -> Iterator[CreditPart]:
    """How much of a charged amount goes back by which payment."""
    own = bought.payment
    for source in (CreditPart(own.id, own.intent_id or "", bought.charged_minor), *bought.credits):
        amount = min(charged, left_of(source, earlier))
        charged -= amount
        if amount:
            yield structs.replace(source, amount_minor=amount)


def left_of(source: CreditPart, earlier: Iterable[Refund]) -> int:
    """How much of what a payment had taken has not gone back by it, in minor units."""
    gone = sum(
        each.counted_minor - gift_cards.paid_by(each.gift_cards)
        for each in earlier
        if each.intent_id == source.intent_id
    )
    return max(source.amount_minor - gone, 0)


def cut(lines: Sequence[RefundedLine], amount: int) -> tuple[list[RefundedLine], int]:
    """The lines with no more than an amount in all, and how much of it they come to."""
    found, left = [], amount
    for line in lines:
        part = min(line.amount_minor, left)
        left -= part
        found.append(structs.replace(line, amount_minor=part))
    return found, amount - left


def credits_of(parts: Sequence[Refund]) -> list[CreditPart]:
    """What refunds carry over to another order."""
    return [CreditPart(part.payment_id, part.intent_id, part.moved_minor) for part in parts if part.moved_minor]


def retaken(parts: Sequence[GiftPart], amount_minor: int) -> list[GiftPart]:
    """So much of what went back to gift cards, taken again."""
    found = []
    for part in parts:
        taken = min(part.amount_minor, amount_minor)
        amount_minor -= taken
        if taken:
            found.append(GiftPart(part.gift_card_id, taken))
    return found
