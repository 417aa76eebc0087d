"""What tax is on the parts of an order, pure, and the one rule by which it is rounded.

Each part (a line after discounts, the shipping) is rounded **once, for all its taxes together, half up**; what each tax
has of that is allocated by the rates, largest remainders first. A price that includes tax keeps its amount: what is
rounded is what is left of it without tax. So the parts always add up to what is charged, and no cent is anybody's.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from shared.events.orders import OrderTax
from shared.events.taxes import Tax, TaxRules
from shared.money import allocated, half_up

WHOLE = 1_000_000  # rates are parts per million
STANDARD, ZERO = "standard", "zero"
# Notes: the buyer owes the tax; so they say, and nobody could tell whether they are registered; they are not, and pay.
REVERSE_CHARGE, UNVERIFIED, UNREGISTERED = "reverse_charge", "reverse_charge_unverified", "vat_id_not_registered"


class Taxable(NamedTuple):
    """A part of an order: what it costs after discounts, in minor units, and whether its taxes are in that."""

    amount_minor: int
    tax_class: str = STANDARD
    included: bool = False


class Question(Struct, frozen=True):
    """What tax there is on this, and where it goes (region and postcode may be empty)."""

    country: str
    region: str
    postcode: str
    currency: str
    lines: Sequence[Taxable]
    shipping: Taxable
    vat_id: str = ""  # of a business that buys


class Taxed(NamedTuple):
    """What the taxes on one part come to, in the order of its `levies`."""

    levies: tuple[tuple[str, int], ...]  # name, parts per million
    shares: tuple[int, ...]
    base_minor: int  # without any tax
    included: bool

    @property
    def tax_minor(self) -> int:
        return sum(self.shares)

    @property
    def added_minor(self) -> int:
        """What comes on top of the price."""
        return 0 if self.included else self.tax_minor

    @property
    def contained_minor(self) -> int:
        """What is in the price."""
        return self.tax_minor if self.included else 0


class Taxes(NamedTuple):
    """The taxes of each line, those of the parts of the shipping, whether duties are due at the door, and whether the
    buyer owes the tax instead of the seller, who charges none; and what is to be said of that."""

    lines: Sequence[Taxed]
    shipping: Sequence[Taxed]
    duties_due: bool = False
    reverse_charge: bool = False
    note: str = ""


def answered(rules: TaxRules, question: Question) -> Taxes:
    """What the rules of a place make of it."""
    lines = [taxed(part, rules.taxes) for part in question.lines]
    return Taxes(lines, [taxed(part, rules.taxes) for part in _shipping(rules, question)], rules.duties_due)


def taxed(part: Taxable, taxes: Iterable[Tax]) -> Taxed:
    """One part, rounded once."""
    levies = tuple((tax.name, rate_of(tax.rates, part.tax_class)) for tax in taxes)
    rates = [rate for _, rate in levies]
    whole = WHOLE + sum(rates) if part.included else WHOLE
    base = half_up(part.amount_minor * WHOLE, whole)
    tax = part.amount_minor - base if part.included else half_up(part.amount_minor * sum(rates), WHOLE)
    return Taxed(levies, tuple(allocated(tax, rates)), base, part.included)


def rate_of(rates: Mapping[str, int], tax_class: str) -> int:
    """Parts per million. A class that isn't named pays the standard rate: nobody owes for a name that was misspelt;
    only `zero` is nothing then."""
    return rates.get(tax_class, 0 if tax_class == ZERO else rates[STANDARD])


def _shipping(rules: TaxRules, question: Question) -> list[Taxable]:
    """The shipping by the classes that it is taxed as: like the goods, each class by what its goods cost, or as one."""
    part = question.shipping
    if rules.shipping == "none":
        return []
    weights: dict[str, int] = {}
    for line in question.lines:
        weights[line.tax_class] = weights.get(line.tax_class, 0) + line.amount_minor
    if rules.shipping == "standard" or not sum(weights.values()):
        return [part]
    amounts = allocated(part.amount_minor, list(weights.values()))
    return [part._replace(amount_minor=amount, tax_class=of) for of, amount in zip(weights, amounts, strict=True)]


def summed(taxes: Taxes) -> list[OrderTax]:
    """What each tax comes to over the whole order, by rate and by whether prices include it."""
    note = taxes.note or (REVERSE_CHARGE if taxes.reverse_charge else "")
    found: dict[tuple[str, int, bool], tuple[int, int]] = {}
    for part in (*taxes.lines, *taxes.shipping):
        for (name, rate), share in zip(part.levies, part.shares, strict=True):
            base, tax = found.get((name, rate, part.included), (0, 0))
            found[name, rate, part.included] = base + part.base_minor, tax + share
    return [OrderTax(name, rate, base, tax, included, note) for (name, rate, included), (base, tax) in found.items()]
