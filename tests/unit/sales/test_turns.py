"""Whose turn comes when, told from ticket and gate alone."""

import contextlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from projector.read_models import sale as sale_model
from read_side.sales.queries import turn_of
from shared.documents.sales import Sale as ShownSale
from shared.events.sales import Gate, PassMoved, SaleAnnounced, SaleEnded, SaleRevised
from shared.ids import uuid7
from shared.tickets import BrokenTicket, Ticket, read_ticket, shuffled, turn_at, turns_until
from tests.properties.values import BOUNDED
from tests.unit.projector.events import folded
from write_side.sales import domain
from write_side.sales.domain import (
    Gated,
    NotYourTurn,
    PassRequired,
    Sale,
    SaleBegun,
    SaleInput,
    SaleOver,
    SalePass,
    TurnMissed,
    WaitingRoomOpen,
)

START = datetime(2026, 11, 27, 8, tzinfo=UTC)
SECRET = "the-secret-of-links"
RATES = st.integers(0, 100_000)
SECONDS = st.floats(0, 86_400, allow_nan=False).map(lambda seconds: timedelta(seconds=seconds))


Change = tuple[int, int, timedelta]  # to which rate and how many seconds for a turn, and how long that holds
CHANGES = st.lists(st.tuples(st.just(600) | RATES, st.just(60) | st.integers(60, 86_400), SECONDS), max_size=6)


def a_sale(**said: object) -> tuple[Sale, SaleInput]:
    new = structs.replace(SaleInput("Doors", ["lamp"], START, 600), **said)
    return domain.evolve(None, domain.announce(uuid7(), new), 1), new


@given(st.integers(1, 3000), st.binary(min_size=1, max_size=32))
@BOUNDED
def test_lots_give_each_of_the_early_ones_a_turn_of_their_own(count: int, key: bytes) -> None:
    assert sorted(shuffled(number, count, key) for number in range(count)) == list(range(count))


def test_lots_follow_no_order_of_arrival() -> None:
    landed = [shuffled(number, 10_000, b"key") for number in range(10_000)]
    first, last = sum(landed[:1000]) / 1000, sum(landed[-1000:]) / 1000
    assert 4500 < first < 5500, "who came first has no better chance"
    assert 4500 < last < 5500


@given(RATES, st.integers(0, 10**6), st.integers(0, 10**6), SECONDS)
@BOUNDED
def test_a_turn_comes_at_its_time_and_not_before(rate: int, passed: int, ahead: int, since: timedelta) -> None:
    gate = Gate(START, passed, rate)
    at = turn_at(gate, passed + ahead)
    if at is None:
        assert turns_until(gate, START + since) == passed, "nobody gets in at a rate of none"
        return
    assert turns_until(gate, at) > passed + ahead
    assert turns_until(gate, at - timedelta(microseconds=1)) <= passed + ahead


def test_turns_of_a_sale_that_runs_for_years_at_the_highest_rate_are_counted() -> None:
    gate = Gate(START, 0, 1_000_000)
    later = START + timedelta(days=2_000)
    assert turns_until(gate, later) == 2_000 * 24 * 60 * 1_000_000
    assert turn_at(gate, turns_until(gate, later) - 1) == later


def test_a_turn_beyond_the_calendar_does_not_come() -> None:
    assert turn_at(Gate(START, 0, 1), 10**15) is None


@given(CHANGES, SECONDS, SECONDS)
@BOUNDED
def test_no_change_of_rate_or_time_takes_a_turn_back_or_lets_in_more(
    changes: list[Change], at: timedelta, later: timedelta
) -> None:
    sale, said = a_sale()
    now, most = START + at, 600.0
    before = turns_until(sale.gate, now)
    for rate, seconds, after in changes:
        revised = domain.revise(sale, structs.replace(said, per_minute=rate, pass_seconds=seconds), now)
        sale = sale if revised is None else domain.evolve(sale, revised, 2)
        assert turns_until(sale.gate, now) == before
        now, most = now + after, max(rate, 600)
        came = turns_until(sale.gate, now) - before
        assert 0 <= came <= sale.gate.per_minute * after / timedelta(minutes=1) + 1
        before += came
    assert turns_until(sale.gate, now + later) - before <= most * later / timedelta(minutes=1) + 1


@given(CHANGES, SECONDS)
@BOUNDED
def test_no_change_of_rate_or_time_lets_in_whose_turn_was_missed_or_takes_one_from_whoever_has_it(
    changes: list[Change], at: timedelta
) -> None:
    sale, said = a_sale(pass_seconds=60)
    now, missed = START + at, 0
    for rate, seconds, after in changes:
        places = [turns_until(sale.gate, now) - 1, missed, 1, 5, 50, 500, 5000, 50_000]
        before = {place: _shown(sale, place, now) for place in places if place >= 0}
        missed = max([missed, *(n for n, state in before.items() if state == "missed")])
        revised = domain.revise(sale, structs.replace(said, per_minute=rate, pass_seconds=seconds), now)
        sale = sale if revised is None else domain.evolve(sale, revised, 2)
        assert {place: _shown(sale, place, now) for place in before} == before
        assert {place for place in before if _is_missed(sale, place, now)} == {
            place for place, state in before.items() if state == "missed"
        }
        now += after


def _is_missed(sale: Sale, position: int, now: datetime) -> bool:
    with contextlib.suppress(NotYourTurn):
        try:
            domain.give_pass(uuid7(), sale, position, uuid7(), now)
        except TurnMissed:
            return True
    return False


def _shown(sale: Sale, position: int, now: datetime) -> str:
    terms = sale.terms
    shown = ShownSale(
        sale.id, terms.name, terms.skus, START, START, terms.starts_at, terms.ends_at, terms.pass_seconds,
        sale.gate, "running",
    )  # fmt: skip
    return turn_of(shown, Ticket(sale.id, position, 0), now, SECRET).state


def test_who_holds_a_turn_that_came_a_moment_ago_keeps_it_at_another_rate() -> None:
    sale, said = a_sale(pass_seconds=60)  # ten turns a second
    now = START + timedelta(seconds=100)
    revised = domain.revise(sale, structs.replace(said, per_minute=60), now)
    assert revised is not None
    assert revised.gate == Gate(now, 1000, 60, missed=400)


@pytest.mark.parametrize(("said_before", "said_now", "missed"), [(60, 3600, 29_400), (600, 60, 24_000)])
def test_longer_or_shorter_turns_let_nobody_in_once_more_and_keep_out_nobody_whose_turn_it_is(
    said_before: int, said_now: int, missed: int
) -> None:
    """An hour's crowd was let in at once, and who was told that it was their turn had missed it."""
    sale, said = a_sale(pass_seconds=said_before)  # ten turns a second
    now = START + timedelta(minutes=50)
    revised = domain.revise(sale, structs.replace(said, pass_seconds=said_now), now)
    assert revised is not None
    assert revised.gate == Gate(now, 30_000, 600, missed)
    after = domain.evolve(sale, revised, 2)
    assert [_is_missed(after, place, now) for place in (0, missed - 1, missed, 29_999)] == [True, True, False, False]
    ends = now + timedelta(seconds=said_now)
    assert [_is_missed(after, missed, at) for at in (ends - timedelta(seconds=1), ends)] == [False, True]


def test_a_ticket_opens_its_own_place_and_no_letter_of_it_can_be_changed() -> None:
    ticket = Ticket(uuid7(), 17, 40)
    token = ticket.signed(SECRET)
    assert read_ticket(SECRET, token) == ticket
    early = Ticket(ticket.sale_id, 17, None)
    assert (early.position(SECRET), read_ticket(SECRET, early.signed(SECRET))) == (None, early)
    assert Ticket(ticket.sale_id, 40, 40).position(SECRET) == 40, "who came later stands behind the early ones"
    for n in range(len(token)):
        with pytest.raises(BrokenTicket):
            read_ticket(SECRET, token[:n] + ("0" if token[n] != "0" else "1") + token[n + 1 :])
    for other in ("", ".", "a.b.c.d", token + "=", f"{ticket.sale_id}.0.40.", "ü", "\ud800", ticket.signed("x")):
        with pytest.raises(BrokenTicket):
            read_ticket(SECRET, other)


def test_a_pass_is_for_a_turn_that_has_come_and_was_not_missed() -> None:
    sale, _ = a_sale(pass_seconds=60)  # ten turns a second

    def take(position: int | None, seconds: float) -> datetime:
        now = START + timedelta(seconds=seconds)
        return domain.give_pass(uuid7(), sale, position, uuid7(), now).until

    assert take(9, 1) == START + timedelta(seconds=61)
    for position, seconds in ((10, 1), (0, 0), (0, -60), (None, 3600)):
        with pytest.raises(NotYourTurn):
            take(position, seconds)
    with pytest.raises(TurnMissed):
        take(9, 61)
    over = domain.evolve(sale, SaleEnded(sale.id), 2)
    with pytest.raises(SaleOver):
        domain.give_pass(uuid7(), over, 0, uuid7(), START + timedelta(seconds=1))


def test_of_each_sale_one_pass_goes_along_and_none_where_one_is_held() -> None:
    first, second, guests, own = uuid7(), uuid7(), uuid7(), uuid7()

    def held(sale_id: UUID, cart_id: UUID) -> SalePass:
        return SalePass(uuid7(), sale_id, 0, cart_id, START, 1)

    longest, spare, other, mine = held(first, guests), held(first, guests), held(second, guests), held(second, own)
    moved = PassMoved(longest.id, first, own, guests)
    assert domain.move_passes([longest, spare, other, mine], own) == [moved]
    assert domain.move_passes([mine], own) == []
    assert domain.evolve_pass(longest, moved, 2) == structs.replace(longest, cart_id=own, version=2)


def test_a_sale_that_began_keeps_its_start_and_one_that_has_not_may_move() -> None:
    sale, said = a_sale()
    moved = structs.replace(said, starts_at=START + timedelta(hours=1))
    event = domain.revise(sale, moved, START - timedelta(hours=1))
    assert event is not None
    assert event.gate.since == moved.starts_at
    for now, said_ in ((START, moved), (START - timedelta(1), structs.replace(said, starts_at=START - timedelta(2)))):
        with pytest.raises(SaleBegun):
            domain.revise(sale, said_, now)
    assert domain.revise(sale, said, START) is None


def test_a_start_is_put_off_for_those_who_wait_but_not_brought_forward_and_their_room_stays_open() -> None:
    sale, said = a_sale()
    opened = START - timedelta(hours=1)
    room, waiting = structs.replace(said, waiting_from=opened), structs.replace(sale.terms, waiting_from=opened)
    sale = structs.replace(sale, terms=waiting)
    put_off = structs.replace(room, starts_at=START + timedelta(hours=1))
    sooner = structs.replace(room, starts_at=START - timedelta(minutes=5))
    shut = structs.replace(room, waiting_from=START - timedelta(minutes=5))
    for allowed, now in ((put_off, opened), (sooner, opened - timedelta(1)), (shut, opened - timedelta(1))):
        event = domain.revise(sale, allowed, now)
        assert event is not None
        assert event.gate == Gate(allowed.starts_at, 0, allowed.per_minute)
    for refused, pointer in ((sooner, "/starts_at"), (shut, "/waiting_from")):
        with pytest.raises(WaitingRoomOpen) as told:
            domain.revise(sale, refused, opened)
        assert told.value.facts["pointer"] == pointer
    from_the_beginning = structs.replace(sale, terms=structs.replace(sale.terms, waiting_from=None))
    with pytest.raises(WaitingRoomOpen):
        domain.revise(from_the_beginning, sooner, opened - timedelta(1))


def test_a_start_stays_where_the_lot_is_about_to_be_drawn_and_the_sale_is_held_by_its_rate() -> None:
    sale, said = a_sale()
    late = START - domain.LOT
    with pytest.raises(SaleBegun):
        domain.revise(sale, structs.replace(said, starts_at=START + timedelta(hours=1)), late)
    held = domain.revise(sale, structs.replace(said, per_minute=0), late)
    assert held is not None
    assert held.gate == Gate(START, 0, 0)


def test_what_is_sold_by_turns_wants_a_pass_of_this_very_cart() -> None:
    sale_id, mine, other = uuid7(), uuid7(), uuid7()
    gates = {"lamp": Gated("lamp", sale_id, [mine])}
    domain.check_passes(gates, ["lamp", "bulb"], mine)
    domain.check_passes(gates, ["bulb"], other)
    with pytest.raises(PassRequired) as refused:
        domain.check_passes(gates, ["bulb", "lamp"], other)
    assert refused.value.facts == {"sku": "lamp", "sale_id": str(sale_id), "waiting_room": f"/v1/sales/{sale_id}"}


def test_a_sale_is_shown_and_found_by_its_skus_while_it_runs() -> None:
    sale, said = a_sale()
    announced = domain.announce(sale.id, said)
    revised = SaleRevised(sale.id, announced.terms, Gate(START, 5, 0))
    for events, skus in (((announced, revised), {("sku", "lamp")}), ((announced, SaleEnded(sale.id)), set())):
        ((id_, state),) = folded(sale_model.MODEL, f"sale:{sale.id}", *events).items()
        assert sale_model.MODEL.render(id_, state, {}).lookups == skus
    assert isinstance(announced, SaleAnnounced)
