"""Goods that gift cards paid for, beside a gift card that is bought in the same order."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.gift_cards import GiftPart
from tests.properties.values import BOUNDED
from tests.unit.refunds.test_domain import ID, bought, lines, refund
from write_side import gift_cards
from write_side.errors import Refusal
from write_side.gift_cards import GiftCard
from write_side.refunds.domain import Bought, NothingToRefund, Refund, RefundExceedsCaptured

CARD, GOODS = 5000, 4 * 1000 + 760 + 595  # what each costs in all; lamps with their tax, shipping with its


def order(gift: int) -> Bought:
    """A card and four lamps; so much of these is paid by an older card."""
    whole = bought(("card", 1, CARD, 0), ("lamp", 4, 1000, 760))
    sold = [structs.replace(line, gift_card=line.sku == "card") for line in whole.lines]
    charged = structs.replace(whole.payment, amount_minor=CARD + GOODS - gift)
    return structs.replace(whole, lines=sold, payment=charged, gift_cards=[GiftPart(ID, gift)])


def in_money(done: list[Refund]) -> int:
    return sum(each.counted_minor - gift_cards.paid_by(each.gift_cards) for each in done)


def went(of: Bought, done: list[Refund], asks: list[tuple[Any, bool]]) -> Iterator[None]:
    """Each that is granted, failed or not, stands in `done`."""
    for n, (wanted, fails) in enumerate(asks):
        try:
            asked = refund(of, done, n, **wanted)
        except Refusal:
            continue
        done.append(structs.replace(asked, state="failed") if fails else asked)
        yield


def kept(of: Bought, *balances: int) -> Bought:
    """So much is left on the cards, of those of which anything is."""
    cards = [GiftCard(UUID(int=n), "", CARD, "EUR", None, "active", left, 1) for n, left in enumerate(balances)]
    return structs.replace(of, cards={"card": cards})


def left(of: Bought, done: list[Refund], **wanted: Any) -> int:
    """How much of what is asked for too much is left."""
    with pytest.raises(RefundExceedsCaptured) as refused:
        refund(of, done, 9, **wanted)
    return int(refused.value.facts["left_minor"])


def test_goods_go_back_for_no_more_than_is_left_without_a_card_that_stays_good() -> None:
    of = kept(order(0), CARD)
    done = [refund(of, [], 1, amount_minor=GOODS - 300)]
    for wanted in ({"lines": lines(lamp=4)}, {"shipping": True}, {"amount_minor": 301}):
        assert left(of, done, **wanted) == 300
    assert refund(of, done, 2, amount_minor=300).amount_minor == 300
    assert refund(of, done, 2, lines=lines(card=1)).amount_minor == CARD
    assert refund(of, done, 2).amount_minor == CARD + 300


def test_where_more_went_back_than_goods_have_cost_nothing_is_left_beside_a_spent_card() -> None:
    of = kept(order(0))
    outside = structs.replace(refund(kept(order(0), CARD), [], 1), lines=[], shipping_minor=0, amount_minor=GOODS + 100)
    assert left(of, [outside], amount_minor=1) == left(of, [outside], lines=lines(lamp=1)) == 0
    with pytest.raises(NothingToRefund):
        refund(of, [outside], 2)


WANTED: list[dict[str, Any]] = [
    {"lines": lines(lamp=1)}, {"lines": lines(lamp=3)}, {"shipping": True}, {"amount_minor": 700}, {},
    {"lines": lines(card=1)}, {"lines": lines(card=1, lamp=1)},
]  # fmt: skip


@BOUNDED
@given(
    gift=st.integers(0, GOODS),
    asks=st.lists(st.tuples(st.sampled_from(WANTED[:4]), st.booleans()), max_size=8),
)
def test_goods_go_back_in_money_for_no_more_than_was_charged_for_them(gift: int, asks: list[tuple[Any, bool]]) -> None:
    of, done = order(gift), list[Refund]()
    for _ in went(of, done, asks):
        counted = sum(each.counted_minor for each in done)
        assert in_money(done) <= GOODS - gift or counted > GOODS, "or more went back than goods have cost, as amounts"
        assert all(each.charged_minor >= 0 for each in done)


@BOUNDED
@given(
    gift=st.integers(0, GOODS), outside=st.integers(0, CARD),
    asks=st.lists(st.tuples(st.sampled_from(WANTED), st.booleans()), max_size=8),
)  # fmt: skip
def test_whatever_went_back_at_the_provider_no_more_goes_back_in_money_than_was_charged(
    gift: int, outside: int, asks: list[tuple[Any, bool]]
) -> None:
    of, done = order(gift), list[Refund]()
    if outside:
        done.append(structs.replace(refund(of, [], 99, amount_minor=outside), gift_cards=[], reason="made_outside"))
    for _ in went(of, done, asks):
        assert all(each.charged_minor >= 0 for each in done)
    assert in_money(done) <= of.charged_minor
    assert sum(gift_cards.paid_by(each.gift_cards) for each in done) <= gift
