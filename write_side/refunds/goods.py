"""Goods of refunds, pure: which had left, which are back on a shelf, which are not to leave any more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation, PricedLine
from shared.events.refunds import RefundedLine
from write_side.inventory import Line, summed
from write_side.refunds.domain import Bought, Refund

OF_SENT_GOODS = ("returned", "damaged", "not_delivered")  # reasons that speak of what had left the house
K = TypeVar("K")


def put_back(bought: Bought, earlier: Sequence[Refund], lines: Sequence[RefundedLine]) -> list[Allocation]:
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
    back = added_up(((a.sku, a.warehouse), a.quantity) for refund in earlier for a in refund.restocked)
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
        unsent = kept.get(line.sku, 0) + bought.dropped.get(line.sku, 0)
        here = max(ordered[line.sku] - shipped - unsent, 0)
        sent = min(line.quantity if reason in OF_SENT_GOODS else line.quantity - here, away)
        if sent > 0:
            found.append(ParcelLine(line.sku, sent))
    return found


def withheld(refunds: Iterable[Refund]) -> dict[str, int]:
    """SKU → how many are not to leave any more: those whose money goes back, or those that are back in stock, whichever
    is more. Not both: a refund that failed and the one that took its place are about the same goods. What had left
    before is not among them."""
    given = list(refunds)
    paid_back, in_stock = _paid_back(given), added_up(pair for each in given for pair in _unsent(each, each.restocked))
    return {sku: max(paid_back.get(sku, 0), in_stock.get(sku, 0)) for sku in paid_back.keys() | in_stock.keys()}


def stocked_by_failed(refunds: Iterable[Refund]) -> dict[str, int]:
    """SKU → how many of those are back in stock by a refund that failed, and none that counts has taken its place."""
    given = list(refunds)
    paid_back = _paid_back(given)
    left = {sku: quantity - paid_back.get(sku, 0) for sku, quantity in withheld(given).items()}
    return {sku: quantity for sku, quantity in left.items() if quantity > 0}


def _paid_back(refunds: Iterable[Refund]) -> dict[str, int]:
    return added_up(pair for each in refunds if each.state != "failed" for pair in _unsent(each, each.lines))


def all_withheld(lines: Iterable[PricedLine], refunds: Iterable[Refund], dropped: Mapping[str, int]) -> bool:
    """Whether nothing of an order's goods has left, or is to. `dropped`: SKU → how many are not sent any more, though
    no refund names them."""
    kept = added_up([*withheld(refunds).items(), *dropped.items()])
    return all(n <= kept.get(sku, 0) for sku, n in summed(line for line in lines if not line.gift_card).items())


def resent(refund: Refund) -> list[ParcelLine]:
    """Goods that had left and that a refund has put back into stock, whatever became of its money."""
    asked, sent = summed(refund.lines), summed(refund.sent)
    back = {sku: quantity - (asked[sku] - sent.get(sku, 0)) for sku, quantity in summed(refund.restocked).items()}
    return [ParcelLine(sku, quantity) for sku, quantity in back.items() if quantity > 0]


def still_taken(allocations: Iterable[Allocation], refunds: Iterable[Refund]) -> list[Allocation]:
    """Where an order's goods come from, less what is back on the shelf without having left."""
    back = added_up(pair for each in refunds for pair in _back_unsent(each))
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


def added_up(pairs: Iterable[tuple[K, int]]) -> dict[K, int]:
    """Key → the sum of its numbers."""
    total: dict[K, int] = {}
    for key, number in pairs:
        total[key] = total.get(key, 0) + number
    return total
