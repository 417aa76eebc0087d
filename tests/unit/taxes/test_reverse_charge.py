"""Who owes the tax: a business of another member state, and nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.orders import OrderTax
from shared.events.taxes import Tax, TaxRules
from write_side.outside import NoAnswer
from write_side.taxes.computing import Question, Taxable, Taxed, Taxes, answered, summed
from write_side.taxes.providers import check
from write_side.taxes.reverse_charge import MEMBERS, is_reverse_charged, reverse_charged

RULES = TaxRules([Tax("VAT", {"standard": 200_000, "reduced": 100_000})], "goods")
LINES = [Taxable(1000), Taxable(333, "reduced"), Taxable(1200, included=True)]


def sold_to(vat_id: str, country: str = "AT") -> Question:
    return Question(country, "", "", "EUR", LINES, Taxable(490), vat_id)


@pytest.mark.parametrize(
    ("home", "vat_id", "country", "owed_by_the_buyer"),
    [
        ("DE", "ATU13585627", "AT", True),
        ("DE", "FR40303265045", "AT", True),  # registered in a third member state
        ("AT", "EL094259216", "GR", True),
        ("GR", "EL094259216", "AT", False),  # registered where the shop is: EL is GR
        ("DE", "", "AT", False),
        ("DE", "DE136695976", "AT", False),
        ("DE", "ATU13585627", "DE", False),  # the goods never leave
        ("DE", "ATU13585627", "CH", False),  # an export, as it is for everybody
        ("DE", "XI980780684", "GB", False),
        ("", "ATU13585627", "AT", False),
        ("GB", "ATU13585627", "AT", False),
    ],
)
def test_only_a_business_of_another_member_state_owes_it(
    home: str, vat_id: str, country: str, owed_by_the_buyer: bool
) -> None:
    assert is_reverse_charged(home, sold_to(vat_id, country)) is owed_by_the_buyer


@given(home=st.sampled_from(sorted(MEMBERS)), country=st.sampled_from(sorted(MEMBERS)))
def test_between_any_two_member_states_it_is_the_same(home: str, country: str) -> None:
    prefix = "EL" if country == "GR" else country
    assert is_reverse_charged(home, sold_to(f"{prefix}123", country)) is (home != country)


def test_nothing_is_charged_then_and_prices_stay_what_they_are() -> None:
    question = sold_to("ATU13585627")
    taxes = answered(reverse_charged(RULES), question)._replace(reverse_charge=True)
    check(question, taxes)
    assert summed(taxes) == [
        OrderTax("VAT", 0, 1000 + 333 + 490, 0, included=False, note="reverse_charge"),
        OrderTax("VAT", 0, 1200, 0, included=True, note="reverse_charge"),
    ]


def test_who_says_that_the_buyer_owes_it_and_charges_it_gives_no_answer() -> None:
    question = sold_to("ATU13585627")
    with pytest.raises(NoAnswer):
        check(question, answered(RULES, question)._replace(reverse_charge=True))
    check(structs.replace(question, vat_id=""), answered(RULES, question))


def test_who_says_that_the_buyer_owes_it_names_the_tax_or_gives_no_answer() -> None:
    """The note stands beside a tax, of rate 0: without one, mail and invoice would say nothing of who owes it."""
    question = sold_to("ATU13585627")
    nameless = [Taxed((), (), part.amount_minor, part.included) for part in question.lines]
    check(question, Taxes(nameless, []))
    with pytest.raises(NoAnswer):
        check(question, Taxes(nameless, [], reverse_charge=True))
    cards = structs.replace(question, lines=[Taxable(0, "gift-card")], shipping=Taxable(0))
    check(cards, Taxes([Taxed((), (), 0, included=False)], [], reverse_charge=True))
