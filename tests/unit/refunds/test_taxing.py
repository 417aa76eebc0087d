"""How much tax is in a refund: whatever pieces an order goes back in, their taxes come to its own."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.gift_cards import GiftPart
from tests.unit.refunds.test_domain import ID, bought, refund
from write_side.errors import Refusal
from write_side.refunds.domain import Bought, Refund
from write_side.refunds.taxing import tax_charged, tax_in

# Three lamps at 19 %, a book at 7 %, shipping of 500 with 95.
OF = structs.replace(bought(("lamp", 3, 1000, 570), ("book", 1, 999, 70)), tax_minor=735)


def tax(one: Refund, of: Bought, earlier: list[Refund]) -> int:
    """Its tax; `OF` tells no rates, like old orders."""
    found = tax_in(one, of, earlier)
    assert found.taxes == []
    return found.tax_minor


def test_a_line_has_its_own_tax_and_the_shipping_has_its() -> None:
    book = refund(OF, [], lines=[{"sku": "book", "quantity": 1}])
    shipping = refund(OF, [book], 2, shipping=True)
    amount = refund(OF, [book, shipping], 3, amount_minor=1000)
    taxes = [tax(book, OF, []), tax(shipping, OF, [book]), tax(amount, OF, [book, shipping])]
    assert taxes == [70, 95, 735 * 1000 // OF.totals.total_minor]


def test_what_goes_to_gift_cards_has_its_share() -> None:
    whole = refund(OF, [])
    half = structs.replace(whole, gift_cards=[GiftPart(ID, whole.amount_minor // 2)])
    assert (tax_charged(half, OF, []).tax_minor, tax(half, OF, [])) == (368, OF.tax_minor)


def test_what_is_left_always_holds_the_tax_that_is_left() -> None:
    """Where an order doesn't tell its rates, amounts may be said to hold less tax than the goods of whose price they
    were; then what is taxed less is sent back as goods."""
    of = structs.replace(bought(("book", 1, 1000, 0), ("lamp", 1, 1000, 70), shipping=0), tax_minor=165)
    amount = refund(of, [], amount_minor=1155)
    book = refund(of, [amount], 2, lines=[{"sku": "book", "quantity": 1}])
    rest = refund(of, [amount, book], 3)
    taxes = [tax(amount, of, []), tax(book, of, [amount]), tax(rest, of, [amount, book])]
    assert (rest.amount_minor, taxes) == (10, [88, 67, 10])


@given(st.lists(st.sampled_from(["lamp", "book", "shipping", "amount"]), max_size=6))
def test_all_pieces_come_to_the_tax_of_the_order(pieces: list[str]) -> None:
    gone, taxes = list[Refund](), list[int]()
    for n, piece in enumerate([*pieces, "rest"]):
        one = _refunded(OF, gone, n, piece)
        if one is not None:
            taxes.append(tax(one, OF, gone))
            gone.append(one)
    assert sum(each.amount_minor for each in gone) == OF.totals.total_minor
    assert sum(taxes) == OF.tax_minor
    assert all(0 <= each <= one.charged_minor for each, one in zip(taxes, gone, strict=True))


def _refunded(of: Bought, gone: list[Refund], n: int, piece: str) -> Refund | None:
    left = of.totals.total_minor - sum(each.amount_minor for each in gone)
    taken = {line.sku for each in gone for line in each.lines}
    if piece == "rest":
        return refund(of, gone, n) if left else None
    if piece == "amount":
        return refund(of, gone, n, amount_minor=min(333, left)) if left else None
    if piece in taken and piece == "book":
        return None
    wanted = {"shipping": True} if piece == "shipping" else {"lines": [{"sku": piece, "quantity": 1}]}
    try:
        return refund(of, gone, n, **wanted)
    except Refusal:  # less than that is left
        return None
