"""Which slot is for what, and which one counts at any moment."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from projector.price_slots.held import Held
from projector.price_slots.regimes import EVERYTHING, NOBODY, NOTHING, Reach, apart
from projector.price_slots.turns import (
    Content,
    Contents,
    Said,
    assigned,
    regime_at,
    slots_of,
)
from shared.documents.price_slots import OWN, SLOTS, Counting, PriceSlots, counting
from shared.documents.prices import ShownPriceList, TermsStep
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import Percentage, PromotionTerms

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HALF = PromotionTerms("Half", Percentage(5000), "", ["lamp"], {}, None, None, False, 1, None, None)
EMPTY: Contents = {name: Content(NOTHING, 0) for name in SLOTS}


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def promotion(n: int, begins: float | None, ends: float | None, said: float = -60) -> ShownPromotion:
    starts_at, ends_at = (None if minutes is None else at(minutes) for minutes in (begins, ends))
    terms = structs.replace(HALF, starts_at=starts_at, ends_at=ends_at, off=Percentage(n * 100), skus=[f"sku-{n}"])
    return ShownPromotion(UUID(int=n), [PromotionStep(at(said), terms)])


def a_list(**said: object) -> ShownPriceList:
    terms = structs.replace(PriceListTerms("List", "EUR", [], [], None, None, 1), **said)
    return ShownPriceList(UUID(int=9), [TermsStep(at(-1), terms)])


def filled(contents: Contents) -> Contents:
    return {name: structs.replace(content, filled=True) for name, content in contents.items()}


class Looking:
    """What is told at a look, as the projector does it."""

    def __init__(self) -> None:
        self.held = Held("", {**EMPTY})

    @property
    def contents(self) -> Contents:
        return self.held.contents

    @contents.setter
    def contents(self, contents: Contents) -> None:
        self.held = structs.replace(self.held, contents={**contents})

    def look(self, said: Said, now: datetime) -> PriceSlots:
        self.held = self.held.after(said, now)
        return self.held.told

    def fill(self) -> None:
        self.contents = filled(self.contents)

    def place(self, said: Said, now: datetime) -> str:
        return slots_of(self.contents, [regime_at(said, now).name])[0]


def test_what_is_announced_has_its_slot_before_it_counts_and_the_clock_alone_turns_to_it_and_back() -> None:
    said, shop = Said([promotion(1, 2, 10)], []), Looking()
    late = shop.look(said, NOW)
    assert [(turn.at, turn.regime == OWN) for turn in late.turns] == [(NOW, True), (at(2), False), (at(10), True)]
    assert counting(late, at(2)) == Counting("prices", at(2)), "not filled in time: as before, and it is said"
    shop.fill()
    ready = shop.look(said, at(1))
    assert [counting(ready, at(minutes)) for minutes in (1, 1.99, 2, 9.99, 10)] == [
        Counting("prices"), Counting("prices"), *[Counting("shown.a")] * 2, Counting("prices"),
    ]  # fmt: skip


def test_an_immediate_one_counts_once_it_is_filled_and_until_then_what_counted_before() -> None:
    shop, first = Looking(), Said([promotion(1, None, None)], [])
    shop.look(first, NOW)
    shop.fill()
    second = Said([*first.promotions, promotion(2, None, None, said=5)], [])
    told = shop.look(second, at(5.01))
    assert counting(told, at(6)) == Counting("shown.a", at(5)), "since then"
    shop.fill()
    told = shop.look(second, at(6))
    assert counting(told, at(6)) == Counting("shown.b")
    assert [turn.at for turn in told.turns] == [at(5)], "the one before is let go of"


def test_price_lists_count_that_are_for_everybody_in_the_web_shop() -> None:
    def listed(**said: object) -> str:
        return regime_at(Said([], [a_list(**said)]), NOW).name

    assert listed() != OWN
    assert listed(channels=["web"]) != OWN
    assert listed(starts_at=at(1)) == listed(ends_at=NOW) == OWN
    assert listed(channels=["app"]) == listed(groups=["vip"]) == OWN


_minutes = st.none() | st.integers(-30, 30)
_promotions = st.lists(st.tuples(_minutes, _minutes, st.integers(-40, 0)), max_size=6)


@given(_promotions, st.lists(st.integers(0, 40), max_size=5))
def test_at_every_moment_the_slot_counts_that_is_for_what_is_in_force_then(
    told: list[tuple[int | None, int | None, int]], looks: list[int]
) -> None:
    said, shop = Said([promotion(n, *each) for n, each in enumerate(told, 1)], []), Looking()
    for now in [NOW, *(at(minutes) for minutes in sorted(looks))]:
        shop.look(said, now)
        shop.fill()
        slots = shop.look(said, now)
        found = counting(slots, now)
        own = {f"shown.{name}": slot.regime for name, slot in slots.slots.items()} | {"prices": OWN}
        assert (own[found.field], found.changing_since) == (regime_at(said, now).name, None)
        assert all(one.at <= other.at and one.regime != other.regime for one, other in pairwise(slots.turns))


def test_of_more_than_there_are_slots_for_the_nearest_have_one() -> None:
    said, shop = Said([promotion(n, 10 * n, 10 * n + 5) for n in range(1, 7)], []), Looking()
    told = shop.look(said, NOW)
    wanted = [turn.regime for turn in told.turns if turn.regime != OWN]
    assert [shop.contents[name].regime.name for name in SLOTS] == wanted[:4]
    shop.fill()
    later = shop.look(said, at(20)).slots
    assert [later[name].filled for name in SLOTS] == [False, True, True, True]
    assert later["a"].regime == wanted[4], "the first is over"


def test_of_a_slot_that_is_for_something_else_now_those_lack_it_that_either_names() -> None:
    """The slot is taken that has the least to be written; and what was not written before is to be written still."""
    shop = Looking()
    first, second = Said([promotion(1, None, None)], []), Said([promotion(1, None, None), promotion(2, 0, None)], [])
    shop.look(first, at(-1))
    assert lacking(shop, first, at(-1)) == Reach(skus=frozenset({"sku-1"}))
    shop.look(second, NOW)
    assert lacking(shop, second, NOW) == Reach(skus=frozenset({"sku-1", "sku-2"})), "whatever was written of the first"
    shop.fill()
    third = Said([*second.promotions, promotion(3, 1, None)], [])
    shop.look(third, at(2))
    shop.fill()
    shop.look(third, at(3))
    shop.contents = {name: structs.replace(each, lacking=NOBODY) for name, each in shop.contents.items()}
    fourth = Said([*third.promotions, promotion(4, 4, None)], [])
    shop.look(fourth, at(5))
    assert (shop.place(fourth, at(5)), lacking(shop, fourth, at(5))) == ("a", Reach(skus=frozenset({"sku-3", "sku-4"})))


def lacking(shop: Looking, said: Said, now: datetime) -> Reach:
    return shop.contents[shop.place(said, now)].lacking


def test_a_percentage_off_everything_is_written_for_gift_cards_and_what_else_is_taken_off_beside_it_alone() -> None:
    everything = PromotionStep(at(-1), structs.replace(HALF, skus=[]))
    of_all = ShownPromotion(UUID(int=8), [everything])
    shop = Looking()
    shop.look(Said([of_all], []), NOW)
    assert lacking(shop, Said([of_all], []), NOW) == Reach(gift_cards=True)
    both = Said([of_all, promotion(1, None, None)], [a_list()])
    shop.look(both, at(1))
    assert lacking(shop, both, at(1)) == Reach(
        skus=frozenset({"sku-1"}), lists=frozenset({str(UUID(int=9))}), gift_cards=True
    )


def test_what_is_off_some_beside_a_percentage_off_everything_is_written_when_that_comes_or_goes() -> None:
    """It may be the better one of two that don't go together, and what each leaves was another price before."""
    alone = regime_at(Said([promotion(1, None, None)], []), NOW)
    everything = structs.replace(HALF, skus=[], exclusive=True)
    of_all = ShownPromotion(UUID(int=8), [PromotionStep(at(-1), everything)])
    beside = regime_at(Said([promotion(1, None, None), of_all], []), NOW)
    assert apart(alone, beside) == apart(beside, alone) == Reach(skus=frozenset({"sku-1"}), gift_cards=True)


def test_a_price_list_takes_a_slot_along_so_that_what_comes_beside_it_has_little_to_write() -> None:
    shop, listed = Looking(), Said([], [a_list()])
    shop.look(listed, NOW)
    assert slots_of(shop.contents, [regime_at(listed, NOW).name]) == ["a", "b"]
    shop.fill()
    shop.contents = {name: structs.replace(each, lacking=NOBODY) for name, each in shop.contents.items()}
    both = Said([promotion(1, 5, None)], listed.lists)
    shop.look(both, at(5))
    assert (shop.place(both, at(5)), lacking(shop, both, at(5))) == ("b", Reach(skus=frozenset({"sku-1"})))
    assert [shop.contents[name].regime for name in ("c", "d")] == [NOTHING] * 2, "for what comes after it"


def test_what_comes_back_after_a_sale_keeps_its_slot_announced_or_not() -> None:
    shop = Looking()
    for now, promotions in ((0, [1]), (5, [1, 2]), (10, [1]), (11, [1])):
        shop.look(Said([promotion(n, None, None) for n in promotions], []), at(now))
        shop.fill()
    assert shop.place(Said([promotion(1, None, None)], []), at(12)) == "a"
    assert shop.contents["a"].number == int(NOW.timestamp() * 1000), "written once"


def test_a_renamed_promotion_needs_no_slot_of_its_own() -> None:
    def named(name: str) -> Sequence[ShownPromotion]:
        return [ShownPromotion(UUID(int=1), [PromotionStep(at(-1), structs.replace(HALF, name=name))])]

    assert regime_at(Said(named("Half"), []), NOW) == regime_at(Said(named("Half off"), []), NOW)


def test_of_what_nobody_knows_everything_may_lack() -> None:
    unknown = {name: structs.replace(each, lacking=EVERYTHING) for name, each in EMPTY.items()}
    regime = regime_at(Said([promotion(1, None, None)], []), NOW)
    found = assigned(unknown, {regime.name: regime}, [regime.name], NOW)
    assert found["a"].lacking.everything
