"""What goes with an order: what both weigh and are worth, and what sending both costs more."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.events.orders import Shipping
from tests.properties.values import BOUNDED
from write_side.orders.adding import Load, Way, dearer, sent_with
from write_side.orders.costing import Sent, Where
from write_side.orders.quoting import Outside
from write_side.shipping import Parcel
from write_side.taxes import Question, Taxes

PRICES = st.integers(0, 9)
MOST = 9  # value of goods


class Told:
    """What sending costs for each value of the goods, whatever they weigh; None: not sent so."""

    def __init__(self, prices: Sequence[int | None], *, contradicts: bool = False) -> None:
        self.prices, self.contradicts = prices, contradicts

    async def options(self, parcel: Parcel) -> list[Shipping]:
        price = self.prices[parcel.value_minor]
        if price is None:
            return [Shipping("other", "Other", 1)]
        dear = [v for v in range(parcel.value_minor) if self.costs_more(v, price)]
        from_minor = MOST if self.contradicts else max(dear, default=-1) + 1
        return [Shipping("post", "Post", price, "far", from_minor=from_minor)]

    def costs_more(self, value: int, price: int) -> bool:
        known = self.prices[value]
        return known is None or known > price

    async def taxes(self, question: Question) -> Taxes:
        raise AssertionError("nobody asks")


def added(told: Told, goes: int, paid: int, more: int) -> Shipping:
    way = Way("post", Where("DE"), "EUR", Outside(told, told, 1, 1))
    return asyncio.run(dearer(Sent(0, goes), paid, Sent(0, more), way))


@given(st.lists(PRICES, min_size=MOST + 1, max_size=MOST + 1), st.integers(0, MOST), st.data())
@BOUNDED
def test_all_together_cost_what_it_takes_to_send_them_and_never_less_than_was_paid(
    prices: list[int | None], goes: int, data: st.DataObject
) -> None:
    for value in data.draw(st.sets(st.integers(0, MOST - 1))) - {goes}:
        prices[value] = None
    prices[MOST] = prices[MOST] or 0
    told, paid, alone, both = Told(prices), data.draw(PRICES), prices[goes] or 0, prices[MOST] or 0
    extra = added(told, goes, paid, MOST - goes)
    most = max(alone, paid) + extra.price_minor
    assert (most, extra.zone) == (max(alone, paid, both), "far")
    assert not any(told.costs_more(value, most) for value in range(extra.from_minor, MOST + 1))
    assert extra.from_minor == 0 or told.costs_more(extra.from_minor - 1, most)


def test_whoever_contradicts_itself_is_not_asked_for_ever() -> None:
    assert added(Told([3] * (MOST + 1), contradicts=True), 1, 3, MOST - 1).from_minor == 0


def test_what_goes_along_weighs_what_is_known_and_is_worth_what_it_has_cost() -> None:
    assert sent_with(Load({"lamp": 2, "gone": 2}, 3500), {"lamp": 700}) == Sent(1400, 3500)
