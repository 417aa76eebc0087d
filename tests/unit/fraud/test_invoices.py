"""What is on invoice has no card, and is not kept before it is paid."""

from datetime import timedelta
from uuid import UUID

from msgspec import structs

from shared.events.fraud import Marks
from tests.unit.fraud.test_rules import attempt, before, rules_of
from write_side.fraud.counting import seen

ON_INVOICE = Marks("", "new address", "device", "new network", "new door")


def test_what_is_on_invoice_is_no_new_card() -> None:
    paid = [before(n, timedelta(hours=n), person_id=UUID(int=50 + n), card=f"{n}") for n in (1, 2)]
    assert "new_card" in rules_of(attempt(marks=structs.replace(ON_INVOICE, card="a card")), paid)
    assert "new_card" not in rules_of(attempt(marks=ON_INVOICE), paid)


def test_orders_on_invoice_are_not_one_another_by_a_card_that_none_of_them_has() -> None:
    invoiced = [before(n, timedelta(hours=n), person_id=UUID(int=50 + n), card="", device=f"{n}") for n in range(1, 9)]
    assert seen(attempt(marks=ON_INVOICE), invoiced, ()).card.orders == 0


def test_an_order_of_which_something_is_owed_is_not_kept_yet() -> None:
    three = [before(n, timedelta(days=20)) for n in (1, 2, 3)]
    kept = [seen(attempt(), three, (), (), owed).door.kept for owed in ((), {UUID(int=2)})]
    assert kept == [3, 2]
