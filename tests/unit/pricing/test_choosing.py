"""Which of all prices a line is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from write_side.pricing.choosing import Asked, PriceBook, PriceRows, UnitPrice
from write_side.pricing.lists.domain import PriceList, PriceListInput, terms_of

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GUEST = Asked("EUR", "web", frozenset(), NOW)


def price_list(n: int, **said: Any) -> PriceList:
    return PriceList(UUID(int=n), terms_of(PriceListInput(f"No. {n}", "EUR", **said)), "running", 1)


def book(*lists: tuple[PriceList, dict[int, int]], own: int | None = 1000, **scheduled: Any) -> PriceBook:
    """A lamp's prices: its own, and by list its tiers, quantity → minor units."""
    tiers = [("lamp", one.id, quantity, amount) for one, said in lists for quantity, amount in said.items()]
    prices = [] if own is None else [("lamp", "EUR", own)]
    come = [("lamp", "EUR", at, amount) for at, amount in scheduled.get("scheduled", ())]
    return PriceBook(PriceRows(prices, come, [one for one, _ in lists], tiers))


def asked_of(*lists: tuple[PriceList, dict[int, int]], quantity: int = 1, by: Asked = GUEST) -> int | None:
    chosen = book(*lists).unit_price("lamp", quantity, by)
    return None if chosen is None else chosen.amount_minor


def test_without_a_list_it_is_the_sku_s_own_price() -> None:
    assert book().unit_price("lamp", 3, GUEST) == UnitPrice(1000)
    assert book().unit_price("sofa", 3, GUEST) is None
    assert book().unit_price("lamp", 3, GUEST._replace(currency="USD")) is None
    assert book(own=None).unit_price("lamp", 1, GUEST) is None


def test_a_list_sells_what_has_no_price_of_its_own() -> None:
    wholesale = price_list(1, groups=["wholesale"])
    prices = book((wholesale, {1: 700}), own=None)
    assert prices.unit_price("lamp", 1, GUEST._replace(groups=frozenset({"wholesale"}))) == UnitPrice(700, wholesale.id)
    assert prices.unit_price("lamp", 1, GUEST) is None


@pytest.mark.parametrize(("quantity", "amount"), [(1, 1000), (4, 1000), (5, 900), (9, 900), (10, 800), (99, 800)])
def test_the_highest_tier_that_is_reached_goes(quantity: int, amount: int) -> None:
    assert asked_of((price_list(1), {10: 800, 5: 900}), quantity=quantity) == amount


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ({"channels": ["web", "app"]}, 900),
        ({"channels": ["app"]}, 1000),
        ({"groups": ["staff", "vip"]}, 900),
        ({"groups": ["staff"]}, 1000),
        ({"starts_at": NOW}, 900),
        ({"starts_at": NOW + SECOND}, 1000),
        ({"ends_at": NOW + SECOND}, 900),
        ({"ends_at": NOW}, 1000),
    ],
)
def test_a_list_is_asked_where_for_whom_and_when_it_is_said_to_be(said: dict[str, Any], amount: int) -> None:
    assert asked_of((price_list(1, **said), {1: 900}), by=GUEST._replace(groups=frozenset({"vip"}))) == amount


def test_the_lowest_priority_goes_dearer_or_not_and_of_equal_ones_the_lower_price_then_the_older_list() -> None:
    dear, cheap, older = price_list(3, priority=1), price_list(2, priority=2), price_list(1, priority=2)
    assert asked_of((cheap, {1: 500}), (dear, {1: 1500})) == 1500
    assert asked_of((cheap, {1: 500}), (dear, {2: 1500})) == 500, "the first says nothing of a single one"
    assert asked_of((cheap, {1: 500}), (older, {1: 600})) == 500
    chosen = book((cheap, {1: 500}), (older, {1: 500})).unit_price("lamp", 1, GUEST)
    assert chosen == UnitPrice(500, older.id)


def test_an_ended_list_and_one_that_is_unknown_ask_nothing() -> None:
    ended = PriceList(UUID(int=1), price_list(1).terms, "ended", 2)
    assert asked_of((ended, {1: 500})) == 1000
    assert PriceBook(PriceRows([], [], [], [("lamp", UUID(int=9), 1, 5)])).unit_price("lamp", 1, GUEST) is None


def test_a_scheduled_price_is_asked_from_its_second_on_written_down_or_not() -> None:
    prices = book(scheduled=[(NOW + SECOND, 700), (NOW, 800), (NOW - SECOND, 900)])
    for seconds, amount in [(-2, 1000), (-1, 900), (0, 800), (1, 700), (60, 700)]:
        asked = GUEST._replace(now=NOW + timedelta(seconds=seconds))
        assert prices.unit_price("lamp", 1, asked) == UnitPrice(amount), seconds


LISTS = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from([[], ["web"], ["app"]]), st.sampled_from([[], ["vip"], ["staff"]]),
        st.dictionaries(st.integers(1, 6), st.integers(0, 999), max_size=3),
    ), max_size=5,
)  # fmt: skip


@given(LISTS, st.integers(1, 7), st.sampled_from(["web", "app"]), st.booleans(), st.randoms())
def test_whatever_lists_there_are_the_choice_is_the_rule_s_whichever_order_they_come_in(
    said: list[tuple[int, list[str], list[str], dict[int, int]]], quantity: int, channel: str, vip: bool, dice: Any
) -> None:
    lists = [
        (price_list(n, priority=priority, channels=channels, groups=groups), tiers)
        for n, (priority, channels, groups, tiers) in enumerate(said)
    ]
    by = Asked("EUR", channel, frozenset({"vip"} if vip else ()), NOW)
    candidates = [
        (one.terms.priority, tiers[reached], one.id, reached)
        for one, tiers in lists
        if one.terms.channels in ([], [channel]) and one.terms.groups in ([], ["vip"] if vip else [])
        if (reached := max((q for q in tiers if q <= quantity), default=0))
    ]
    expected = UnitPrice(1000)
    if candidates:
        _, amount, id_, reached = min(candidates)
        expected = UnitPrice(amount, id_, reached)
    dice.shuffle(lists)
    assert book(*lists).unit_price("lamp", quantity, by) == expected
