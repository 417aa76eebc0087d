"""Links of orders: the first one ends with its order, a fresh one by itself, and neither opens another order."""

from math import inf
from uuid import UUID

import pytest

from shared.ids import time_of, uuid7
from shared.links import FRESH_DAYS, OrderLinks, fresh_order_token, order_token, signed_until

LINKS = OrderLinks("secret", 400)
DAY = 86_400.0


def test_the_first_token_is_good_until_its_order_says_otherwise_and_a_fresh_one_until_it_says() -> None:
    order_id = uuid7()
    assert signed_until("secret", order_token("secret", order_id), order_id) == inf
    assert signed_until("secret", fresh_order_token("secret", order_id, 1_900_000_000.9), order_id) == 1_900_000_000


def forged(token: str, order_id: UUID) -> list[str]:
    id_, until, signature = token.split(".")
    return [
        f"{id_}.{signature}", f"{id_}.{int(until) + 1}.{signature}", f"{id_}.0{until}.{signature}",
        f"{id_}.{'9' * 400}.{signature}", f"{id_}.².{signature}", f"{id_}..{signature}", token + ".", "", ".", "é",
        f"{uuid7()}.{until}.{signature}", order_token("secret", order_id).replace(".", f".{until}."),
    ]  # fmt: skip


def test_nothing_else_opens_it() -> None:
    order_id = uuid7()
    token = fresh_order_token("secret", order_id, 1_900_000_000)
    found = [signed_until("secret", each, order_id) for each in forged(token, order_id)]
    assert set(found) == {None}
    assert signed_until("another", token, order_id) is None
    assert signed_until("secret", token, uuid7()) is None


def test_nobody_has_to_look_when_an_order_ended_before_it_may_have() -> None:
    order_id = uuid7()
    placed = time_of(order_id).timestamp()
    seen = [LINKS.may_have_ended(order_id, placed + days * DAY) for days in (0, 399.9, 400)]
    assert seen == [False, False, True]
    assert (LINKS.ends(None), LINKS.ends(placed)) == (inf, placed + 400 * DAY)


@pytest.mark.parametrize(
    ("state", "days", "dated"),
    [("completed", 0, False), ("completed", 369, False), ("completed", 371, True), ("confirmed", 1_000, False)],
)
def test_whoever_may_open_an_order_gets_a_token_that_lasts(state: str, days: float, dated: bool) -> None:
    order_id = uuid7()
    now = time_of(order_id).timestamp() + days * DAY
    until = signed_until("secret", LINKS.token(order_id, state, now), order_id)
    assert until == (float(int(now + FRESH_DAYS * DAY)) if dated else inf)
