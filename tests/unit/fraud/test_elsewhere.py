"""Another door for what is paid: what is looked at, as what, and what it makes of the check."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from shared.events.fraud import AddressAssessed, PaymentAssessed, Reason
from tests.unit.fraud.test_rules import ADA, MARKS, NOW, before, rules_of
from write_side.fraud import elsewhere
from write_side.fraud.counting import seen
from write_side.fraud.domain import Attempted, Check, Verdict, evolve
from write_side.fraud.elsewhere import AddressNotAccepted, Wish
from write_side.fraud.rules import Assessment

PAYMENT, ORDER = UUID(int=100), UUID(int=200)
WISH = Wish("their address", "their door", "door", disposable_mail=False, country="DE")
LATER = NOW + timedelta(minutes=10)


def tried(**said: Any) -> PaymentAssessed:
    usual = PaymentAssessed(
        PAYMENT, ORDER, NOW, ADA, "authorized", "", 5_000, "EUR", ["SUMMER"], MARKS, 0, [], "accept", True, "FR",
        "fail", "unchecked",
    )  # fmt: skip
    return structs.replace(usual, **said)


def check_of(*tries: PaymentAssessed) -> Check:
    check = None
    for version, each in enumerate(tries or (tried(),), 1):
        check = evolve(check, each, version)
    assert check is not None
    return check


def wanted(check: Check, verdict: Verdict = "accept", wish: Wish = WISH, **said: Any) -> AddressAssessed:
    [(_, paid)] = elsewhere.asked([check], wish)
    found = Assessment(verdict, 0 if verdict == "accept" else 60, [])
    answer = elsewhere.answer(elsewhere.as_if(paid, wish, LATER), paid, wish, found, "enforce")
    return structs.replace(answer, **said)


def after(check: Check, *events: AddressAssessed) -> Check:
    for each in events:
        check = evolve(check, each, check.version + 1)
    return check


def paid_of(check: Check) -> Attempted:
    return check.attempts[-1]


def test_it_is_the_same_try_but_for_where_it_goes_and_when() -> None:
    attempt = elsewhere.as_if(paid_of(check_of()), structs.replace(WISH, disposable_mail=True), LATER)
    marks = structs.replace(MARKS, address="their address", door="their door")
    assert (attempt.marks, attempt.at, attempt.country, attempt.disposable_mail) == (marks, LATER, "DE", True)
    assert (attempt.card_country, attempt.cvc_check, attempt.postal_check) == ("FR", "fail", "unchecked")
    assert (attempt.amount_minor, attempt.currency, attempt.codes) == (5_000, "EUR", ["SUMMER"])


@pytest.mark.parametrize(
    ("door", "before_it", "is_asked"),
    [("door", "whatever", True), ("their door", "door", False), ("", "door", True), ("", "their door", False)],
    ids=["elsewhere", "the same door", "no door of its own", "no door of its own, the same"],
)
def test_only_another_door_is_looked_at(door: str, before_it: str, is_asked: bool) -> None:
    check = check_of(tried(marks=structs.replace(MARKS, door=door)))
    assert bool(elsewhere.asked([check], structs.replace(WISH, door_before=before_it))) == is_asked


def test_what_no_try_has_paid_is_not_looked_at() -> None:
    assert elsewhere.asked([check_of(tried(outcome="declined"))], WISH) == []


def test_what_is_accepted_is_found_at_its_new_door_and_what_was_declined_where_it_was_tried() -> None:
    check = check_of(tried(outcome="declined"), tried())
    moved = after(check, wanted(check))
    assert [(each.door, each.address, each.moved) for each in moved.attempts] == [
        ("door", "address", False), ("their door", "their address", True)
    ]  # fmt: skip
    assert (moved.addresses[0].door_left, moved.version) == ("door", 3)


@pytest.mark.parametrize(
    ("verdict", "enforced", "door"),
    [("review", True, "door"), ("refuse", True, "door"), ("review", False, "their door")],
)
def test_what_is_not_accepted_stays_unless_it_is_only_watched(verdict: Verdict, enforced: bool, door: str) -> None:
    check = check_of()
    event = wanted(check, verdict, enforced=enforced)
    kept = after(check, event)
    assert (paid_of(kept).door, len(kept.addresses)) == (door, 1)
    assert elsewhere.not_accepted([event]) == ([event] if enforced else [])


def test_what_staff_move_while_they_look_at_it_they_let_through_there() -> None:
    check = check_of(tried(verdict="review", points=60))
    moved = after(check, wanted(check, by_staff=True))
    assert (moved.review, paid_of(moved).door, paid_of(moved).moved) == ("open", "their door", False)


def test_what_was_let_through_at_one_door_earns_the_next_one_no_trust() -> None:
    held = before(1, timedelta(days=1), points=60)
    attempt = elsewhere.as_if(paid_of(check_of()), structs.replace(WISH, door="door"), LATER)
    at_its_door, moved_there = (
        seen(attempt, [structs.replace(held, moved=moved)], ()).door.let_through for moved in (False, True)
    )
    assert (at_its_door, moved_there) == (1, 0)


def test_a_try_is_not_compared_with_itself_where_it_went_before() -> None:
    """A family of one card: only one of them has it sent to the door where the other one's goods went."""
    check = check_of()
    other = before(1, timedelta(days=2), person_id=UUID(int=51), door="their door", device="their device")
    itself = paid_of(check)
    attempt = structs.replace(elsewhere.as_if(itself, WISH, LATER), card_country="DE", cvc_check="pass")
    assert "lent_card" in rules_of(attempt, [other, itself])
    assert rules_of(attempt, elsewhere.but_itself(itself, [other, itself])) == {}


def test_it_may_go_back_to_where_it_went_and_not_to_where_it_was_not_let() -> None:
    check = check_of()
    moved = after(check, wanted(check), wanted(check, "refuse", structs.replace(WISH, door="a third door")))
    doors = ("door", "their door", "a third door")
    assert [elsewhere.went_there([moved], structs.replace(WISH, door=door)) for door in doors] == [True, False, False]


def test_whoever_was_refused_often_enough_is_refused_unseen() -> None:
    check = check_of()
    for n in range(elsewhere.MOST_REFUSED):
        elsewhere.check_tries(check)
        check = after(check, wanted(check, "review", structs.replace(WISH, door=f"door {n}")))
    with pytest.raises(AddressNotAccepted):
        elsewhere.check_tries(check)


def test_nothing_is_said_against_what_staff_want() -> None:
    event = elsewhere.unopposed(paid_of(check_of()), WISH, LATER, "enforce", by_staff=True)
    assert (event.verdict, event.points, event.reasons, event.by_staff) == ("accept", 0, [], True)


def test_the_refusal_tells_no_reasons() -> None:
    event = wanted(check_of(), "review", reasons=[Reason("strangers", 50, "4 different mails at one door")])
    refused = AddressNotAccepted([event])
    assert (refused.status, refused.code, refused.facts) == (409, "address_not_accepted", {})
    assert "mails" not in refused.detail
