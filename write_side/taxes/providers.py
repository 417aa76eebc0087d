"""Who says what tax there is: our own tables, or a service outside, asked at the quote (write_side/outside.py)."""

from typing import Protocol

from write_side import outside
from write_side.database import Pool
from write_side.errors import Refusal
from write_side.outside import NoAnswer
from write_side.shipping import UnknownDestination
from write_side.taxes import computing, domain, store
from write_side.taxes.computing import REVERSE_CHARGE, UNREGISTERED, UNVERIFIED, Question, Taxed, Taxes
from write_side.taxes.reverse_charge import is_reverse_charged, reverse_charged
from write_side.taxes.vat_checks import VatChecks


class TaxesUnavailable(Refusal):
    """Who knows what tax there is does not answer, or not in time: try again."""

    status = 503
    code = "taxes_unavailable"


class TaxRates(Protocol):
    """A provider: our tables (`TableTaxes`), or whatever answers the same question."""

    async def taxes(self, question: Question) -> Taxes:
        """The taxes on each line, and on the shipping. Raises `NoAnswer`, `UnknownDestination`."""


class TableTaxes:
    """What staff have set: taxes of countries, and of areas within them; businesses of other member states than `home`
    owe theirs themselves (empty: nobody does), unless it is known (`checks`) that there is no such business."""

    def __init__(self, pool: Pool, home: str = "", checks: VatChecks | None = None) -> None:
        self._pool, self._home, self._checks = pool, home, checks

    async def taxes(self, question: Question) -> Taxes:
        """By the rules of the place; refuses `unknown_destination` where no order goes."""
        async with self._pool.acquire() as conn:
            destination = await store.find_destination(conn, question.country)
        if destination is None:
            detail = f"orders do not go to {question.country}"
            raise UnknownDestination(detail, country=question.country, pointer="/address/country")
        rules = domain.rules_at(destination, question.region, question.postcode)
        if not rules.taxes or not is_reverse_charged(self._home, question):
            return computing.answered(rules, question)
        # Behind the connection: whoever waits for somebody outside holds none.
        found = "registered" if self._checks is None else await self._checks.look_up(question.vat_id)
        if found == "unregistered":
            return computing.answered(rules, question)._replace(note=UNREGISTERED)
        note = REVERSE_CHARGE if found == "registered" else UNVERIFIED
        return computing.answered(reverse_charged(rules), question)._replace(reverse_charge=True, note=note)


async def ask(rates: TaxRates, question: Question, seconds: float) -> Taxes:
    """What a provider answers within so many seconds; refuses `taxes_unavailable`. An answer that doesn't add up is
    none: what would be charged by it could never be refunded to the cent."""

    async def checked() -> Taxes:
        taxes = await rates.taxes(question)
        check(question, taxes)
        return taxes

    try:
        return await outside.within(seconds, "taxes", checked())
    except NoAnswer as error:
        raise TaxesUnavailable("what tax there is can't be told at the moment; try again", retry_after=2) from error


def check(question: Question, taxes: Taxes) -> None:
    """Whether this is an answer to that; raises `NoAnswer`."""
    if len(taxes.lines) != len(question.lines):
        raise NoAnswer("other lines than were asked about")
    of_shipping = sum(_price(each) for each in taxes.shipping)
    prices = [(part.amount_minor, _price(each)) for part, each in zip(question.lines, taxes.lines, strict=True)]
    if (of_shipping and of_shipping != question.shipping.amount_minor) or any(was != now for was, now in prices):
        raise NoAnswer("base and taxes are not the price that was asked about")
    parts = [*question.lines, *[question.shipping] * len(taxes.shipping)]
    for part, taxed in zip(parts, (*taxes.lines, *taxes.shipping), strict=True):
        if taxed.included != part.included or len(taxed.shares) != len(taxed.levies):
            raise NoAnswer("taxes on top of a price that has them, or without a name")
        if taxed.base_minor < 0 or min(taxed.shares, default=0) < 0:
            raise NoAnswer("a negative tax")
        if taxes.reverse_charge and taxed.tax_minor:
            raise NoAnswer("a tax that the buyer owes, and is charged")
    owed = [taxed for taxed in (*taxes.lines, *taxes.shipping) if taxed.base_minor]
    if taxes.reverse_charge and owed and not any(taxed.levies for taxed in owed):
        raise NoAnswer("a tax that the buyer owes, without its name")


def _price(taxed: Taxed) -> int:
    return taxed.base_minor + taxed.contained_minor
