"""How much tax is in a refund, and by which rates, pure: for its event, or the credit note about it.

All that went back of an order is gone through once more, from the first refund on; what failed is put back where it
did. A part of a line has its part of the line's tax, rounded for all that went back of it so far; what went back as a
mere amount is taken from whatever is left, by how much that is, and has its share of the tax there: not from gift cards
that are sold, which stay good. Of what is taxed alike no more goes back than it cost, in money and in tax, and at the
end all of it: so the refunds of an order that went back in pieces come to what it cost, by each rate, to the cent.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

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


class _Taken(NamedTuple):
    """What of a refund is of one book: for lines, by SKU, for the shipping, and for nothing that is named."""

    lines: Mapping[str, int]
    sent: int
    unnamed: int

    @property
    def amount_minor(self) -> int:
        return sum(self.lines.values()) + self.sent + self.unnamed


def tax_in(refund: Refund, bought: Bought, earlier: Sequence[Refund]) -> Contained:
    """The tax in all of a refund, whichever way it goes back; `earlier`: all other refunds and releases of the order
    before it, in the order in which that happened. One that failed since stands twice: as asked for, and as failed."""
    return _contained(_parts(refund, bought, earlier))


def tax_charged(refund: Refund, bought: Bought, earlier: Sequence[Refund]) -> Contained:
    """The same of what it charges back. What it gives to gift cards, or leaves for a replacement, has its share of the
    tax, which is left out."""
    return _contained(_charged(_parts(refund, bought, earlier), refund))


def taxes_in(
    made: Sequence[Refund], bought: Bought, earlier: Sequence[Refund], noted: Container[UUID]
) -> list[Contained]:
    """The tax in each of some that are asked for together: of those with a credit note what that tells."""
    return [
        (tax_charged if refund.id in noted else tax_in)(refund, bought, [*earlier, *made[:n]])
        for n, refund in enumerate(made)
    ]


def _contained(parts: Sequence[_Part]) -> Contained:
    some = [part for part in parts if part.amount_minor]
    return Contained(sum(sum(part.shares) for part in some), _by_rate(some))


def _parts(refund: Refund, bought: Bought, earlier: Sequence[Refund]) -> list[_Part]:
    """What a refund gives back, by what is taxed alike, after all that went back before."""
    books = [_Book(alike) for alike in taxed_alike(bought)]
    for each in earlier:
        for book in books if each.state == "failed" else ():
            book.put_back(each.id)
        _taken(each, books)
    return _taken(refund, books)


class _Book:
    """What of an order is taxed alike, and how much of it has gone back so far."""

    def __init__(self, of: Alike) -> None:
        self.of, self.room, self._told = of, of.cost_minor, [0] * len(of.shares)
        self._lines, self._sent, self._unnamed = Counter[str](), 0, 0
        self._by: dict[UUID, tuple[_Taken, list[int]]] = {}

    def take(self, by: UUID, taken: _Taken) -> _Part:
        """So much more of it, which there is room for."""
        self._count(taken, 1)
        before, amount = sum(self._told), taken.amount_minor
        left = self.of.tax_minor - before
        # Never more than it comes to; nor so little that what is left could not hold the rest.
        shares = self._shares(min(max(self._due() - before, left - self.room, 0), left, amount))
        self._told = [told + share for told, share in zip(self._told, shares, strict=True)]
        self._by[by] = taken, shares
        return _Part(self.of.levies, amount, shares, self.of.sold_cards)

    def put_back(self, by: UUID) -> None:
        """What that refund took of it, with the tax that it was told to have then."""
        if by in self._by:
            taken, shares = self._by.pop(by)
            self._count(taken, -1)
            self._told = [told - share for told, share in zip(self._told, shares, strict=True)]

    def _count(self, taken: _Taken, sign: int) -> None:
        for sku, part in taken.lines.items():
            self._lines[sku] += sign * part
        self._sent, self._unnamed = self._sent + sign * taken.sent, self._unnamed + sign * taken.unnamed
        self.room -= sign * taken.amount_minor

    def _shares(self, tax: int) -> list[int]:
        """So much more tax, by tax: all that is told stands in proportion. Once something was put back it may not, by a
        minor unit; then in proportion to what is left of each."""
        due = _split(sum(self._told) + tax, self.of.shares)
        shares = [now - then for now, then in zip(due, self._told, strict=True)]
        if min(shares, default=0) >= 0:
            return shares
        return _split(tax, [whole - told for whole, told in zip(self.of.shares, self._told, strict=True)])

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
    given = zip(named, sent, unnamed, strict=True)
    return [book.take(refund.id, _Taken(*taken)) for book, taken in zip(books, given, strict=True)]


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
