"""Which taxes the parts of an order have, pure: an order tells its taxes by rate over all of it, and of each line only
what they come to. Which of them a line has follows from that: one of each name, and only one rate fits its amount.

Where what is left for the shipping then doesn't fit (an order from before there were several taxes, a tax service that
rounds by a rule of its own), nothing is made up: the order is taxed as one, and its rates are not told.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from msgspec import structs

from shared.events.orders import OrderTax, PricedLine
from shared.money import allocated, half_up
from write_side.refunds.domain import Bought

WHOLE = 1_000_000  # rates are parts per million

Levies = tuple[OrderTax, ...]
Sent = tuple[int, Sequence[int]]  # what a part of the shipping cost, and what each tax in that comes to


class Alike(NamedTuple):
    """What of an order is taxed alike. Amounts in minor units, each with the tax that is in it."""

    levies: Levies | None  # by these of its taxes; None where they are not told
    shares: Sequence[int]  # what each of these comes to; a single number where they are not told
    cost_minor: int
    lines: Mapping[str, tuple[int, int]]  # SKU → what its lines cost, and the tax in it
    shipping: tuple[int, int]
    sold_cards: bool = False  # gift cards: taxed is what is bought with them

    @property
    def tax_minor(self) -> int:
        """All tax that is in it."""
        return sum(self.shares)


def taxed_alike(bought: Bought) -> list[Alike]:
    """The parts of an order that have the same taxes: together they are all of it. Gift cards that are sold stand by
    themselves: no tax of the order is on them."""
    cards = [line for line in bought.lines if line.gift_card]
    cost, rest = sum(line.cost_minor for line in cards), [line for line in bought.lines if not line.gift_card]
    totals = structs.replace(bought.totals, total_minor=bought.totals.total_minor - cost)
    goods = structs.replace(bought, lines=rest, totals=totals)
    parts = _told(goods) or [_as_one(goods)]
    if not cards:
        return parts
    return [*parts, Alike((), [], cost, _by_sku((line, 0) for line in cards), (0, 0), sold_cards=True)]


def _as_one(bought: Bought) -> Alike:
    lines = _by_sku((line, _tax_of(line)) for line in bought.lines)
    cost, tax = (sum(each[n] for each in lines.values()) for n in (0, 1))
    shipping = (bought.totals.total_minor - cost, bought.tax_minor - tax)
    return Alike(None, [bought.tax_minor], bought.totals.total_minor, lines, shipping)


def _told(bought: Bought) -> list[Alike] | None:
    if not bought.taxes:
        return None
    left = {tax: (tax.base_minor, tax.tax_minor) for tax in bought.taxes}
    lines: dict[Levies, list[PricedLine]] = {}
    shares: dict[Levies, list[int]] = {}
    # The dearest first: which rates a line of a few cents has its tax doesn't tell, but what the others leave does.
    for line in sorted(bought.lines, key=lambda line: -line.cost_minor):
        levies = min(_possible(line, bought.taxes), key=lambda some: (_off(line, some), -sum(left[t][0] for t in some)))
        parts = allocated(_tax_of(line), [tax.rate_ppm for tax in levies])
        if sum(parts) != _tax_of(line):
            return None
        lines.setdefault(levies, []).append(line)
        shares[levies] = [a + b for a, b in zip(shares.get(levies, [0] * len(levies)), parts, strict=True)]
        for tax, part in zip(levies, parts, strict=True):
            left[tax] = left[tax][0] - line.cost_minor + _tax_of(line), left[tax][1] - part
    sent = _shipping(left, bought.totals.total_minor - sum(line.cost_minor for line in bought.lines))
    if sent is None:
        return None
    both = dict.fromkeys([*lines, *sent])
    return [_alike(each, lines.get(each, []), shares.get(each), sent.get(each)) for each in both]


def _alike(
    levies: Levies, lines: Sequence[PricedLine], of_lines: Sequence[int] | None, sent: Sent | None
) -> Alike:
    none = [0] * len(levies)
    cost, of_shipping = sent or (0, none)
    shares = [a + b for a, b in zip(of_lines or none, of_shipping, strict=True)]
    whole = sum(line.cost_minor for line in lines) + cost
    skus = _by_sku((line, _tax_of(line)) for line in lines)
    return Alike(levies, shares, whole, skus, (cost, sum(of_shipping)))


def _shipping(left: Mapping[OrderTax, tuple[int, int]], cost: int) -> dict[Levies, Sent] | None:
    """What the lines leave of the order's taxes is on the shipping: what of it is taxed how, and what the taxes come
    to. None if it doesn't fit."""
    if cost < 0 or any(part < 0 for each in left.values() for part in each):
        return None
    on = {tax: each for tax, each in left.items() if any(each)}
    if len({tax.name for tax in on}) == len(on):  # one rate of each
        found = {tuple(on): ({base for base, _ in on.values()}, [tax for _, tax in on.values()])}
    elif len({tax.name for tax in on}) == 1:
        found = {(tax,): ({base}, [share]) for tax, (base, share) in on.items()}
    else:
        return None
    if any(len(bases) > 1 for bases, _ in found.values()):
        return None
    sent: dict[Levies, Sent] = {levies: (sum(bases) + sum(shares), shares) for levies, (bases, shares) in found.items()}
    if () in sent:
        return {(): (cost, [])}
    return sent if sum(amount for amount, _ in sent.values()) == cost else None


def _possible(line: PricedLine, taxes: Iterable[OrderTax]) -> Iterable[Levies]:
    """One of each name, all in the price or all on top of it."""
    by_name: dict[str, list[OrderTax]] = {}
    for tax in taxes:
        if tax.included == line.tax_included:
            by_name.setdefault(tax.name, []).append(tax)
    return product(*by_name.values())


def _off(line: PricedLine, levies: Levies) -> int:
    """How far the tax of a line is from what these would come to, in minor units."""
    rate, amount = sum(tax.rate_ppm for tax in levies), line.total_minor - line.discount_minor
    tax = half_up(amount * rate, WHOLE)
    if line.tax_included:
        tax = amount - half_up(amount * WHOLE, WHOLE + rate)
    return abs(tax - _tax_of(line))


def _tax_of(line: PricedLine) -> int:
    return line.tax_minor + line.included_tax_minor


def _by_sku(lines: Iterable[tuple[PricedLine, int]]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for line, tax in lines:
        before = found.get(line.sku, (0, 0))
        found[line.sku] = before[0] + line.cost_minor, before[1] + tax
    return found
