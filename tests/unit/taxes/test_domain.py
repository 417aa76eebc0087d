"""Which taxes may be set, and what they come to."""

from uuid import UUID

import pytest

from shared.events.orders import OrderTax
from shared.events.shipping import DestinationSet
from shared.events.taxes import Tax, TaxRules
from write_side.outside import NoAnswer
from write_side.shipping.seeds import ZONES
from write_side.taxes import domain
from write_side.taxes.computing import Question, Taxable, Taxed, Taxes, answered, summed, taxed
from write_side.taxes.domain import AreaInput, BrokenTaxes, Destination, TaxesInput, TaxInput
from write_side.taxes.providers import check
from write_side.taxes.seeds import SEED

ID = UUID(int=1)
VAT = Tax("VAT", {"standard": 190_000, "reduced": 70_000})
GST, QST = Tax("GST", {"standard": 50_000, "books": 50_000}), Tax("QST", {"standard": 99_750, "books": 0})
FREE = Taxable(0)


def set_in(country: str, said: TaxesInput) -> Destination:
    event = domain.set_taxes(None, country, said, ID)
    assert event is not None
    return domain.evolve(None, event, 1)


def ask(*lines: Taxable, shipping: Taxable = FREE) -> Question:
    return Question("DE", "", "", "EUR", lines, shipping)


# --- what they come to -----------------------------------------------------------------------------------------------


def test_taxes_of_a_part_are_rounded_once_together_and_shared_by_their_rates() -> None:
    # 14.975 % of 1.00 is 14.975 cents: 15, of which GST has 5 and QST 10. Each alone would be 5 and 10, of 0.90 4 or 5.
    assert taxed(Taxable(100), [GST, QST]).shares == (5, 10)
    assert taxed(Taxable(90), [GST, QST]).shares == (4, 9)  # 13.4775, and not round(4.5) + round(8.9775) = 14


def test_half_a_cent_is_rounded_up() -> None:
    assert taxed(Taxable(50), [Tax("VAT", {"standard": 10_000})]).shares == (1,)


def test_a_price_that_includes_tax_stays_what_it_is() -> None:
    part = taxed(Taxable(1190, included=True), [VAT])
    assert (part.base_minor, part.contained_minor, part.added_minor) == (1000, 190, 0)
    untaxed = taxed(Taxable(1190, included=True), [])
    assert (untaxed.base_minor, untaxed.contained_minor) == (1190, 0)


@pytest.mark.parametrize(("tax_class", "rate"), [("reduced", 70_000), ("standard", 190_000), ("redcued", 190_000),
                                                 ("zero", 0)])  # fmt: skip
def test_a_class_that_nobody_set_pays_the_standard_rate_but_zero(tax_class: str, rate: int) -> None:
    assert taxed(Taxable(100, tax_class), [VAT]).levies == (("VAT", rate),)


def test_a_class_may_be_called_zero_and_pay_all_the_same() -> None:
    assert taxed(Taxable(100, "zero"), [Tax("VAT", {"standard": 1, "zero": 50_000})]).shares == (5,)


def test_shipping_is_taxed_like_the_goods_in_proportion_to_what_they_cost() -> None:
    question = ask(Taxable(2000), Taxable(1000, "reduced"), shipping=Taxable(500))
    taxes = answered(TaxRules([VAT], "goods"), question)
    assert [(part.base_minor, part.shares) for part in taxes.shipping] == [(333, (63,)), (167, (12,))]
    assert summed(taxes) == [
        OrderTax("VAT", 190_000, 2333, 443, False), OrderTax("VAT", 70_000, 1167, 82, False),
    ]  # fmt: skip


def test_shipping_of_goods_that_cost_nothing_is_taxed_as_standard() -> None:
    taxes = answered(TaxRules([VAT], "goods"), ask(Taxable(0, "reduced"), shipping=Taxable(100)))
    assert [part.shares for part in taxes.shipping] == [(19,)]


def test_shipping_is_taxed_as_standard_unless_told() -> None:
    taxes = answered(TaxRules([VAT]), ask(Taxable(100, "reduced"), shipping=Taxable(100)))
    assert [part.shares for part in taxes.shipping] == [(19,)]


def test_shipping_may_be_untaxed() -> None:
    assert answered(TaxRules([VAT], "none"), ask(Taxable(100), shipping=Taxable(100))).shipping == []


def test_what_is_in_prices_and_what_is_on_top_are_told_apart() -> None:
    taxes = answered(TaxRules([VAT]), ask(Taxable(119, included=True), Taxable(100), shipping=Taxable(100)))
    assert summed(taxes) == [OrderTax("VAT", 190_000, 100, 19, True), OrderTax("VAT", 190_000, 200, 38, False)]


# --- whose rules hold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "postcode", "names"),
    [("", "", ["GST"]), ("ON", "", ["HST"]), ("qc", "G1R 4P5", ["GST", "QST"]), ("ON", "K1A 0A6", ["none"])],
)
def test_the_area_that_names_a_place_most_closely_holds(region: str, postcode: str, names: list[str]) -> None:
    def named(*names: str) -> list[TaxInput]:
        return [TaxInput(name, {"standard": 1}) for name in names]

    ontario, quebec = AreaInput(named("HST"), ["ON"]), AreaInput(named("GST", "QST"), ["QC"])
    canada = set_in("CA", TaxesInput(named("GST"), [ontario, quebec, AreaInput(named("none"), ["NU"], ["K1A"])]))
    assert [tax.name for tax in domain.rules_at(canada, region, postcode).taxes] == names


def test_the_canary_islands_are_no_part_of_the_european_tax_area() -> None:
    spain = set_in("ES", SEED["ES"])
    assert domain.rules_at(spain, "", "35001") == TaxRules([], duties_due=True)
    assert domain.rules_at(spain, "", "28013").taxes[0].rates["standard"] == 210_000


# --- which may be set ------------------------------------------------------------------------------------------------


def test_the_present_taxes_are_no_event() -> None:
    said = TaxesInput([TaxInput("VAT", VAT.rates)])
    assert domain.set_taxes(set_in("DE", said), "DE", said, ID) is None


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        (TaxesInput([TaxInput("VAT", {"reduced": 1})]), "/taxes/0/rates"),
        (TaxesInput([TaxInput("VAT", {"standard": 1})] * 2), "/taxes/1/name"),
        (TaxesInput([TaxInput(" ", {"standard": 1})]), "/taxes/0/name"),
        (TaxesInput([], [AreaInput([])]), "/areas/0"),
        (TaxesInput([], [AreaInput([], ["QC"]), AreaInput([], ["QC"])]), "/areas/1"),
        (TaxesInput([], [AreaInput([TaxInput("VAT", {})], ["QC"])]), "/areas/0/taxes/0/rates"),
    ],
)
def test_what_could_not_be_meant_is_pointed_at(said: TaxesInput, pointer: str) -> None:
    with pytest.raises(BrokenTaxes) as refused:
        domain.set_taxes(None, "CA", said, ID)
    assert refused.value.facts["pointer"] == pointer


def test_the_one_rate_of_earlier_times_is_for_everything() -> None:
    old = domain.evolve(None, DestinationSet(ID, "DE", 1900, {"EUR": 490}), 1)
    assert (old.rules, old.rates) == (TaxRules([Tax("Tax", {"standard": 190_000})]), {"EUR": 490})
    event = domain.set_taxes(old, "DE", SEED["DE"], UUID(int=2))
    assert event is not None
    now = domain.evolve(old, event, 2)
    assert (now.id, now.rates, now.rules.shipping) == (ID, {"EUR": 490}, "goods")


def test_the_first_destinations_are_those_of_the_first_zones() -> None:
    assert {place.country for zone in ZONES.values() for place in zone.places} == SEED.keys()
    assert all(set_in(country, said).country == country for country, said in SEED.items())


# --- what a provider may answer --------------------------------------------------------------------------------------

LINE = Taxed((("VAT", 190_000),), (19,), 100, False)


@pytest.mark.parametrize(
    "taxes",
    [
        Taxes([], []),
        Taxes([LINE._replace(base_minor=99)], []),
        Taxes([LINE._replace(included=True, base_minor=81)], []),
        Taxes([LINE._replace(shares=(-1,))], []),
        Taxes([LINE._replace(shares=(19, 1))], []),
        Taxes([LINE], [LINE._replace(base_minor=51)]),
    ],
)
def test_an_answer_that_does_not_add_up_is_none(taxes: Taxes) -> None:
    question = ask(Taxable(100), shipping=Taxable(50))
    check(question, Taxes([LINE], [LINE._replace(base_minor=50)]))
    with pytest.raises(NoAnswer):
        check(question, taxes)
