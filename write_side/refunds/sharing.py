"""How the units of a line share what it cost, pure, so that nothing is left over: all of them together cost the line.

Units give back as they go: n of q units, in all, have given back ⌊cost · n / q⌋. After an edit what is left may cost
more by the piece, since fewer cost more, or because what was a gift is none any more: from there on these units share
what was not given back.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.events.orders import PricedLine
from write_side.inventory import summed
from write_side.refunds import goods
from write_side.refunds.domain import Bought, Refund


class Share(NamedTuple):
    """So many units share so much, in minor units; of both so much has gone."""

    quantity: int
    cost_minor: int
    gone: int = 0
    paid_minor: int = 0

    @property
    def left(self) -> int:
        """How many are left."""
        return self.quantity - self.gone

    def worth(self, quantity: int) -> int:
        """What so many more of them give back; never less than nothing: others failed."""
        upto = self.cost_minor * (self.gone + quantity) // self.quantity
        return max(upto - self.paid_minor, 0)

    def kept(self, quantity: int, price_minor: int) -> int:
        """What of that stays with those that are left, if they come to such a price alone."""
        worth = self.worth(quantity)
        return min(max(price_minor - (self.cost_minor - self.paid_minor - worth), 0), worth)


def shares(bought: Bought, earlier: Iterable[Refund]) -> dict[str, Share]:
    """How the units of each SKU share what they cost, after these refunds, oldest first."""
    cost = goods.added_up((line.sku, line.cost_minor) for line in bought.lines)
    found = {sku: Share(quantity, cost[sku]) for sku, quantity in summed(bought.lines).items()}
    for refund in earlier:
        for line, (sku, paid) in zip(refund.lines, gone_of(refund)[0], strict=True):
            failed = refund.state == "failed"
            was = found[sku]
            now = was._replace(
                gone=was.gone + (0 if failed else line.quantity), paid_minor=was.paid_minor + paid
            )
            anew = line.kept_minor and not failed
            found[sku] = Share(now.left, now.cost_minor - now.paid_minor) if anew else now
    return found


def price_of(lines: Sequence[PricedLine], quantity: int, gone_gifts: int) -> int:
    """What so many of a SKU come to in an order, its lines given: at what each had cost where so many are bought, after
    their share of discounts and with that of taxes. So many of what were gifts are none any more: what is left pays
    for itself."""
    in_all = sum(line.quantity for line in lines) - gone_gifts
    gifts = sum(line.gift_quantity for line in lines) - gone_gifts
    cost = sum(line.cost_minor for line in lines)
    if in_all <= 0:
        return 0
    if len(lines) > 1 or not lines[0].unit_price_minor:  # some are of a bundle
        return cost * quantity // in_all
    unit = lines[0].unit_for(max(quantity - gifts, 1))
    return cost * quantity * unit // (in_all * lines[0].unit_price_minor)


def gone_of(refund: Refund) -> tuple[list[tuple[str, int]], int]:
    """What of a refund's lines and of its shipping has gone back, or may still. What gift cards got of one that failed
    was for its lines first."""
    left, lines = refund.counted_minor, []
    for line in refund.lines:
        part = min(line.amount_minor, left)
        left -= part
        lines.append((line.sku, part))
    return lines, min(refund.shipping_minor, left)
