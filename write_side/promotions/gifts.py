"""Gifts of promotions, pure: what may be given away, and what a basket is with them.

A gift is a piece of a SKU like those that are bought: it costs what they cost, and its discount takes all of that off.
So stock, parcels, returns, taxes and sums know nothing of gifts. Where the SKU is bought as well, it is one line.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from shared.events.promotions import Gift
from shared.promotion_rule import BasketLine, Given
from write_side.promotions.domain import Promotion


class LeftOut(NamedTuple):
    """A gift that would be in it, but is sold out, or not sold at the moment."""

    promotion_id: UUID
    name: str
    sku: str


def gift_skus(promotions: Iterable[Promotion]) -> list[str]:
    """What they may give away."""
    return [one.terms.off.sku for one in promotions if isinstance(one.terms.off, Gift)]


def left_out(promotions: Mapping[UUID, Promotion], missing: Iterable[UUID]) -> list[LeftOut]:
    """What those promotions would give whose gifts aren't there."""
    found = [promotions[id_] for id_ in sorted(missing)]
    return [LeftOut(one.id, one.terms.name, one.terms.off.sku) for one in found if isinstance(one.terms.off, Gift)]


def with_gifts(
    basket: Sequence[BasketLine], parts: Sequence[int], given: Iterable[Given]
) -> tuple[list[BasketLine], list[int]]:
    """A basket and what is taken off each of its lines, with gifts: on the lines of their SKUs, or behind them all."""
    lines, off = list(basket), list(parts)
    for gift in given:
        n = next((n for n, line in enumerate(lines) if line.sku == gift.sku), len(lines))
        if n == len(lines):
            lines.append(BasketLine(gift.sku, 0, gift.unit_price_minor))
            off.append(0)
        line = lines[n]
        lines[n] = line._replace(
            quantity=line.quantity + gift.quantity, gift_quantity=line.gift_quantity + gift.quantity
        )
        off[n] += gift.worth_minor
    return lines, off
