"""What failed of a refund is sent again: all of it, by the same payments, and nothing that went back in another way."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.ids import uuid7
from tests.properties.values import BOUNDED
from tests.unit.refunds.test_sources import bought, refunded
from write_side.errors import Refusal
from write_side.inventory import Demand
from write_side.refunds.again import again, failed_parts
from write_side.refunds.domain import Bought, NewRefund, Refund, evolve
from write_side.refunds.requesting import gone_of

orders = st.builds(
    bought, st.integers(50, 5_000), st.lists(st.integers(50, 5_000), min_size=1, max_size=3),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
)  # fmt: skip


def requested(order: Bought, earlier: list[Refund], wanted: NewRefund, moved: int = 0) -> list[Refund]:
    try:
        return [evolve(None, event, 1) for event in refunded(order, earlier, wanted, moved)]
    except Refusal:
        return []


def ended(parts: list[Refund], fails: list[bool]) -> list[Refund]:
    """Of which some failed: only what the provider is asked for can."""

    def state(part: Refund, fail: bool) -> Any:
        return "failed" if fail and part.charged_minor else "succeeded"

    return [structs.replace(part, state=state(part, fail)) for part, fail in zip(parts, fails, strict=False)]


def sent(one: UUID, order: Bought, earlier: list[Refund]) -> list[Refund]:
    return [evolve(None, event, 1) for event in again(one, order, earlier, uuid7)]


@BOUNDED
@given(orders, st.integers(0, 3_000), st.booleans(), st.lists(st.booleans(), min_size=8, max_size=8), st.booleans())
def test_whatever_parts_fail_and_how_often_in_the_end_each_payment_has_given_its_own(
    order: Bought, moved: int, shipping: bool, fails: list[bool], backwards: bool
) -> None:
    lines = [Demand(line.sku, line.quantity) for line in order.lines]
    wanted = NewRefund("returned", lines=lines, shipping=shipping)
    parts = requested(order, [], wanted, moved)
    earlier, one = ended(parts, fails), parts[0].id
    if backwards:  # ids of the same millisecond tell no order
        earlier.reverse()
    for n in range(3):
        once_more = sent(one, order, earlier)
        assert {part.intent_id for part in once_more} == {part.intent_id for part in failed_parts(one, earlier)}
        earlier += ended(once_more, fails[n + 1 :])
    earlier += sent(one, order, earlier)
    assert sent(one, order, earlier) == []

    def by_payment(refunds: list[Refund]) -> dict[str, int]:
        found: dict[str, int] = {}
        for refund in refunds:
            found[refund.intent_id] = found.get(refund.intent_id, 0) + refund.counted_minor
        return found

    assert by_payment(earlier) == by_payment(parts)
    units = [line for refund in earlier if refund.state != "failed" for line in refund.lines]
    assert sum(line.quantity for line in units) == sum(line.quantity for line in order.lines)
    assert len([refund for refund in earlier if refund.sent]) >= len([refund for refund in parts if refund.sent])


@BOUNDED
@given(orders, st.integers(1, 4), st.integers(1, 2_000), st.lists(st.booleans(), min_size=6, max_size=6))
def test_what_went_back_in_another_way_meanwhile_is_not_given_twice(
    order: Bought, units: int, amount: int, fails: list[bool]
) -> None:
    first = order.lines[0]
    lines = [Demand(first.sku, min(units, first.quantity))]
    parts = requested(order, [], NewRefund("returned", lines=lines))
    if not parts:
        return
    earlier = ended(parts, fails)
    earlier += requested(order, earlier, NewRefund("goodwill", amount_minor=amount))
    earlier += requested(order, earlier, NewRefund("returned", lines=lines))
    earlier += sent(parts[0].id, order, earlier)
    taken = {"pi_own": order.charged_minor} | {part.intent_id: part.amount_minor for part in order.credits}
    for source, amount_minor in taken.items():
        assert sum(each.counted_minor for each in earlier if each.intent_id == source) <= amount_minor
    back = sum(part for each in earlier for sku, part in gone_of(each)[0] if sku == first.sku)
    assert back <= first.cost_minor
    counted = [line for each in earlier if each.state != "failed" for line in each.lines if line.sku == first.sku]
    assert sum(line.quantity for line in counted) <= first.quantity
