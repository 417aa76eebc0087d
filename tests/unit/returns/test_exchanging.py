"""Other goods instead of money: what they cost, and what becomes of the wish."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from projector.read_models.order_returns import returns_after
from shared.documents.orders import StatusReturn
from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation, PricedLine
from shared.events.returns import (
    Exchange,
    ReplacementFailed,
    ReplacementPlaced,
    ReturnApproved,
    ReturnCancelled,
    ReturnedUnits,
    ReturnEvent,
    ReturnExpired,
    ReturnReceived,
    ReturnRejected,
    ReturnRequested,
)
from tests.properties.values import BOUNDED
from tests.unit.returns.test_domain import ID, NOW, ORDER
from write_side.orders.bundling import Offer, Part
from write_side.orders.replacing import Today, Wish, cheaper, laid_beside, no_dearer, without_a_turn
from write_side.pricing import UnitPrice
from write_side.returns.domain import (
    Return,
    cancel,
    evolve,
    expire,
)
from write_side.returns.exchanging import (
    check_came,
    check_held,
    check_pieces,
    counted_already,
    earned,
    replacement_of,
)
from write_side.returns.refusals import (
    NoReplacement,
    NotExchangeable,
    NotHeld,
    ReturnNotOpen,
    TooLittleCame,
)

NEW = UUID(int=77)
WISH = Exchange(UUID(int=5), [ParcelLine("bulb", 2)], 714, 1190, "EUR")
REQUESTED = ReturnRequested(ID, ORDER, [ParcelLine("lamp", 1)], "other", "customer", WISH)
APPROVED = ReturnApproved(ID, ORDER, "BER", NOW, NEW, [Allocation("bulb", "BER", 2)])
PLACED = ReplacementPlaced(ID, ORDER, NEW, UUID(int=6), 714, 0, "EUR", False)
RECEIVED = ReturnReceived(ID, ORDER, "BER", [], UUID(int=6))


def after(*events: ReturnEvent) -> Return:
    each: Return | None = None
    for n, event in enumerate(events, 1):
        each = evolve(each, event, n)
    assert each is not None
    return each


@pytest.mark.parametrize(
    ("events", "how"),
    [
        ((), "wished"),
        ((APPROVED,), "held"),
        ((structs.replace(APPROVED, replacement_id=None),), "refused"),
        ((APPROVED, PLACED, RECEIVED), "placed"),
        ((APPROVED, PLACED, ReturnExpired(ID, ORDER)), "placed"),
        ((APPROVED, PLACED, RECEIVED, ReplacementFailed(ID, ORDER, "not_paid")), "failed"),
        ((APPROVED, ReturnExpired(ID, ORDER)), "dropped"),
        ((APPROVED, ReturnCancelled(ID, ORDER)), "dropped"),
        ((ReturnRejected(ID, ORDER, "used"),), "dropped"),
    ],
)
def test_customers_and_staff_are_told_the_same_of_a_wish(events: tuple[Any, ...], how: str) -> None:
    each, shown = after(REQUESTED, *events), tuple[StatusReturn, ...]()
    for event in (REQUESTED, *events):
        shown = returns_after(shown, NOW, event)
    assert (each.exchange_state, shown[0].exchange, shown[0].state) == (how, how, each.state)


def test_what_is_sent_is_not_sent_again_nor_called_off() -> None:
    placed = after(REQUESTED, APPROVED, PLACED)
    assert replacement_of(placed) == NEW
    with pytest.raises(NotHeld):
        check_held(placed)
    with pytest.raises(ReturnNotOpen):
        cancel(placed)
    held = after(REQUESTED, APPROVED)
    check_held(held)
    with pytest.raises(NoReplacement):
        replacement_of(held)


def test_what_does_not_come_in_time_is_not_waited_for_unless_it_lies_at_our_door() -> None:
    each = after(REQUESTED, APPROVED)
    assert expire(each, NOW - timedelta(seconds=1)) is None
    assert expire(each, NOW) == ReturnExpired(ID, ORDER)
    assert expire(structs.replace(each, tracking="in_transit"), NOW) == ReturnExpired(ID, ORDER)
    assert expire(structs.replace(each, tracking="delivered"), NOW) is None
    assert expire(structs.replace(each, expires_at=None), NOW) is None
    assert expire(after(REQUESTED), NOW) is None


def offer(product: int, amount: int, *, included: bool = False) -> Offer:
    return Offer(UUID(int=product), UUID(int=product), "Lamp", UnitPrice(amount, tax_included=included))


def wished(wanted: dict[str, int], given: dict[str, int]) -> Wish:
    return Wish(wanted, given, 0)


def test_so_many_pieces_may_be_held_for_those_that_come_back() -> None:
    check_pieces({"bulb": 2, "chair": 4}, {"lamp": 2})
    with pytest.raises(NotExchangeable):
        check_pieces({"bulb": 3, "chair": 4}, {"lamp": 2})


BOUGHT = [PricedLine("lamp-m", UUID(int=1), UUID(int=1), "Lamp", 3, 1000, 3000, 0, 301)]  # 899 for one


def costs(amount: int | None, *, included: bool = False) -> Today:
    """What comes back costs so much today."""
    return lambda sku, quantity: None if amount is None else UnitPrice(amount, tax_included=included)


def test_of_the_same_product_nothing_costs_more_than_was_paid() -> None:
    offers = {"lamp-l": offer(1, 1200), "lamp-s": offer(1, 800), "chair": offer(2, 5000)}
    dear = no_dearer(offers, BOUGHT, wished({"lamp-l": 1, "chair": 9}, {"lamp-m": 1}), costs(1200))
    assert {sku: each.price.amount_minor for sku, each in dear.items()} == {"lamp-l": 899, "lamp-s": 800, "chair": 5000}
    today = costs(1200)
    assert no_dearer(offers, BOUGHT, wished({"lamp-l": 1}, {"chair": 1}), today) == offers, "only what comes back"
    assert no_dearer(offers, BOUGHT, wished({"lamp-l": 1, "lamp-s": 1}, {"lamp-m": 1}), today) == offers, "nor one more"
    other = {"lamp-l": offer(1, 1200, included=True)}
    assert no_dearer(other, BOUGHT, wished({"lamp-l": 1}, {"lamp-m": 1}), today) == other, "with tax is not without"


@pytest.mark.parametrize(
    ("today", "asked"),
    [
        (costs(1000), 1099),  # paid 899 for what costs 1000 today, and what is 200 dearer
        (costs(1300), 899),  # the dearer one comes back
        (costs(900), 1199),
        (costs(800), 1200),  # what was dear then: never more than today
        (costs(None), 1200),  # it is not sold any more: nothing to compare with
        (costs(1000, included=True), 1200),
    ],
)
def test_what_is_a_dearer_variant_today_is_not_had_for_the_price_of_another(today: Today, asked: int) -> None:
    dear = no_dearer({"lamp-l": offer(1, 1200)}, BOUGHT, wished({"lamp-l": 1}, {"lamp-m": 1}), today)
    assert dear["lamp-l"].price.amount_minor == asked


def test_what_one_price_does_not_allow_is_taken_off_the_next() -> None:
    offers = {"bulb": offer(1, 1000), "lamp": offer(2, 90_000)}
    found = cheaper(offers, {"bulb": 2, "lamp": 1}, 17_500)
    assert {sku: each.price.amount_minor for sku, each in found.items()} == {"bulb": 0, "lamp": 74_500}


SALE = [
    PricedLine("small-red", UUID(int=1), UUID(int=1), "Lamp", 1, 500, 500, 0, 0),
    PricedLine("big-red", UUID(int=1), UUID(int=2), "Lamp", 1, 1500, 1500, 0, 0),
]
BACK = {"small-red": 1, "big-red": 1}


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ({"small-blue": 1, "big-blue": 1}, {"small-blue": 500, "big-blue": 1500}),  # another colour costs nothing
        ({"big-blue": 2}, {"big-blue": 2000}),  # one for the big one's 1500, one for 500 and the 2000 it is dearer by
        ({"big-blue": 1}, {"big-blue": 1500}),
        ({"small-blue": 2}, {"small-blue": 750}),  # 500, and no more than today's 1000 for the big one's 1500
    ],
)
def test_each_piece_is_laid_beside_one_that_comes_back(wanted: dict[str, int], asked: dict[str, int]) -> None:
    prices = {"small-red": 1000, "small-blue": 1000, "big-red": 3000, "big-blue": 3000}
    offers = {sku: offer(1, prices[sku]) for sku in wanted}
    found = no_dearer(offers, SALE, wished(wanted, BACK), lambda sku, _: UnitPrice(prices[sku]))
    assert {sku: each.price.amount_minor for sku, each in found.items()} == asked


@pytest.mark.parametrize(
    ("wanted", "beside"),
    [
        ({"small-blue": 1, "big-blue": 1}, {"small-red": 1, "big-red": 1}),
        ({"big-blue": 1}, {"big-red": 1}),  # by which its price is measured: small ones are no reason for it
        ({"small-blue": 1}, {}),  # costs what it costs today
        ({"chair": 9}, {}),
    ],
)
def test_what_costs_less_than_today_says_which_pieces_have_to_come_for_it(
    wanted: dict[str, int], beside: dict[str, int]
) -> None:
    prices = {"small-red": 1000, "small-blue": 1000, "big-red": 3000, "big-blue": 3000, "chair": 1}
    listed = {sku: offer(9 if sku == "chair" else 1, prices[sku]) for sku in wanted}
    asked: tuple[Any, ...] = (SALE, wished(wanted, BACK), lambda sku, _: UnitPrice(prices[sku]))
    assert laid_beside(listed, no_dearer(listed, *asked), *asked) == beside


@pytest.mark.parametrize(
    ("kept", "beside"),
    [
        ([], {}),
        (["lamp"], {"lamp": 3}),  # two alone, and one in the set
        (["set"], {"lamp": 1, "bulb": 2}),
        (["set", "bulb"], {"lamp": 1, "bulb": 4}),
        (["chair"], {}),  # nothing of it comes back, and `check_passes` refuses it
    ],
)
def test_of_what_is_sold_by_turns_alone_as_many_have_to_come_as_are_wished(
    kept: list[str], beside: dict[str, int]
) -> None:
    offers = {sku: offer(1, 1000) for sku in ("lamp", "bulb", "chair")}
    parts = [Part(sku, quantity, ID, ID, "", None) for sku, quantity in (("lamp", 1), ("bulb", 2))]
    offers["set"] = structs.replace(offer(2, 2000), parts=parts)
    wish = wished({"lamp": 2, "bulb": 2, "set": 1, "chair": 1}, {"lamp": 4, "bulb": 9, "desk": 1})
    assert without_a_turn(wish, offers, kept) == beside


def test_nothing_is_sent_at_a_price_for_pieces_that_did_not_come() -> None:
    lamps = structs.replace(WISH, beside=[ParcelLine("lamp", 2)])
    each = after(structs.replace(REQUESTED, exchange=lamps), APPROVED)
    check_came(each, [ParcelLine("lamp", 1), ParcelLine("lamp", 1)])
    check_came(after(REQUESTED, APPROVED), [])
    with pytest.raises(TooLittleCame):
        check_came(each, [ParcelLine("lamp", 1), ParcelLine("chair", 5)])


@BOUNDED
@given(quantity=st.integers(1, 20), price=st.integers(100, 10_000), by=st.integers(1, 49))
def test_a_difference_too_small_to_be_charged_is_taken_off(quantity: int, price: int, by: int) -> None:
    less = cheaper({"lamp": offer(1, price)}, {"lamp": quantity}, by)["lamp"].price.amount_minor
    assert by <= quantity * (price - less) < by + quantity


@BOUNDED
@given(
    credit=st.integers(0, 100_000), costs=st.lists(st.integers(0, 9_999), min_size=1, max_size=4),
    came=st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=4, max_size=4),
)  # fmt: skip
def test_of_a_credit_no_more_is_given_back_than_came_and_all_of_it_for_all(
    credit: int, costs: list[int], came: list[tuple[int, bool]]
) -> None:
    lines = [PricedLine(f"sku-{n}", ID, ID, "Lamp", 4, cost, cost * 4, 0) for n, cost in enumerate(costs)]
    carried = [ParcelLine(line.sku, 4) for line in lines]
    units = [
        ReturnedUnits(line.sku, quantity, "damaged", paid) for line, (quantity, paid) in zip(lines, came, strict=False)
    ]
    given_back = earned(credit, units, carried, lines)
    assert 0 <= given_back <= credit
    everything = [ReturnedUnits(line.sku, 4, "sellable", True) for line in lines]
    assert earned(credit, everything, carried, lines) == credit
    if any(costs):
        assert earned(credit, [], carried, lines) == 0
        here = sum(cost * unit.quantity for cost, unit in zip(costs, units, strict=True) if unit.refunded)
        assert given_back == credit * here // (4 * sum(costs))


def test_whose_goods_paid_an_exchange_does_not_keep_them_though_it_fell_through() -> None:
    with pytest.raises(ReturnNotOpen):
        cancel(after(REQUESTED, APPROVED, PLACED, ReplacementFailed(ID, ORDER, "cancelled")))


@BOUNDED
@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9))
def test_limits_are_asked_anew_of_just_what_grew_because_less_came(wished: int, announced: int, came: int) -> None:
    came = min(came, announced)
    counted = counted_already({"lamp": wished}, {"lamp": announced}, {"lamp": came})
    held, placed = max(wished - announced, 0), max(wished - came, 0)
    assert wished - counted["lamp"] == placed - held >= 0
