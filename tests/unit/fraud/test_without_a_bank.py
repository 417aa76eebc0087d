"""What gift cards or goods that come back have paid: looked at, and worth less than what a bank has paid."""

from datetime import timedelta
from uuid import UUID

from msgspec import structs

from tests.unit.fraud.test_rules import MARKS, attempt, before, rules_of
from write_side.fraud.counting import in_the_end, seen

ELSEWHERE = structs.replace(MARKS, card="", address="new address", device="new device", network="new network")


def test_an_exchange_is_no_purchase_that_waters_refunds_down() -> None:
    bought = [before(n, timedelta(days=20 * n)) for n in (1, 2)]
    sent = before(3, timedelta(days=15), card="")
    back = {UUID(int=1), UUID(int=2)}
    earlier = in_the_end([*bought, sent], (), (), {UUID(int=3)})
    assert rules_of(attempt(), earlier, back)["refunds"] == 50
    assert (seen(attempt(), earlier, back).person.paid, seen(attempt(), earlier, back).door.kept) == (2, 0)


def test_an_exchange_makes_no_device_known() -> None:
    bought = before(1, timedelta(days=90))
    sent = before(2, timedelta(days=5), card="", device="new device", network="new network")
    dear = attempt(marks=ELSEWHERE, amount_minor=8_000)
    assert "taken_over" not in rules_of(dear, [bought, sent])
    assert "taken_over" in rules_of(dear, in_the_end([bought, sent], (), (), {UUID(int=2)}))


def test_an_exchange_that_was_held_or_refused_is_held_against_its_mailbox() -> None:
    sent = before(1, timedelta(days=5), card="", verdict="refuse")
    assert rules_of(attempt(), in_the_end([sent], (), (), {UUID(int=1)}))["stopped"] == 50
