"""Whoever adds to an order and takes back, in whatever order, sends nothing for less than it costs alone, and nothing
for more than it ever cost together."""

import asyncio
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from shared.events.orders import PricedLine, Shipping, Totals
from shared.events.shipping import Bracket, Method, Place
from tests.properties.values import BOUNDED
from write_side.fulfilment.editing.group import Group, going, sent_for, what_goes
from write_side.fulfilment.editing.keeping import BelowTerms, check_terms
from write_side.fulfilment.standing import Standing
from write_side.orders import Order
from write_side.orders.adding import Way, dearer, sent_with
from write_side.orders.costing import Sent, Where
from write_side.orders.quoting import Outside
from write_side.refunds import Refund
from write_side.shipping import Parcel
from write_side.shipping.domain import Zone, options
from write_side.taxes import Question, Taxes

ID = UUID(int=7)
AT = datetime(2026, 11, 27, tzinfo=UTC)
GRAMS = {"pen": 10, "lamp": 1200, "desk": 9000}
PRICES = {"pen": 500, "lamp": 3000, "desk": 2000}
WEIGHTS, VALUES = (2000, 10_000, None), (1999, 4999, None)


class Tables:
    """Rates of one zone."""

    def __init__(self, method: Method) -> None:
        self.zones = [Zone(ID, "germany", "Germany", [Place("DE")], [method], 1)]

    async def options(self, parcel: Parcel) -> list[Shipping]:
        return options(self.zones, parcel)

    async def taxes(self, question: Question) -> Taxes:
        raise AssertionError("nobody asks")

    def way(self) -> Way:
        return Way("parcel", Where("DE"), "EUR", Outside(self, self, 1, 1))


class Step(NamedTuple):
    """So many of a SKU are added; or of one of the orders so many are left, of -1: of the last one."""

    sku: str
    quantity: int
    of: int | None


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    """Heavier is dearer; what the goods come to makes it dearer or cheaper, as the shop likes."""
    by_weight = sorted(draw(st.lists(st.sampled_from([0, 3, 5, 9]), min_size=3, max_size=3)))
    by_value = draw(st.lists(st.sampled_from([0, 2, 7]), min_size=3, max_size=3))
    brackets = [
        Bracket(heavy + dear, grams, value)
        for heavy, grams in zip(by_weight, WEIGHTS, strict=True)
        for dear, value in zip(by_value, VALUES, strict=True)
    ]
    return Tables(Method("parcel", "Parcel", {"EUR": brackets}, draw(st.sampled_from([{}, {"EUR": 6000}]))))


ADD = st.builds(Step, st.sampled_from(sorted(PRICES)), st.integers(1, 3), st.none())
TAKE = st.builds(Step, st.just(""), st.sampled_from([0, 0, 1, 2]), st.integers(0, 3))
PEN, DESK = Step("pen", 1, None), Step("desk", 1, None)
NOTHING_OF_THE_LAST = Step("", 0, -1)
# What is added and taken off at once gets its shipping back, and counted as paid all the same once more was added.
ALONE = (ADD | TAKE).map(lambda step: [step])
FOR_NOTHING = ADD.map(lambda step: [step, NOTHING_OF_THE_LAST])
STEPS = st.lists(ALONE | FOR_NOTHING, min_size=4, max_size=8).map(lambda several: [*chain.from_iterable(several)])
BY_WEIGHT = Tables(Method("parcel", "Parcel", {"EUR": [Bracket(490, 2000), Bracket(890, 10_000), Bracket(4900)]}, {}))


def bought(n: int, sku: str, quantity: int, sent: Shipping) -> Standing:
    worth = PRICES[sku] * quantity
    line = PricedLine(sku, ID, ID, sku, quantity, PRICES[sku], worth, 0)
    totals = Totals("EUR", worth, sent.price_minor, 0, worth + sent.price_minor)
    order = Order(
        UUID(int=n), "", ID, ID, ID, ID, "", "", "DE", [line], totals, [], AT, "confirmed", None, True, 1, shipping=sent
    )  # fmt: skip
    return Standing(order, True, {sku: quantity}, [], [], [])


def with_shipping_back(stands: Standing, kept: int) -> Standing:
    """What of its shipping was kept so far is given back."""
    back = Refund(ID, stands.order.id, ID, "", kept, "EUR", "goodwill", [], kept, [], "requested", None, None, 1)
    return structs.replace(stands, given=[*stands.given, back])


class Bought:
    """An order and what was added to it, and what of their shipping was not given back."""

    def __init__(self, first: Standing, sent_for: int, way: Way) -> None:
        self.group, self.way, self.kept = Group(first, []), way, {first.order.id: sent_for}

    @property
    def sent(self) -> Sent:
        return sent_with(what_goes(self.group), GRAMS)

    async def add(self, step: Step) -> None:
        first, added = self.group.first, self.group.added
        if not any(going(first).values()):
            return
        new = Sent(GRAMS[step.sku] * step.quantity, PRICES[step.sku] * step.quantity)
        sent = await dearer(self.sent, sent_for(self.group), new, self.way)
        more = bought(len(added) + 1, step.sku, step.quantity, sent)
        ids = [*first.order.additions, more.order.id]
        first = structs.replace(first, order=structs.replace(first.order, additions=ids))
        self.group, self.kept[more.order.id] = Group(first, [*added, more]), sent.price_minor

    def take_off(self, step: Step, of: int) -> None:
        """As `lower_lines` does, if a customer may."""
        members = [self.group.first, *self.group.added]
        now = members[of % len(members)]
        left = {sku: min(n, step.quantity) for sku, n in now.owed.items()}
        try:
            check_terms(now, self.group, left)
        except BelowTerms:
            event("below terms")
            return
        if not any(left.values()):
            back = [] if self.group.counts_on(now.order.id) else [now.order]
            freed = self.group.freed_by(now.order.id) if now is not members[0] else []
            ids = [order.id for order in (*back, *freed)]
            for n, each in enumerate(members):
                if each.order.id in ids and self.kept[each.order.id]:
                    members[n] = with_shipping_back(each, self.kept[each.order.id])
            self.kept |= dict.fromkeys(ids, 0)
        first, *added = [structs.replace(each, owed=left) if each.order == now.order else each for each in members]
        self.group = Group(first, added)


@given(tables(), ADD, STEPS)
@example(BY_WEIGHT, PEN, [*[DESK, NOTHING_OF_THE_LAST] * 11, PEN, Step("desk", 3, None)])
# What it was kept for goes no more either.
@example(BY_WEIGHT, PEN, [DESK, PEN, Step("", 0, 1), NOTHING_OF_THE_LAST, PEN, Step("desk", 3, None)])
@settings(BOUNDED, max_examples=400)  # few histories come back to where it matters
def test_whoever_adds_and_takes_back_pays_for_sending_what_it_costs(
    rates: Tables, start: Step, steps: list[Step]
) -> None:
    async def history() -> None:
        way = rates.way()
        alone = await way.ask(Sent(GRAMS[start.sku] * start.quantity, PRICES[start.sku] * start.quantity))
        one = Bought(bought(0, start.sku, start.quantity, alone), alone.price_minor, way)
        dearest = alone.price_minor
        for step in steps:
            if step.of is None:
                await one.add(step)
            else:
                one.take_off(step, step.of)
            costs = (await way.ask(one.sent)).price_minor if any(what_goes(one.group).pieces.values()) else 0
            dearest = max(dearest, costs)
            assert costs <= sum(one.kept.values()) <= dearest

    asyncio.run(history())
