"""The rules on tries that were made up, and what must hold of any of them."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.documents.orders import Address
from shared.events.fraud import Marks
from tests.properties.values import BOUNDED, any_of
from write_side.fraud.counting import in_the_end, seen
from write_side.fraud.domain import Attempt, Attempted
from write_side.fraud.marks import visit
from write_side.fraud.rules import assess
from write_side.fraud.seen import Known, Near, Seen

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ADA = UUID(int=1)
SAME_DEVICE = Marks("new card", "new address", "device", "new network", "new door")
SAME_DOOR = Marks("new card", "new address", "new device", "new network", "door")
MARKS = Marks("card", "address", "device", "network", "door")


def attempt(**said: Any) -> Attempt:
    usual = Attempt(
        UUID(int=100), UUID(int=200), ADA, NOW, "authorized", "", 5_000, "EUR", [], MARKS, "DE", "DE", "pass",
        "pass", False,
    )  # fmt: skip
    return structs.replace(usual, **said)


def before(n: int, ago: timedelta, **said: Any) -> Attempted:
    """The try of another order, by default the same buyer's, paid and accepted."""
    usual = Attempted(
        UUID(int=n), UUID(int=n), NOW - ago, "authorized", "", ADA, "card", "address", "device", "network", "door",
        5_000, "EUR", [], 0, [], "accept",
    )  # fmt: skip
    return structs.replace(usual, **said)


def rules_of(of: Attempt, earlier: list[Attempted], refunded: Collection[object] = ()) -> dict[str, int]:
    return {reason.rule: reason.points for reason in assess(of, seen(of, earlier, refunded)).reasons}


def test_a_usual_customer_gives_no_reason() -> None:
    assert rules_of(attempt(), [before(n, timedelta(days=30 * n)) for n in (1, 2, 3)]) == {}


@pytest.mark.parametrize(
    ("rule", "of", "earlier"),
    [
        ("declines", {}, [before(100, timedelta(minutes=n), outcome="declined") for n in range(5)]),
        ("hard_declines", {}, [before(100, timedelta(1), outcome="declined", decline_code="stolen_card")]),
        ("cards", {}, [before(n, timedelta(hours=n), card=f"card {n}") for n in range(1, 5)]),
        ("new_card", {"marks": SAME_DEVICE}, [before(1, timedelta(hours=1), person_id=UUID(int=51))]),
        ("persons", {}, [before(n, timedelta(days=n), person_id=UUID(int=50 + n)) for n in range(1, 6)]),
        ("lent_card", {}, [before(1, timedelta(days=20), person_id=UUID(int=51), door="another")]),
        ("strangers", {"amount_minor": 10_000, "marks": SAME_DOOR}, [before(1, timedelta(20), person_id=UUID(int=51))]),
        ("stopped", {}, [before(1, timedelta(days=90), verdict="refuse")]),
        ("tested", {"card_country": "BR", "amount_minor": 999}, []),
        ("in_a_hurry", {"card_country": "BR"}, [before(1, timedelta(hours=2), verdict="review")]),
        ("orders", {}, [before(n, timedelta(hours=1)) for n in range(6)]),
        ("codes", {"codes": ["HELLO"]}, [before(1, timedelta(90), person_id=UUID(int=2), codes=["HELLO"])]),
        ("card_checks", {"cvc_check": "fail"}, []),
        ("abroad", {"card_country": "BR"}, []),
        ("disposable_mail", {"disposable_mail": True}, []),
        ("amount", {"amount_minor": 100_000}, []),
        (
            "taken_over",
            {"marks": Marks("card", "new address", "new device", "new network", "new door"), "amount_minor": 8_000},
            [before(1, timedelta(days=90))],
        ),
    ],
)
def test_each_rule_speaks_about_what_it_is_for(rule: str, of: dict[str, Any], earlier: list[Attempted]) -> None:
    assert rule in rules_of(attempt(**of), earlier)


def test_refunds_as_a_habit_are_seen_and_a_few_among_many_are_not() -> None:
    earlier = [before(n, timedelta(days=10 * n)) for n in range(1, 9)]
    assert "refunds" in rules_of(attempt(), earlier, {UUID(int=n) for n in range(1, 7)})
    assert "refunds" not in rules_of(attempt(), earlier, {UUID(int=n) for n in range(1, 6)})


def test_who_keeps_the_dear_things_is_no_abuser_whatever_number_goes_back() -> None:
    back = {UUID(int=n) for n in (1, 2, 3)}
    kept = [before(n, timedelta(days=10 * n)) for n in (4, 5)]
    cheap = [before(n, timedelta(days=10 * n), amount_minor=3_000) for n in (1, 2, 3)]
    dear = [before(n, timedelta(days=10 * n), amount_minor=7_000) for n in (1, 2, 3)]
    assert "refunds" not in rules_of(attempt(), [*cheap, *kept], back)
    assert rules_of(attempt(), [*dear, *kept], back)["refunds"] == 50


def test_two_refunds_speak_only_where_nothing_was_kept() -> None:
    back = {UUID(int=1), UUID(int=2)}
    sent_back = [before(n, timedelta(days=20 * n)) for n in (1, 2)]
    assert rules_of(attempt(), sent_back, back)["refunds"] == 50
    assert "refunds" not in rules_of(attempt(), [*sent_back, before(3, timedelta(days=1))], back)


def at_one_door(*others: dict[str, Any]) -> list[Attempted]:
    """Orders of as many strangers, of whom nothing was seen but the door, 20 days ago unless said otherwise."""
    return [
        before(n, said.pop("ago", timedelta(20)), person_id=UUID(int=50 + n), card=f"{n}", device=f"{n}",
               network=f"{n}", address=f"{n}", **said)
        for n, said in enumerate([dict(each) for each in others], 1)
    ]  # fmt: skip


def dear_stranger() -> Attempt:
    return attempt(amount_minor=10_000, marks=SAME_DOOR)


def test_a_door_is_trusted_once_staff_let_an_order_to_it_through_or_three_were_kept() -> None:
    assert "strangers" in rules_of(dear_stranger(), at_one_door({}, {}))
    assert "strangers" in rules_of(dear_stranger(), at_one_door({"ago": timedelta(13)}, {}, {}))
    assert "strangers" in rules_of(dear_stranger(), at_one_door({}, {}, {}), {UUID(int=1)})
    assert rules_of(dear_stranger(), at_one_door({}, {}, {})) == {}
    assert rules_of(dear_stranger(), at_one_door({"points": 50, "ago": timedelta(2)})) == {}


def test_an_order_refunded_for_fraud_or_disputed_costs_its_door_the_trust_and_goods_that_come_back_do_not() -> None:
    let_through = at_one_door({"points": 50, "verdict": "accept"})
    order = {UUID(int=1)}
    assert rules_of(dear_stranger(), let_through, order) == {}, "an ordinary return"
    assert rules_of(dear_stranger(), in_the_end(let_through, order, ()), order) == {"strangers": 50, "stopped": 50}
    disputed = assess(dear_stranger(), seen(dear_stranger(), let_through, order, order)).reasons
    assert [reason.rule for reason in disputed] == ["strangers"]


def test_orders_cancelled_before_their_money_was_taken_earn_a_door_no_trust_and_are_held_against_nobody() -> None:
    three, ids = at_one_door({}, {}, {}), {UUID(int=n) for n in (1, 2, 3)}
    assert "strangers" in rules_of(dear_stranger(), in_the_end(three, (), ids))
    mine = [before(n, timedelta(days=20 * n), codes=["HELLO"]) for n in (1, 2, 3)]
    assert rules_of(attempt(codes=["HELLO"]), in_the_end(mine, (), ids)) == {}


def test_what_was_only_watched_let_nobody_through() -> None:
    assert "strangers" in rules_of(dear_stranger(), at_one_door({"points": 50, "enforced": False}))


def test_a_refused_order_ends_the_trust_in_a_door_and_speaks_against_the_next_stranger_there() -> None:
    kept: list[dict[str, Any]] = [{}, {}, {}, {"points": 50}]
    found = rules_of(dear_stranger(), at_one_door(*kept, {"verdict": "refuse"}))
    assert found == {"strangers": 100, "stopped": 50}
    assert rules_of(dear_stranger(), at_one_door(*kept, {"verdict": "review"})) == {}


def test_what_was_held_and_nobody_decided_about_only_adds_to_what_else_is_seen() -> None:
    held = [before(n, timedelta(20), verdict="lapsed") for n in (1, 2)]
    assert rules_of(attempt(), held[:1])["stopped"] == 30
    assert rules_of(attempt(), held)["stopped"] == 50
    kept: list[dict[str, Any]] = [{}, {}, {}]
    assert rules_of(dear_stranger(), at_one_door(*kept, {"verdict": "lapsed"})) == {}, "the door keeps its trust"


def test_a_dispute_speaks_against_the_next_order_and_ends_the_trust_in_a_door() -> None:
    mine = [before(1, timedelta(days=90))]
    assert assess(attempt(), seen(attempt(), mine, (), {UUID(int=1)})).points == 50
    assert assess(attempt(), seen(attempt(), mine, (), ())).points == 0
    three = at_one_door({}, {}, {})
    rules = {each.rule for each in assess(dear_stranger(), seen(dear_stranger(), three, (), {UUID(int=2)})).reasons}
    assert rules == {"strangers"}


def test_a_neighbour_of_a_thief_who_ordered_before_is_let_alone() -> None:
    own = [before(9, timedelta(days=40))]
    assert rules_of(attempt(), [*own, *at_one_door({"verdict": "refuse"})]) == {}


def test_a_ring_that_was_held_for_its_code_is_seen_at_each_new_door_for_an_hour() -> None:
    def of_ring(**said: Any) -> Attempted:
        return before(1, person_id=UUID(int=51), card="c", device="d", door="e", address="e", codes=["HELLO"], **said)

    of = attempt(codes=["HELLO"])
    assert rules_of(of, [of_ring(ago=timedelta(minutes=59), verdict="review")]) == {"codes": 50}
    assert rules_of(of, [of_ring(ago=timedelta(minutes=61), verdict="review")]) == {}
    assert rules_of(of, [of_ring(ago=timedelta(minutes=59))]) == {}
    assert rules_of(attempt(codes=["OTHER"]), [of_ring(ago=timedelta(minutes=59), verdict="review")]) == {}


@pytest.mark.parametrize(
    "of",
    [
        attempt(amount_minor=7_999, marks=Marks("card", "new", "new", "new", "new")),
        attempt(amount_minor=19_999, marks=Marks("card", "address", "new", "new", "door")),
        attempt(amount_minor=90_000, marks=Marks("card", "new", "device", "new", "new")),
        attempt(amount_minor=90_000, marks=Marks("card", "new", "new", "network", "new")),
    ],
)
def test_who_moves_house_travels_or_buys_a_telephone_is_not_taken_for_a_thief(of: Attempt) -> None:
    assert "taken_over" not in rules_of(of, [before(1, timedelta(days=90))])


def test_strangers_behind_one_address_of_a_mobile_provider_are_no_ring() -> None:
    others = [
        before(n, timedelta(minutes=n), person_id=UUID(int=50 + n), card=f"{n}", address=f"{n}", device=f"{n}",
               door=f"{n}", codes=["HELLO"])
        for n in range(1, 200)
    ]  # fmt: skip
    assert rules_of(attempt(codes=["HELLO"]), others) == {}


def test_what_a_person_let_through_is_held_against_nobody() -> None:
    assert rules_of(attempt(), [before(1, timedelta(days=2), verdict="accept", points=60)]) == {}


def test_what_is_older_than_its_window_counts_no_more() -> None:
    declined = [before(100, timedelta(days=1, minutes=1), outcome="declined") for _ in range(9)]
    strangers = [before(n, timedelta(days=7, minutes=n), person_id=UUID(int=50 + n)) for n in range(9)]
    assert rules_of(attempt(), declined + strangers) == {}


def test_what_was_not_seen_is_nobody_s_mark() -> None:
    """A thousand buyers whose device is unknown are not one buyer."""
    unknown = dict.fromkeys(("card", "address", "device", "network", "door"), "")
    many = [before(n, timedelta(minutes=1), person_id=UUID(int=50 + n), **unknown) for n in range(1000)]
    assert rules_of(attempt(marks=Marks()), many) == {}


@given(of=any_of(Attempt), compared=any_of(Seen), more=any_of(Near))
@BOUNDED
def test_a_decline_is_never_held_and_the_points_are_those_of_the_reasons(
    of: Attempt, compared: Seen, more: Near
) -> None:
    found = assess(of, structs.replace(compared, card=more, known=Known()))
    assert found.points == sum(reason.points for reason in found.reasons)
    assert all(reason.points > 0 and reason.told for reason in found.reasons)
    if of.outcome == "declined":
        assert found.verdict == "accept"
    else:
        assert (found.verdict == "accept") == (found.points < 50)


def test_one_address_is_one_mark_however_it_is_written_and_another_secret_gives_another_mark() -> None:
    def mark(line1: str, secret: str = "secret", **said: str) -> str:
        fields = {"name": "Ada", "city": "Berlin", "postal_code": "10115", "country": "DE"} | said
        return visit(secret, "ada@example.org", Address(line1=line1, **fields), "", "").address

    assert mark("Hill Road 12") == mark("12, hill road", name="Grace", city="berlin", postal_code="101 15")
    assert len({mark("Hill Road 12"), mark("Hill Road 13"), mark("Hill Road 12", "other")}) == 3


@pytest.mark.parametrize("client", ["10.0.0.7", "::1", "fe80::1%eth0", "", "x"])
def test_a_network_of_one_s_own_is_no_mark(client: str) -> None:
    place = Address("Ada", "Hill Road 12", "Berlin", "10115", "DE")
    assert visit("secret", "a@b.example", place, "", client).network == ""
    assert visit("secret", "a@b.example", place, "", "93.184.215.14").network


@given(domain=st.sampled_from(["mailinator.com", "MAILINATOR.COM"]))
def test_a_mail_for_one_time_is_known(domain: str) -> None:
    place = Address("Ada", "Hill Road 12", "Berlin", "10115", "DE")
    assert visit("secret", f"a@{domain}", place, "", "").disposable_mail
    assert not visit("secret", "ada@example.org", place, "", "").disposable_mail
