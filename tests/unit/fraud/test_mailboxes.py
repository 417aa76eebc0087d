"""Spellings of one mailbox are one customer for what counts by mail, and a crowd of them is seen as one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.events.fraud import Marks
from tests.unit.fraud.test_rules import ADA, attempt, before, rules_of
from write_side.fraud.domain import Attempt, Attempted

NOTHING_SHARED = Marks("new card", "new address", "new device", "new network", "new door")
A_MINUTE = timedelta(minutes=1)


def spelled(n: int, ago: timedelta, **said: Any) -> Attempted:
    """A try of Ada's under another spelling of her mail."""
    return before(n, ago, person_id=UUID(int=1000 + n), counted_as=ADA, **said)


def anew(**said: Any) -> Attempt:
    """A try of Ada's of whom nothing else was seen before."""
    return attempt(marks=NOTHING_SHARED, **said)


def test_tries_declined_under_other_spellings_count() -> None:
    declined = [spelled(n, n * timedelta(minutes=10), outcome="declined") for n in range(1, 5)]
    for one in (anew(), anew(person_id=UUID(int=2), counted_as=ADA)):
        assert rules_of(one, declined)["declines"] == 50
    assert "declines" not in rules_of(anew(person_id=UUID(int=2)), declined)


def test_what_was_refused_refunded_or_disputed_under_another_spelling_counts() -> None:
    refused = [spelled(1, timedelta(days=90), verdict="refuse")]
    assert rules_of(anew(), refused)["stopped"] == 50
    sent_back = [spelled(n, timedelta(days=20 * n)) for n in (1, 2)]
    assert rules_of(anew(), sent_back, {UUID(int=1), UUID(int=2)})["refunds"] == 50


def test_who_bought_under_another_spelling_is_known() -> None:
    away = anew(amount_minor=8_000)
    assert "taken_over" in rules_of(away, [spelled(1, timedelta(days=90))])
    assert "amount" not in rules_of(anew(amount_minor=40_000), [spelled(1, timedelta(days=90), amount_minor=40_000)])


def test_a_family_of_tags_on_one_device_is_one_mailbox_within_a_week() -> None:
    family = [spelled(n, timedelta(days=n)) for n in range(1, 6)]
    strangers = [before(n, timedelta(days=n), person_id=UUID(int=1000 + n)) for n in range(1, 6)]
    assert "persons" not in rules_of(attempt(), family)
    assert rules_of(attempt(), strangers)["persons"] == 100


def test_who_bought_before_mailboxes_were_told_is_no_stranger_to_themselves() -> None:
    long_ago = [before(1, timedelta(days=5), door="another")]  # nothing says whom it counted as
    assert "lent_card" not in rules_of(attempt(counted_as=UUID(int=2)), long_ago)
    assert "lent_card" in rules_of(attempt(person_id=UUID(int=3), counted_as=UUID(int=2)), long_ago)


def test_many_spellings_within_a_day_are_seen_whatever_else_is_new() -> None:
    crowd = [spelled(n, n * A_MINUTE, card=f"{n}", device=f"{n}", network=f"{n}", door=f"{n}") for n in range(1, 5)]
    assert "persons" not in rules_of(anew(), crowd[:1])
    assert rules_of(anew(), crowd[:2])["persons"] == 50
    assert rules_of(anew(), crowd)["persons"] == 100


def test_a_code_used_under_another_spelling_was_used() -> None:
    used = [spelled(1, timedelta(days=60), codes=["HELLO"])]
    assert rules_of(anew(codes=["HELLO"]), used)["codes"] == 60
    again = [before(1, timedelta(days=60), codes=["HELLO"])]
    assert "codes" not in rules_of(anew(codes=["HELLO"]), again), "the same mail may have a code that is good twice"


def test_what_a_mail_did_before_mailboxes_were_told_is_still_its_own() -> None:
    of_old = [before(1, timedelta(days=90), person_id=UUID(int=2), verdict="refuse")]
    assert "stopped" in rules_of(anew(person_id=UUID(int=2), counted_as=ADA), of_old)


def test_what_somebody_elses_account_did_by_a_mail_is_not_held_against_it() -> None:
    typed = [before(1, timedelta(days=9), person_id=ADA, counted_as=UUID(int=7), verdict="refuse")]
    assert "stopped" not in rules_of(anew(), typed)
