"""What of a refund failed and is to be sent again, pure.

A refund by several payments is as many refunds, each of which may fail by itself. What takes the place of one goes by
the same payment; it comes to what that one was to give, but to no more than what its goods have cost and is not back.
"""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from shared.events.fulfilment import ParcelLine
from shared.events.orders import CreditPart
from shared.events.refunds import RefundedLine, RefundRequested
from write_side.inventory import summed
from write_side.refunds import goods, sources
from write_side.refunds.domain import Bought, Refund, evolve
from write_side.refunds.requesting import gone_of, shipping_left, unrefunded


def failed_parts(one: UUID, refunds: Iterable[Refund]) -> list[Refund]:
    """Those that failed of the refund that this one is a part of, and whose place nothing has taken; `refunds` oldest
    first, in any order those that were asked for together."""
    known = {refund.id: refund for refund in refunds}
    if one not in known:
        return []
    first = known[one].part_of or one
    latest = {refund.intent_id: refund for refund in known.values() if first in (refund.id, refund.part_of)}
    return [refund for refund in latest.values() if refund.state == "failed" and refund.charged_minor]


def again(one: UUID, bought: Bought, earlier: Sequence[Refund], new_id: Callable[[], UUID]) -> list[RefundRequested]:
    """What takes the place of these, that with the goods first; nothing for what is back by other refunds."""
    counted, found = list(earlier), list[RefundRequested]()
    for failed in sorted(failed_parts(one, earlier), key=lambda part: not any(line.quantity for line in part.lines)):
        event = _once_more(failed, bought, counted, new_id())
        if event.amount_minor:
            counted.append(evolve(None, event, 1))
            found.append(event)
    return found


def _once_more(failed: Refund, bought: Bought, earlier: Sequence[Refund], refund_id: UUID) -> RefundRequested:
    lines, kept = _lines(failed, bought, earlier), gone_of(failed)
    shipping = min(failed.shipping_minor - kept[1], shipping_left(bought, earlier))
    named = sum(line.amount_minor for line in failed.lines) + failed.shipping_minor
    unnamed = failed.charged_minor - (named - sum(part for _, part in kept[0]) - kept[1])
    amount = sum(line.amount_minor for line in lines) + shipping + unnamed
    amount = min(amount, sources.left_of(_source(failed, bought), earlier))
    lines, paid = sources.cut(lines, amount)
    quantities = summed(lines)
    return RefundRequested(
        refund_id, failed.order_id, failed.payment_id, failed.intent_id, amount, failed.currency, failed.reason, lines,
        min(shipping, amount - paid), [],
        [ParcelLine(line.sku, min(line.quantity, quantities.get(line.sku, 0))) for line in failed.sent],
        part_of=failed.part_of or failed.id,
    )  # fmt: skip


def _lines(failed: Refund, bought: Bought, earlier: Sequence[Refund]) -> list[RefundedLine]:
    """Its lines, of no more units than are left and no more money than all that went back of them may come to."""
    ordered, left = summed(bought.lines), unrefunded(bought.lines, earlier)
    cost = goods.added_up((line.sku, line.cost_minor) for line in bought.lines)
    paid = goods.added_up(part for refund in earlier for part in gone_of(refund)[0])
    found = []
    for line, (sku, kept) in zip(failed.lines, gone_of(failed)[0], strict=True):
        quantity = min(line.quantity, left[sku])
        upto = cost[sku] * (ordered[sku] - left[sku] + quantity) // ordered[sku]
        amount = min(line.amount_minor - kept, max(upto - paid.get(sku, 0), 0))
        found.append(RefundedLine(sku, quantity, amount))
    return [line for line in found if line.quantity or line.amount_minor]


def _source(failed: Refund, bought: Bought) -> CreditPart:
    """The payment by which it was to go, and how much that has taken."""
    own = CreditPart(bought.payment.id, bought.payment.intent_id or "", bought.charged_minor)
    return next(part for part in (own, *bought.credits) if part.intent_id == failed.intent_id)
