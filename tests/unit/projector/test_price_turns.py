"""Which slot is for what, and which one counts at any moment."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from projector.price_slots.turns import Said, assigned, moment_of, turn_at, turns, without_past
from shared.documents.price_slots import OWN, SLOTS, Counting, PriceSlots, Slot, Turn, counting
from shared.documents.prices import ShownPriceList, TermsStep
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import Percentage, PromotionTerms

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HALF = PromotionTerms("Half", Percentage(5000), "", ["lamp"], {}, None, None, False, 1, None, None)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def promotion(n: int, begins: float | None, ends: float | None, said: float = -60) -> ShownPromotion:
    starts_at, ends_at = (None if minutes is None else at(minutes) for minutes in (begins, ends))
    terms = structs.replace(HALF, starts_at=starts_at, ends_at=ends_at, off=Percentage(n * 100))
    return ShownPromotion(UUID(int=n), [PromotionStep(at(said), terms)])


def filled(slots: dict[str, Slot]) -> dict[str, Slot]:
    return {name: structs.replace(slot, filled=True) for name, slot in slots.items()}


def test_what_is_announced_has_its_slot_before_it_counts_and_the_clock_alone_turns_to_it_and_back() -> None:
    said = Said([promotion(1, 2, 10)], [])
    coming = turns(said, [], NOW)
    assert [(turn.at, turn.regime == OWN) for turn in coming] == [(NOW, True), (at(2), False), (at(10), True)]
    slots = assigned({}, coming, NOW)
    assert [slot.filled for slot in slots.values()] == [False]
    late = PriceSlots("", slots, coming)
    assert counting(late, at(2)) == Counting("prices", at(2)), "not filled in time: as before, and it is said"
    ready = PriceSlots("", filled(slots), coming)
    assert [counting(ready, at(minutes)) for minutes in (0, 1.99, 2, 9.99, 10)] == [
        Counting("prices"), Counting("prices"), *[Counting("shown.a", None, promoted=True)] * 2, Counting("prices"),
    ]  # fmt: skip
    assert moment_of(slots["a"].regime, coming, NOW) == at(2)


def test_an_immediate_one_counts_once_it_is_filled_and_until_then_what_counted_before() -> None:
    first = Said([promotion(1, None, None)], [])
    slots = filled(assigned({}, turns(first, [], NOW), NOW))
    before = without_past(turns(first, [], NOW), slots, NOW)
    second = Said([*first.promotions, promotion(2, None, None, said=5)], [])
    coming = turns(second, before, at(5.01))
    slots = assigned(slots, without_past(coming, slots, at(5.01)), at(5.01))
    assert counting(PriceSlots("", slots, coming), at(6)) == Counting("shown.a", at(5), promoted=True), "since then"
    assert counting(PriceSlots("", filled(slots), coming), at(6)) == Counting("shown.b", None, promoted=True)
    assert [turn.at for turn in without_past(coming, filled(slots), at(6))] == [at(5)], "the one before is let go of"


def test_percentages_off_everything_need_no_slot_until_another_promotion_is_in_force_with_them() -> None:
    everything = structs.replace(HALF, skus=[])
    of_all = ShownPromotion(UUID(int=8), [PromotionStep(at(-1), everything)])
    assert turn_at(Said([of_all], []), NOW).regime == OWN
    one = promotion(1, None, None)
    assert OWN != turn_at(Said([of_all, one], []), NOW).regime != turn_at(Said([one], []), NOW).regime


def test_price_lists_count_that_are_for_everybody_in_the_web_shop() -> None:
    def listed(**said: object) -> str:
        terms = structs.replace(PriceListTerms("List", "EUR", [], [], None, None, 1), **said)
        return turn_at(Said([], [ShownPriceList(UUID(int=9), [TermsStep(at(-1), terms)])]), NOW).regime

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
    said = Said([promotion(n, *each) for n, each in enumerate(told, 1)], [])
    slots: dict[str, Slot] = {}
    before: list[Turn] = []
    for now in [NOW, *(at(minutes) for minutes in sorted(looks))]:
        coming = turns(said, before, now)
        slots = assigned(slots, without_past(coming, slots, now), now)
        assert len({slot.regime for slot in slots.values()}) == len(slots) <= len(SLOTS)
        slots = filled(slots)
        before = without_past(coming, slots, now)
        found = counting(PriceSlots("", slots, before), now)
        regime = turn_at(said, now).regime
        own = {f"shown.{name}": slot.regime for name, slot in slots.items()} | {"prices": OWN}
        assert (own[found.field], found.changing_since) == (regime, None)
        assert all(one.at <= other.at and one.regime != other.regime for one, other in pairwise(before))


def test_of_more_than_there_are_slots_for_the_nearest_have_one() -> None:
    said = Said([promotion(n, 10 * n, 10 * n + 5) for n in range(1, 7)], [])
    coming = turns(said, [], NOW)
    slots = assigned({}, coming, NOW)
    assert [slot.regime for slot in slots.values()] == [turn.regime for turn in coming if turn.regime != OWN][:4]
    later = without_past(coming, filled(slots), at(20))
    kept = assigned(filled(slots), later, at(20))
    assert [kept[name].filled for name in "bcd"] == [True] * 3
    number = int(at(20).timestamp() * 1000)
    assert kept["a"] == Slot(later[6].regime, False, promoted=True, number=number), "the first is over"


def test_what_is_in_force_again_is_filled_anew() -> None:
    """Ten per cent, twenty by mistake, ten again: what was written in between has the mistake in both slots."""
    ten, twenty = Turn(at(0), "ten", promoted=True), Turn(at(5), "twenty", promoted=True)
    slots = filled(assigned({}, [ten], at(0)))
    slots = filled(assigned(slots, [ten, twenty], at(5)))
    assert (slots["a"].over, slots["b"].over) == (True, False)
    again = [ten, twenty, Turn(at(10), "ten", promoted=True)]
    anew = assigned(slots, again, at(10))
    ours = next(slot for slot in anew.values() if slot.regime == "ten")
    assert (ours.filled, ours.over, ours.number > slots["a"].number) == (False, False, True)
    assert assigned(anew, again, at(11))["a"].number == ours.number, "once"


def test_what_comes_back_after_a_sale_that_was_announced_keeps_its_slot() -> None:
    told = [Turn(at(0), "list"), Turn(at(5), "sale", promoted=True), Turn(at(10), "list")]
    slots = filled(assigned({}, told, at(1)))
    assert assigned(slots, told, at(6)) == slots == assigned(slots, told, at(11)) | {"b": slots["b"]}
