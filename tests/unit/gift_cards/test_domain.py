"""What gift cards pay of a total, and what goes back to which."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.gift_cards import GiftPart
from shared.money import least_charge
from tests.properties.values import BOUNDED
from write_side.gift_cards import domain
from write_side.gift_cards.domain import GiftCard, covers, given_back, paid_by, spread

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
BALANCES = st.lists(st.integers(0, 3_000), max_size=5)
PARTS = st.lists(st.integers(1, 500), max_size=5)


def card(n: int, balance: int, **other: Any) -> GiftCard:
    return structs.replace(GiftCard(UUID(int=n), "", 10_000, "EUR", None, "active", balance, 1), **other)


@given(st.integers(50, 5_000), BALANCES, st.integers(0, 2_000))
@BOUNDED
def test_gift_cards_and_what_is_charged_come_to_the_total_and_a_charge_is_none_or_one_that_can_be_made(
    total: int, balances: list[int], sold: int
) -> None:
    cards = [card(n, balance) for n, balance in enumerate(balances)]
    sold = min(sold, total)
    parts = spread(cards, total, "EUR", NOW, sold).parts
    charged = total - paid_by(parts)
    assert charged == 0 or charged >= least_charge("EUR")
    assert charged >= sold, "gift cards are not paid for by others"
    assert charged <= max(total - sum(balances), sold, least_charge("EUR")), "they pay all they can"
    by_id = {each.id: each for each in cards}
    assert all(0 < part.amount_minor <= by_id[part.gift_card_id].balance_minor for part in parts)
    assert covers(parts, by_id, NOW)
    drained = {id_: structs.replace(each, balance_minor=each.balance_minor - 1) for id_, each in by_id.items()}
    emptied = any(part.amount_minor == by_id[part.gift_card_id].balance_minor for part in parts)
    assert covers(parts, drained, NOW) is not emptied


def test_they_leave_what_can_be_charged_in_their_currency() -> None:
    [part] = spread([card(1, 20_000, currency="HUF")], 30_000, "HUF", NOW).parts
    assert part.amount_minor == 30_000 - 17_500


def test_a_card_that_pays_nothing_says_why() -> None:
    found = [
        None, card(1, 500, state="blocked"), card(2, 500, expires_at=NOW), card(3, 500, currency="USD"), card(4, 0),
        card(5, 5_000, expires_at=NOW + timedelta(seconds=1)), card(6, 500),
    ]  # fmt: skip
    paid = spread(found, 1_000, "EUR", NOW)
    assert paid.parts == [GiftPart(UUID(int=5), 1_000)]
    assert list(paid.refused.values()) == [
        "unknown_code", "blocked", "over", "other_currency", "empty", "nothing_left_to_pay",
    ]  # fmt: skip


def test_a_card_that_is_typed_twice_pays_once() -> None:
    assert spread([card(1, 300), card(1, 300)], 1_000, "EUR", NOW).parts == [GiftPart(UUID(int=1), 300)]


def test_no_charge_is_too_little_to_be_made() -> None:
    parts = spread([card(1, 300), card(2, 20), card(3, 660)], 1_000, "EUR", NOW).parts
    assert parts == [GiftPart(UUID(int=1), 300), GiftPart(UUID(int=2), 20), GiftPart(UUID(int=3), 630)]


@given(PARTS, st.lists(st.integers(1, 400), max_size=8))
@BOUNDED
def test_what_goes_back_bit_by_bit_is_each_cards_own_the_last_first(amounts: list[int], wanted: list[int]) -> None:
    parts = [GiftPart(UUID(int=n), amount) for n, amount in enumerate(amounts)]
    back: dict[UUID, int] = {}
    before = 0
    for amount in wanted:
        given = given_back(parts, before, amount)
        assert paid_by(given) == min(amount, sum(amounts) - before)
        for part in given:
            back[part.gift_card_id] = back.get(part.gift_card_id, 0) + part.amount_minor
        before += paid_by(given)
    assert all(0 <= back.get(part.gift_card_id, 0) <= part.amount_minor for part in parts)
    assert sum(back.values()) == before
    full = [part for part in parts if back.get(part.gift_card_id) == part.amount_minor]
    assert full == parts[len(parts) - len(full) :]


def test_a_code_is_found_however_it_is_typed_and_only_with_the_secret() -> None:
    code = domain.new_code("secret", UUID(int=1), "key")
    assert code != domain.new_code("secret", UUID(int=1), "another key")
    mark = domain.mark_of("secret", code)
    assert {domain.mark_of("secret", each) for each in (code.lower(), code.replace("-", " "), f" {code}")} == {mark}
    assert domain.mark_of("other", code) != mark
