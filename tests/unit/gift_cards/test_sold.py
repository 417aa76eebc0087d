"""Gift cards that are bought: what each is worth, and which of them a refund takes back."""

from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.orders import PricedLine
from write_side.gift_cards.domain import GiftCard
from write_side.gift_cards.sold import MOST_SOLD, TooManyGiftCards, check_bought, refundable, taken_back, worth

ID = UUID(int=1)
FAILED, MADE = UUID(int=8), UUID(int=9)


def line(quantity: int, total: int, discount: int = 0, sku: str = "card") -> PricedLine:
    return PricedLine(sku, ID, ID, "Gift card", quantity, 0, total, 0, discount, gift_card=True)


def card(n: int, balance: int, refund_id: UUID | None = None, *, blocked: bool = False) -> GiftCard:
    state: Literal["active", "blocked"] = "blocked" if blocked or refund_id else "active"
    return GiftCard(UUID(int=n), f"mark {n}", 5000, "EUR", None, state, balance, 1, ID, "card", refund_id)


@given(st.integers(1, 50), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_cards_of_a_line_are_worth_what_was_paid_for_them_to_the_cent(q: int, total: int, off: int) -> None:
    values = worth(line(q, total, min(off, total)), 0)
    assert sum(values) == total - min(off, total)
    assert all(value > 0 for value in values)
    assert not values or max(values) - min(values) <= 1


def test_one_order_buys_no_more_gift_cards_than_are_issued_in_a_short_transaction() -> None:
    check_bought(MOST_SOLD)
    with pytest.raises(TooManyGiftCards):
        check_bought(MOST_SOLD + 1)


@pytest.mark.parametrize(("released", "values"), [(0, [34, 33, 33]), (2, [34]), (3, [])])
def test_none_is_issued_of_what_was_not_charged(released: int, values: list[int]) -> None:
    assert worth(line(3, 100), released) == values


def test_a_refund_takes_back_the_fullest_cards_and_none_that_are_spent_or_were_taken_back() -> None:
    lost = card(6, 5000, blocked=True)
    held = [card(1, 0), card(2, 1200), card(3, 5000), card(4, 5000, MADE), card(5, 700, FAILED), lost]
    found = refundable([line(6, 30_000)], held, [FAILED])
    assert [each.id.int for each in found["card"]] == [3, 2, 5]
    taken = taken_back(found, {"card": 2, "lamp": 1}, MADE)
    assert [(each.id.int, event.refund_id) for each, event in taken] == [(3, MADE), (2, MADE)]
