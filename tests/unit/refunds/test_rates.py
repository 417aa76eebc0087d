"""A credit note tells each rate with what it is on; whatever pieces an order goes back in, all of its notes together
tell what the order told."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.gift_cards import GiftPart
from shared.events.orders import OrderTax, PricedLine, Totals
from shared.events.taxes import Tax, TaxRules
from tests.unit.refunds.test_domain import ID, ORDER, PAYMENT, refund
from write_side.errors import Refusal
from write_side.payments import Payment
from write_side.refunds.domain import Bought, Refund
from write_side.refunds.rates import taxed_alike
from write_side.refunds.taxing import Contained, tax_charged, tax_in
from write_side.taxes.computing import Question, Taxable, answered, summed

GERMANY = [Tax("VAT", {"standard": 190_000, "reduced": 70_000, "zero": 0})]
QUEBEC = [Tax("GST", {"standard": 50_000, "reduced": 50_000, "zero": 0}),
          Tax("QST", {"standard": 99_750, "reduced": 0, "zero": 0})]  # fmt: skip

AMBIGUOUS = 7  # cents: of so little 7 % are none, either


class Good(NamedTuple):
    """A line of an order: as `taxes/` is asked about it."""

    unit: int
    quantity: int = 1
    tax_class: str = "standard"
    included: bool = False
    discount: int = 0

    @property
    def amount_minor(self) -> int:
        """What it costs, before tax or with it."""
        return max(self.unit * self.quantity - self.discount, 0)


def order(goods: Sequence[Good], shipping: int = 490, taxes: Sequence[Tax] = GERMANY, by: str = "standard") -> Bought:
    """As it is bought: SKUs are s0, s1, …"""
    parts = [Taxable(g.amount_minor, g.tax_class, g.included) for g in goods]
    found = answered(TaxRules(list(taxes), by), Question("DE", "", "", "EUR", parts, Taxable(shipping)))  # type: ignore[arg-type]
    lines = [
        PricedLine(
            f"s{n}", ID, ID, f"s{n}", g.quantity, g.unit, g.unit * g.quantity, t.added_minor,
            g.unit * g.quantity - part.amount_minor, tax_included=g.included, included_tax_minor=t.contained_minor,
        )
        for n, (g, t, part) in enumerate(zip(goods, found.lines, parts, strict=True))
    ]  # fmt: skip
    on_top = sum(t.added_minor for t in (*found.lines, *found.shipping))
    net, off = sum(line.total_minor for line in lines), sum(line.discount_minor for line in lines)
    totals = Totals("EUR", net, shipping, on_top, net - off + shipping + on_top, off)
    told = summed(found)
    payment = Payment(PAYMENT, ORDER, totals.total_minor, "EUR", "captured", "pi_1", 4)
    tax = sum(each.tax_minor for each in told)
    return Bought(lines, totals, [], payment, {}, tax_minor=tax, taxes=told)


def with_card(of: Bought, cost: int) -> Bought:
    """The same with a gift card that is sold, whose tax falls due on what is bought with it."""
    card = PricedLine("card", ID, ID, "card", 1, cost, cost, 0, gift_card=True)
    net, total = of.totals.lines_minor + cost, of.totals.total_minor + cost
    totals = structs.replace(of.totals, lines_minor=net, total_minor=total)
    payment = structs.replace(of.payment, amount_minor=totals.total_minor)
    return structs.replace(of, lines=[*of.lines, card], totals=totals, payment=payment)


def in_pieces(of: Bought, pieces: Sequence[str]) -> list[tuple[Refund, Contained]]:
    """An order goes back by these refunds (`amount`, `shipping`, a SKU), and then all that is left of it."""
    gone: list[Refund] = []
    found = []
    for n, piece in enumerate([*pieces, "rest"]):
        named: dict[str, dict[str, Any]] = {
            "rest": {}, "shipping": {"shipping": True}, "amount": {"amount_minor": 101}
        }
        wanted = named.get(piece, {"lines": [{"sku": piece, "quantity": 1}]})
        try:
            one = refund(of, gone, n, **wanted)
        except Refusal:  # nothing of it is left
            continue
        found.append((one, tax_in(one, of, gone)))
        gone.append(one)
    return found


def told(notes: Sequence[tuple[Refund, Contained]]) -> dict[tuple[str, int, bool], tuple[int, int]]:
    """Name, rate and kind → base and tax, of all of them together."""
    found: dict[tuple[str, int, bool], tuple[int, int]] = {}
    for _, note in notes:
        for tax in note.taxes:
            key = tax.name, tax.rate_ppm, tax.included
            base, share = found.get(key, (0, 0))
            found[key] = base + tax.base_minor, share + tax.tax_minor
    return found


def of_order(of: Bought) -> dict[tuple[str, int, bool], tuple[int, int]]:
    return {(t.name, t.rate_ppm, t.included): (t.base_minor, t.tax_minor) for t in of.taxes if t.base_minor}


def test_each_line_is_told_by_its_own_rate_and_the_shipping_by_its() -> None:
    of = order([Good(1000, 2), Good(999, tax_class="reduced"), Good(1190, included=True)])
    notes = in_pieces(of, ["s1", "s2", "shipping", "s0"])
    assert [note.taxes for _, note in notes] == [
        [OrderTax("VAT", 70_000, 999, 70, False)], [OrderTax("VAT", 190_000, 1000, 190, True)],
        [OrderTax("VAT", 190_000, 490, 93, False)], [OrderTax("VAT", 190_000, 1000, 190, False)],
        [OrderTax("VAT", 190_000, 1000, 190, False)],
    ]  # fmt: skip


def test_a_mere_amount_is_of_all_rates_by_what_is_left_of_each() -> None:
    of = order([Good(1000), Good(1000, tax_class="reduced")], shipping=0)
    [(_, note), *_] = in_pieces(of, ["amount"])
    assert note.taxes == [OrderTax("VAT", 190_000, 45, 8, False), OrderTax("VAT", 70_000, 45, 3, False)]


def test_two_taxes_are_on_the_same_base_and_a_buyer_who_owes_the_tax_is_told_what_it_is_on() -> None:
    [(_, note), *_] = in_pieces(order([Good(1000)], taxes=QUEBEC), ["s0"])
    assert note.taxes == [OrderTax("GST", 50_000, 1000, 50, False), OrderTax("QST", 99_750, 1000, 100, False)]
    owed = order([Good(1000)], taxes=[Tax("VAT", {"standard": 0})])
    owed = structs.replace(owed, taxes=[structs.replace(owed.taxes[0], note="reverse_charge")])
    assert in_pieces(owed, [])[0][1].taxes == [OrderTax("VAT", 0, 1490, 0, False, "reverse_charge")]


def test_what_goes_to_gift_cards_is_left_out_of_each_rate() -> None:
    of = order([Good(1000), Good(1000, tax_class="reduced")], shipping=0)
    whole = refund(of, [])
    half = structs.replace(whole, gift_cards=[GiftPart(ID, whole.amount_minor // 2)])
    note = tax_charged(half, of, [])
    assert note.taxes == [OrderTax("VAT", 190_000, 500, 95, False), OrderTax("VAT", 70_000, 500, 35, False)]
    assert note.tax_minor == 130


def test_of_a_gift_card_that_is_sold_no_rate_is_told_and_no_share_of_a_mere_amount() -> None:
    of = order([Good(10_000)])
    for each in (with_card(of, 2500), structs.replace(with_card(of, 2500), taxes=[])):
        sent, amount = in_pieces(each, ["s0"])[0][1], in_pieces(each, ["amount"])[0][1]
        assert (sent.tax_minor, amount) == (1900, in_pieces(structs.replace(of, taxes=each.taxes), ["amount"])[0][1])
        assert in_pieces(each, ["card"])[0][1] == Contained(0, [])
    assert in_pieces(with_card(of, 2500), ["s0"])[0][1].taxes == [OrderTax("VAT", 190_000, 10_000, 1900, False)]


def test_what_goes_to_gift_cards_was_not_paid_for_one_that_is_sold() -> None:
    whole = refund(with_card(order([Good(1000)], shipping=0), 2500), [])
    for goods_in_money in (0, 119, 1190):
        one = structs.replace(whole, gift_cards=[GiftPart(ID, 1190 - goods_in_money)])
        noted = tax_charged(one, with_card(order([Good(1000)], shipping=0), 2500), [])
        assert noted.tax_minor == goods_in_money * 19 // 119


def test_rates_that_do_not_fit_the_lines_are_not_made_up() -> None:
    of = order([Good(1000), Good(1000, tax_class="reduced")], shipping=0)
    wrong = structs.replace(of, taxes=[structs.replace(of.taxes[0], base_minor=900), *of.taxes[1:]])
    [(_, note)] = in_pieces(wrong, [])
    assert note == Contained(of.tax_minor, [])


_good = st.builds(
    Good, st.integers(1, 3000), st.integers(1, 3), st.sampled_from(["standard", "reduced", "zero"]), st.booleans(),
    st.integers(0, 500),
)  # fmt: skip
_pieces = st.lists(st.sampled_from(["s0", "s1", "s2", "shipping", "amount", "card"]), max_size=8)


@given(
    st.lists(_good, min_size=1, max_size=3), st.integers(0, 1500), st.sampled_from([GERMANY, QUEBEC]),
    st.sampled_from(["standard", "goods", "none"]), _pieces, st.integers(0, 300),
)  # fmt: skip
@example([Good(2, tax_class="reduced"), Good(2), Good(2)], 0, GERMANY, "goods", ["amount"], 0)
@example([Good(1), Good(1, 2, tax_class="reduced")], 0, GERMANY, "standard", [], 0)
def test_all_credit_notes_of_an_order_tell_what_it_told(
    goods: list[Good], shipping: int, taxes: list[Tax], by: str, pieces: list[str], card: int
) -> None:
    of = order(goods, shipping, taxes, by)
    of = with_card(of, card) if card else of
    if of.totals.total_minor == 0:
        return
    notes = in_pieces(of, pieces)
    assert sum(one.amount_minor for one, _ in notes) == of.totals.total_minor
    assert sum(note.tax_minor for _, note in notes) == of.tax_minor
    for one, note in notes:
        assert all(tax.base_minor >= 0 <= tax.tax_minor for tax in note.taxes)
        assert note.tax_minor <= one.amount_minor
    alike = taxed_alike(of)
    if alike[0].levies is None:  # nothing is made up
        assert taxes is QUEBEC or any(good.included or good.amount_minor <= AMBIGUOUS for good in goods)
        assert all(not note.taxes for _, note in notes)
        return
    assert {key: each for key, each in told(notes).items() if any(each)} == of_order(of)
    untaxed = sum(each.cost_minor for each in alike if each.levies == ())
    if taxes is GERMANY:
        for one, note in notes:
            lines = sum(tax.base_minor + tax.tax_minor for tax in note.taxes)
            assert one.amount_minor - untaxed <= lines <= one.amount_minor
            assert sum(tax.tax_minor for tax in note.taxes) == note.tax_minor
