"""What goes with an order: what both weigh and are worth, and what sending both costs more."""

from hypothesis import given
from hypothesis import strategies as st

from shared.events.orders import Shipping
from write_side.orders.adding import Load, dearer, sent_with
from write_side.orders.costing import Sent

PRICES = st.integers(0, 10_000)


@given(PRICES, PRICES)
def test_both_together_cost_what_both_parts_come_to_and_never_less_than_the_first(alone: int, both: int) -> None:
    extra = dearer(alone, Shipping("post", "Post", both, zone="far"))
    assert alone + extra.price_minor == max(alone, both)
    assert extra.zone == "far"


def test_what_goes_along_weighs_what_is_known_and_is_worth_what_it_has_cost() -> None:
    assert sent_with(Load({"lamp": 2, "gone": 2}, 3500), {"lamp": 700}) == Sent(1400, 3500)
