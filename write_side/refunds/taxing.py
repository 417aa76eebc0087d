"""How much tax is in a refund, pure: for the credit note about it.

A part of a line has its part of the line's tax, rounded for all that went back of it so far: so the credit notes of an
order that went back in pieces come to its tax, to the minor unit (unless the last piece is less than the tax that is
left). What went back as a mere amount has its share of the whole order's.
"""

from collections.abc import Sequence

from shared.money import half_up
from write_side.refunds.domain import Bought, Refund
from write_side.refunds.goods import added_up
from write_side.refunds.requesting import gone_of


def tax_in(refund: Refund, bought: Bought, earlier: Sequence[Refund]) -> int:
    """The tax in what a refund charges back, in minor units; `earlier`: all other refunds and releases of the order.
    What it gives to gift cards, or leaves for a replacement, has its share of the tax, which is left out."""
    # Never more than it comes to: mere amounts before it may have been said to hold less than the goods they paid for.
    tax = min(tax_of([*earlier, refund], bought) - tax_of(earlier, bought), refund.amount_minor)
    return _share(tax, refund.charged_minor, refund.amount_minor)


def tax_of(refunds: Sequence[Refund], bought: Bought) -> int:
    """The tax in all that these have given back, or may still; all of the order's, once all of it went back."""
    gone, total = [gone_of(refund) for refund in refunds], bought.totals.total_minor
    counted = sum(refund.counted_minor for refund in refunds)
    if counted >= total:
        return bought.tax_minor
    taxes = added_up((line.sku, line.tax_minor + line.included_tax_minor) for line in bought.lines)
    costs = added_up((line.sku, line.cost_minor) for line in bought.lines)
    back, sent = added_up(part for lines, _ in gone for part in lines), sum(shipping for _, shipping in gone)
    in_lines = sum(_share(taxes[sku], amount, costs[sku]) for sku, amount in back.items())
    on_shipping = _share(bought.tax_minor - sum(taxes.values()), sent, total - sum(costs.values()))
    unnamed = counted - sum(back.values()) - sent
    return min(in_lines + on_shipping + _share(bought.tax_minor, unnamed, total), bought.tax_minor)


def _share(whole: int, part: int, of: int) -> int:
    return half_up(whole * part, of) if of else 0
