"""How much tax is in a refund, and by which rates, pure: for the credit note about it.

All that went back of an order is gone through once more, from the first refund on. A part of a line has its part of the
line's tax, rounded for all that went back of it so far; what went back as a mere amount is taken from whatever is left,
by how much that is, and has its share of the tax there: not from gift cards that are sold, which stay good. Of what is
taxed alike no more goes back than it cost, in money and in tax, and at the end all of it: so the credit notes of an
order that went back in pieces come to what it cost, by each rate, to the minor unit.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.events.orders import OrderTax
from shared.money import allocated, half_up
from write_side.refunds.domain import Bought, Refund
from write_side.refunds.rates import Alike, Levies, taxed_alike
from write_side.refunds.requesting import gone_of


class Contained(NamedTuple):
    """The tax in a refund, in minor units, and by rate: empty where its order tells none."""

    tax_minor: int
    taxes: list[OrderTax]


class _Part(NamedTuple):
    """What of a refund is taxed alike, and how much each of the taxes is."""

    levies: Levies | None
    amount_minor: int
    shares: Sequence[int]
    sold_cards: bool


def tax_in(refund: Refund, bought: Bought, earlier: Sequence[Refund]) -> Contained:
    """The tax in what a refund charges back; `earlier`: all other refunds and releases of the order before it. What it
    gives to gift cards, or leaves for a replacement, has its share of the tax, which is left out."""
    books = [_Book(alike) for alike in taxed_alike(bought)]
    for each in earlier:
        _taken(each, books)
    parts = [part for part in _charged(_taken(refund, books), refund) if part.amount_minor]
    return Contained(sum(sum(part.shares) for part in parts), _by_rate(parts))


class _Book:
    """What of an order is taxed alike, and how much of it has gone back so far."""

    def __init__(self, of: Alike) -> None:
        self.of, self.room, self._told = of, of.cost_minor, 0
        self._lines: dict[str, int] = {}
        self._sent = self._unnamed = 0

    def take(self, lines: Mapping[str, int], sent: int, unnamed: int) -> _Part:
        """So much more of it, which there is room for."""
        amount, before = sum(lines.values()) + sent + unnamed, self._told
        for sku, more in lines.items():
            self._lines[sku] = self._lines.get(sku, 0) + more
        self._sent, self._unnamed, self.room = self._sent + sent, self._unnamed + unnamed, self.room - amount
        left = self.of.tax_minor - before
        # Never more than it comes to; nor so little that what is left could not hold the rest.
        tax = min(max(self._due() - before, left - self.room, 0), left, amount)
        self._told += tax
        shares = zip(_split(self._told, self.of.shares), _split(before, self.of.shares), strict=True)
        return _Part(self.of.levies, amount, [now - then for now, then in shares], self.of.sold_cards)

    def _due(self) -> int:
        in_lines = sum(_share(self.of.lines[sku][1], gone, self.of.lines[sku][0]) for sku, gone in self._lines.items())
        on_shipping = _share(self.of.shipping[1], self._sent, self.of.shipping[0])
        return in_lines + on_shipping + _share(self.of.tax_minor, self._unnamed, self.of.cost_minor)


def _taken(refund: Refund, books: Sequence[_Book]) -> list[_Part]:
    """What a refund gives back, by what is taxed alike."""
    lines, shipping = gone_of(refund)
    rooms = [book.room for book in books]
    named: list[dict[str, int]] = [{} for _ in books]
    for sku, amount in lines:
        costs = [book.of.lines.get(sku, (0, 0))[0] for book in books]
        for n, part in enumerate(_within(rooms, allocated(amount, costs))):
            if part:
                named[n][sku] = named[n].get(sku, 0) + part
    sent = _within(rooms, allocated(shipping, [book.of.shipping[0] for book in books]))
    rest = refund.counted_minor - sum(sent) - sum(sum(each.values()) for each in named)
    unnamed = _in_turn(rooms, rest, [not book.of.sold_cards for book in books])
    given = zip(books, named, sent, unnamed, strict=True)
    return [book.take(in_lines, on_shipping, rest) for book, in_lines, on_shipping, rest in given]


def _in_turn(rooms: list[int], amount: int, first: Sequence[bool]) -> list[int]:
    """An amount by how much room there is, where it goes first as far as that has room; it is taken."""
    before = _within(rooms, allocated(amount, [room if goes else 0 for room, goes in zip(rooms, first, strict=True)]))
    after = _within(rooms, allocated(amount - sum(before), rooms))
    return [sum(both) for both in zip(before, after, strict=True)]


def _within(rooms: list[int], wanted: Sequence[int]) -> list[int]:
    """As much as there is room for; it is taken."""
    parts = [min(room, part) for room, part in zip(rooms, wanted, strict=True)]
    rooms[:] = [room - part for room, part in zip(rooms, parts, strict=True)]
    return parts


def _charged(parts: Sequence[_Part], refund: Refund) -> list[_Part]:
    """The same without what went to gift cards, or pays for other goods: none of that was paid for gift cards."""
    amounts = _in_turn(
        [part.amount_minor for part in parts], refund.charged_minor, [part.sold_cards for part in parts]
    )
    return [
        part._replace(
            amount_minor=amount, shares=_split(_share(sum(part.shares), amount, part.amount_minor), part.shares)
        )
        for part, amount in zip(parts, amounts, strict=True)
    ]


def _by_rate(parts: Sequence[_Part]) -> list[OrderTax]:
    """Each tax with what it is on, as an order tells them."""
    found: dict[OrderTax, tuple[int, int]] = {}
    for part in parts:
        base = part.amount_minor - sum(part.shares)
        for tax, share in zip(part.levies or (), part.shares, strict=part.levies is not None):
            before = found.get(tax, (0, 0))
            found[tax] = before[0] + base, before[1] + share
    return [OrderTax(t.name, t.rate_ppm, base, tax, t.included, t.note) for t, (base, tax) in found.items()]


def _split(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount by weight. Of a greater one no part is smaller, which the largest remainders can't promise."""
    found, whole = list[int](), sum(weights)
    for weight in weights:
        found.append(_share(amount, weight, whole))
        amount, whole = amount - found[-1], whole - weight
    return found


def _share(whole: int, part: int, of: int) -> int:
    return half_up(whole * part, of) if of else 0
