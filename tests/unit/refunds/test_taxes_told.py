"""Whatever fails of what is refunded, and whenever: what is left of an order's refunds never tells more tax than it was
charged, by each rate, and all of it once all has gone back."""

from collections.abc import Sequence
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.gift_cards import GiftPart
from shared.events.taxes import Tax
from tests.unit.refunds.test_domain import ID, refund
from tests.unit.refunds.test_rates import GERMANY, QUEBEC, Good, of_order, order, told, with_card
from write_side.errors import Refusal
from write_side.refunds.domain import Bought, Refund
from write_side.refunds.rates import taxed_alike
from write_side.refunds.taxing import Contained, tax_in

WANTED: dict[str, dict[str, Any]] = {"rest": {}, "shipping": {"shipping": True}, "amount": {"amount_minor": 101}}


class Life:
    """An order whose refunds are asked for and fail."""

    def __init__(self, of: Bought) -> None:
        self.of = of
        self.now: dict[int, Refund] = {}
        self.happened: list[Refund] = []
        self.told: dict[int, Contained] = {}

    def ask(self, piece: str, *, to_cards: bool = False) -> None:
        n = len(self.happened)
        wanted = WANTED.get(piece, {"lines": [{"sku": piece, "quantity": 1}]})
        try:
            one = refund(self.of, list(self.now.values()), n, **wanted)
        except Refusal:  # nothing of it is left
            return
        if to_cards:
            one = structs.replace(one, gift_cards=[GiftPart(ID, one.amount_minor // 3)])
        self.told[n] = tax_in(one, self.of, self.happened)
        self._happens(n, one)

    def fail(self, n: int) -> None:
        """The oldest, or the next ones, of those that have not failed yet."""
        may = [key for key, each in self.now.items() if each.state != "failed"]
        if may:
            self._happens(may[n % len(may)], structs.replace(self.now[may[n % len(may)]], state="failed"))

    def _happens(self, n: int, one: Refund) -> None:
        self.now[n] = one
        self.happened.append(one)

    @property
    def good(self) -> list[tuple[Refund, Contained]]:
        return [(each, self.told[n]) for n, each in self.now.items() if each.state != "failed"]


_goods = st.lists(
    st.builds(
        Good, st.integers(1, 3000), st.integers(1, 3), st.sampled_from(["standard", "reduced", "zero"]), st.booleans(),
        st.integers(0, 500),
    ),
    min_size=1, max_size=3,
)  # fmt: skip
_steps = st.lists(
    st.sampled_from(["s0", "s1", "s2", "shipping", "amount", "card", "rest"]) | st.integers(0, 3), max_size=12
)


@given(_goods, st.integers(0, 1500), st.sampled_from([GERMANY, QUEBEC]), _steps, st.integers(0, 300), st.booleans())
@example([Good(7, 3)], 0, GERMANY, ["s0", "s0", 0, "s0"], 0, False)
@example([Good(1000), Good(1000, tax_class="reduced")], 0, GERMANY, ["s1", "amount", 0], 0, False)
@example([Good(53, 2)], 0, QUEBEC, ["s0", "s0", 0], 0, False)
def test_refunds_that_stand_never_tell_more_tax_than_was_charged(
    goods: list[Good], shipping: int, taxes: list[Tax], steps: Sequence[str | int], card: int, to_cards: bool
) -> None:
    of = order(goods, shipping, taxes, "goods")
    of = with_card(of, card) if card else of
    if of.totals.total_minor == 0:
        return
    life = Life(of)
    for step in [*steps, "rest"]:
        if isinstance(step, int):
            life.fail(step)
        else:
            life.ask(step, to_cards=to_cards)
        _no_more_than_charged(life)
    if all(each.state != "failed" or not each.kept_minor for each in life.now.values()):
        assert sum(each.amount_minor for each, _ in life.good) == of.totals.total_minor
        _all_of_it(life)


def _no_more_than_charged(life: Life) -> None:
    charged = of_order(life.of)
    assert sum(each.tax_minor for _, each in life.good) <= life.of.tax_minor
    for each, contained in life.told.items():
        assert 0 <= contained.tax_minor <= life.now[each].amount_minor
        if contained.taxes:
            assert sum(tax.tax_minor for tax in contained.taxes) == contained.tax_minor
        assert all(tax.base_minor >= 0 <= tax.tax_minor for tax in contained.taxes)
    for key, (base, share) in told(life.good).items():
        assert base <= charged.get(key, (0, 0))[0]
        assert share <= charged.get(key, (0, 0))[1]


def _all_of_it(life: Life) -> None:
    assert sum(each.tax_minor for _, each in life.good) == life.of.tax_minor
    if taxed_alike(life.of)[0].levies is not None:
        assert {key: each for key, each in told(life.good).items() if any(each)} == of_order(life.of)
