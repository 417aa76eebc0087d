"""Purchase limits, as data."""

from uuid import UUID

import pytest

from shared.events.inventory import PurchaseLimitSet
from write_side.errors import Invalid
from write_side.inventory.limits.domain import (
    PurchaseLimit,
    PurchaseLimitReached,
    SetPurchaseLimit,
    check_limits,
    counted,
    evolve,
    set_limit,
)

ID, PRODUCT = UUID(int=1), UUID(int=2)


def limit(order: int | None = None, customer: int | None = None, days: int | None = None) -> PurchaseLimit:
    return PurchaseLimit(ID, "lamp", PRODUCT, order, customer, days, 1)


@pytest.mark.parametrize(
    ("order", "customer", "has", "wanted", "left"),
    [
        (2, None, 0, 2, None),
        (2, None, 9, 3, 2),
        (None, 4, 1, 3, None),
        (None, 4, 1, 4, 3),
        (None, 4, 9, 1, 0),  # it was lowered since
        (2, 4, 3, 2, 1),
        (2, 9, 1, 3, 2),
        (None, None, 5, 99, None),
    ],
)
def test_what_is_left_for_a_customer(
    order: int | None, customer: int | None, has: int, wanted: int, left: int | None
) -> None:
    limits = [limit(order, customer, 30 if customer else None)]
    if left is None:
        return check_limits({"lamp": wanted, "bulb": 50}, limits, {"lamp": has})
    with pytest.raises(PurchaseLimitReached) as refused:
        check_limits({"lamp": wanted, "bulb": 50}, limits, {"lamp": has})
    [line] = refused.value.facts["lines"]
    assert (line["sku"], line["wanted"], line["left"]) == ("lamp", wanted, left)


def test_only_what_a_customer_may_have_so_many_of_is_asked_of_the_rows() -> None:
    assert counted({"lamp": 2, "bulb": 3}, [limit(order=5)]) == {}
    assert counted({"lamp": 2, "bulb": 3}, [limit(customer=5)]) == {"lamp": 2}


def test_a_limit_is_set_changed_and_lifted_and_the_same_again_is_no_event() -> None:
    event = set_limit(None, ID, "lamp", PRODUCT, SetPurchaseLimit(2, 4, 30))
    assert event == PurchaseLimitSet(ID, "lamp", PRODUCT, 2, 4, 30)
    now = evolve(event, 1)
    assert set_limit(now, UUID(int=9), "lamp", PRODUCT, SetPurchaseLimit(2, 4, 30)) is None
    lifted = set_limit(now, UUID(int=9), "lamp", PRODUCT, SetPurchaseLimit())
    assert lifted == PurchaseLimitSet(ID, "lamp", PRODUCT, None, None, None)
    with pytest.raises(Invalid):
        set_limit(None, ID, "lamp", PRODUCT, SetPurchaseLimit(most_per_order=2, window_days=30))
