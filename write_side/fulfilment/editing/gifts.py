"""Gifts of an order that is edited, pure: they go once the rest doesn't meet what their promotion asks for any more.

It is asked of the terms as they are, of what is left before the edit and of what is left after it. So whoever lost what
brought a gift in another way (staff refunded it, or the terms were made stricter) keeps it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from shared.events.promotions import Gift
from write_side.inventory import Demand
from write_side.orders import Order
from write_side.promotions import BasketLine, Promotion, is_met


class Going(NamedTuple):
    """What is taken off, gifts with it. `gifts`: SKU → how many of that were gifts that nothing is bought for any more;
    `over`: promotions of which the order has nothing any more."""

    less: list[Demand]
    gifts: dict[str, int]
    over: list[UUID]


def gifts_of(order: Order, gone: Mapping[str, int]) -> dict[str, int]:
    """SKU → how many of it are gifts, but for those that are none any more."""
    found: dict[str, int] = {}
    for line in order.lines:
        if line.gift_quantity:
            found[line.sku] = found.get(line.sku, 0) + line.gift_quantity
    return {sku: quantity - gone.get(sku, 0) for sku, quantity in found.items()}


def with_gifts(
    order: Order, owed: Mapping[str, int], less: Sequence[Demand], gifts: Mapping[str, int],
    promotions: Iterable[Promotion],
) -> Going:  # fmt: skip
    """What is lowered, and with it the gifts whose promotion held before and doesn't after. `gifts`: SKU → how many of
    it are; `promotions`: all that took something off the order."""
    gone = {line.sku: line.quantity for line in less}
    left = {sku: quantity - gone.get(sku, 0) for sku, quantity in owed.items()}
    before, after = (_bought(order, each, gifts) for each in (owed, left))
    lost, over, currency = dict[str, int](), list[UUID](), order.totals.currency
    for each in promotions:
        if not isinstance(gift := each.terms.off, Gift):
            continue
        there = min(gifts.get(gift.sku, 0), left.get(gift.sku, 0)) - lost.get(gift.sku, 0)
        if is_met(each.terms, before, currency) and not is_met(each.terms, after, currency):
            lost[gift.sku] = lost.get(gift.sku, 0) + min(gift.quantity, there)
            over.append(each.id)
        elif there <= 0:
            over.append(each.id)
    lost = {sku: quantity for sku, quantity in lost.items() if quantity}
    in_all = gone | {sku: gone.get(sku, 0) + quantity for sku, quantity in lost.items()}
    return Going([Demand(sku, quantity) for sku, quantity in in_all.items()], lost, over)


def _bought(order: Order, left: Mapping[str, int], gifts: Mapping[str, int]) -> list[BasketLine]:
    """What is bought of what is left, at what it costs if so many are; what is in a bundle by the bundle's SKU. Of a
    SKU of which some are gifts these are the last to go."""
    bought = {sku: max(quantity - gifts.get(sku, 0), 0) for sku, quantity in left.items()}
    found = []
    for line in order.lines:
        quantity = min(line.quantity - line.gift_quantity, bought.get(line.sku, 0))
        if quantity:
            bought[line.sku] -= quantity
            found.append(BasketLine(line.bundle or line.sku, quantity, line.unit_for(quantity)))
    return found
