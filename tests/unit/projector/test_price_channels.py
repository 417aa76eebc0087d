"""Which slot counts in which channel: that of what is in force there, or that of the web shop, and then it is said."""

from datetime import datetime
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from projector.price_slots.channels import MOST
from projector.price_slots.turns import Said, regime_at
from shared.documents.price_slots import OWN, Counting, PriceSlots, counting
from shared.documents.prices import ShownPriceList, TermsStep
from shared.events.pricing import PriceListTerms
from tests.unit.projector.test_price_turns import NOW, Looking, at, promotion

TERMS = PriceListTerms("List", "EUR", [], [], None, None, 1)


def a_list(n: int, *channels: str, begins: float | None = None, ends: float | None = None) -> ShownPriceList:
    starts_at, ends_at = (None if minutes is None else at(minutes) for minutes in (begins, ends))
    terms = structs.replace(TERMS, channels=[*channels], starts_at=starts_at, ends_at=ends_at)
    return ShownPriceList(UUID(int=n), [TermsStep(at(-60), terms)])


def settled(said: Said, now: datetime = NOW, shop: Looking | None = None) -> PriceSlots:
    """What is told once all is filled."""
    shop = shop or Looking()
    for _ in range(4):  # what was turned back to is let go of, and may leave a slot to what has none
        shop.look(said, now)
        shop.fill()
    return shop.look(said, now)


def test_a_list_for_the_app_counts_there_by_the_clock_and_nowhere_else() -> None:
    shop, said = Looking(), Said([], [a_list(1, "app", begins=2, ends=10)])
    late = shop.look(said, NOW)
    assert counting(late, at(2), "app") == Counting("prices", at(2)), "not filled in time: as before, and it is said"
    shop.fill()
    ready = shop.look(said, at(1))
    assert [counting(ready, at(minutes), "app") for minutes in (1, 1.99, 2, 9.99, 10)] == [
        Counting("prices"), Counting("prices"), *[Counting("shown.b")] * 2, Counting("prices"),
    ]  # fmt: skip
    assert {counting(ready, at(5), channel) for channel in ("web", "kiosk")} == {Counting("prices")}
    assert shop.look(said, at(11)).channels == {}, "it is over"


def test_a_list_that_begins_at_once_counts_once_it_is_filled_and_until_then_what_counted_before_it() -> None:
    shop, some = Looking(), Said([promotion(1, None, None)], [])
    settled(some, NOW, shop)
    said = Said(some.promotions, [a_list(1, "app", begins=5)])
    told = shop.look(said, at(5))
    assert counting(told, at(6), "app") == Counting("shown.a", at(5)), "as in the web shop"
    shop.fill()
    told = shop.look(said, at(6))
    assert counting(told, at(6), "app").field != counting(told, at(6)).field == "shown.a"
    assert counting(told, at(6), "app")[1:] == (None, None)


def test_where_the_same_is_in_force_one_slot_is_for_both() -> None:
    told = settled(Said([], [a_list(1, "app", "web"), a_list(2)]))
    assert counting(told, NOW) == counting(told, NOW, "app")
    assert len({slot.regime for slot in told.slots.values()} - {OWN}) == 1


def test_a_shop_whose_lists_name_no_channel_or_the_web_alone_has_nothing_told_or_written_for_others() -> None:
    plain = settled(Said([promotion(1, None, None)], [a_list(1), a_list(2, begins=5)]))
    assert b"channels" not in msgspec.json.encode(plain)
    assert len({slot.regime for slot in plain.slots.values()} - {OWN}) == 2, "of now, and of what is to come"
    of_web = settled(Said([promotion(1, None, None)], [a_list(1, "web")]))
    assert len({slot.regime for slot in of_web.slots.values()} - {OWN}) == 1
    assert counting(of_web, NOW, "app") == counting(of_web, NOW)._replace(of_channel="web"), "no silent web prices"
    assert counting(settled(Said([], [a_list(1, "web")])), NOW, "app") == Counting("prices"), "own ones need no slot"


def test_what_slots_hold_for_the_web_shop_is_called_as_it_was() -> None:
    """Or each product of a list would be written again with the update; and one for others is asked as web asks it."""
    of_web, of_app = (regime_at(Said([], [a_list(1, *names)]), NOW, names[-1]) for names in (("web",), ("app",)))
    assert [terms.channels for regime in (of_web, of_app) for _, terms in regime.lists] == [["web"], []]
    assert of_web.name == "d5398c888e099644"


def test_what_is_in_force_in_the_web_shop_and_comes_next_there_goes_before_all_other_channels() -> None:
    """The rest goes to what is in force elsewhere, and then to what is to come."""
    promotions = [promotion(n, 10 * n, 10 * n + 20) for n in (0, 1, 2, 3, 4)]
    said = Said(promotions, [a_list(n, f"app-{n}") for n in (1, 2, 3)])
    shop = Looking()
    told = settled(said, NOW, shop)
    assert {at_.regime for at_ in told.turns[:2]} <= told.filled.keys()
    assert [counting(told, NOW, f"app-{n}").of_channel for n in (1, 2, 3)] == [None, None, "web"]
    assert counting(told, NOW, "app-3") == counting(told, NOW)._replace(of_channel="web")
    assert shop.held.without_slot(NOW) == ["app-3"], "whoever runs the shop is told"
    later = settled(said, at(11), shop)
    assert {at_.regime for at_ in later.turns[:2]} <= later.filled.keys(), "and later on"


def test_what_is_in_force_elsewhere_goes_before_what_is_far_ahead_in_the_web_shop() -> None:
    promotions = [promotion(n, 10 * n, 10 * n + 5) for n in range(1, 7)]
    told = settled(Said(promotions, [a_list(1, "app")]))
    assert counting(told, NOW, "app") == Counting(told.filled[told.turns_in("app")[0].regime])


def test_of_more_channels_than_are_looked_after_all_others_go_by_the_web_shop_and_say_so() -> None:
    lists = [a_list(n, f"app-{n:02}") for n in range(1, MOST + 2)]
    told = settled(Said([], lists))
    assert len(told.channels) == MOST + 1
    for channel in (f"app-{MOST + 1:02}", "kiosk"):
        assert counting(told, NOW, channel) == Counting("prices", None, "web")
    fewer = settled(Said([], lists[1:]))
    assert counting(fewer, NOW, "kiosk") == Counting("prices"), "as in the web shop, which is known then"


def test_once_slots_are_free_who_had_none_gets_one() -> None:
    shop = Looking()
    four = [a_list(n, f"app-{n}") for n in (1, 2, 3, 4, 5)]
    assert counting(settled(Said([], four), NOW, shop), NOW, "app-5").of_channel == "web"
    assert counting(settled(Said([], four[1:]), at(1), shop), at(1), "app-5")[1:] == (None, None)


_minutes = st.none() | st.integers(-30, 30)
_channels = st.lists(st.sampled_from(["web", "app", "kiosk"]), max_size=2, unique=True)
_lists = st.lists(st.tuples(_channels, _minutes, _minutes), max_size=4)
_promotions = st.lists(st.tuples(_minutes, _minutes), max_size=3)


@given(_lists, _promotions, st.lists(st.integers(0, 40), max_size=4), st.integers(0, 20))
def test_at_every_moment_a_channel_goes_by_what_is_in_force_there_or_says_what_else(
    lists: list[tuple[list[str], int | None, int | None]],
    promotions: list[tuple[int | None, int | None]],
    looks: list[int],
    after: int,
) -> None:
    said = Said(
        [promotion(n, *times) for n, times in enumerate(promotions, 1)],
        [a_list(n, *names, begins=begins, ends=ends) for n, (names, begins, ends) in enumerate(lists, 1)],
    )
    shop = Looking()
    for now in [NOW, *(at(minutes) for minutes in sorted(looks))]:
        told = settled(said, now, shop)
        for moment in (now, *sorted({turn.at for turn in told.turns if turn.at > now}), now + (at(after) - NOW)):
            for channel in ("web", "app", "kiosk", "other"):
                agrees(told, said, moment, channel)
        assert counting(told, now)[1:] == (None, None), "the web shop has the first slots"


def agrees(told: PriceSlots, said: Said, at_: datetime, channel: str) -> None:
    found = counting(told, at_, channel)
    if found.of_channel is not None:
        assert found == counting(told, at_)._replace(of_channel="web")
    elif found.changing_since is None:
        own = {f"shown.{name}": slot.regime for name, slot in told.slots.items()} | {"prices": OWN}
        assert own[found.field] == regime_at(said, at_, channel).name
    else:
        assert found.changing_since <= at_
