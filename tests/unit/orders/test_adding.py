"""What goes with an order: what both weigh and are worth, and what sending both costs more."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.events.orders import PricedLine, Shipping
from write_side.orders.adding import dearer, sent_with
from write_side.orders.costing import Sent

PRICES = st.integers(0, 10_000)


@given(PRICES, PRICES)
def test_both_together_cost_what_both_parts_come_to_and_never_less_than_the_first(alone: int, both: int) -> None:
    extra = dearer(Shipping("post", "Post", alone), Shipping("post", "Post", both, zone="far"))
    assert alone + extra.price_minor == max(alone, both)
    assert extra.zone == "far"


def test_what_goes_along_weighs_what_is_known_and_is_worth_what_it_has_cost() -> None:
    lines = [
        PricedLine(sku, UUID(int=1), UUID(int=2), sku.title(), 2, 1000, 2000, 0, discount_minor=off)
        for sku, off in (("lamp", 500), ("gone", 0))
    ]
    assert sent_with(lines, {"lamp": 700}) == Sent(1400, 3500)
