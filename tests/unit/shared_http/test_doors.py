"""Who comes in, who waits, who is told to come again: the doors, and the app behind them."""

import asyncio

import pytest

from read_side import doors as queries
from shared.http.doors import Doors, Full, Rank, Size
from write_side import doors as commands

BUYING, LOOKING = Rank.BUYING, Rank.LOOKING
LONG = (30.0, 30.0)


async def standing(doors: Doors, rank: Rank) -> "asyncio.Task[None]":
    """Somebody in line."""
    task = asyncio.create_task(doors.enter(rank))
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_as_many_come_in_as_there_are_places_and_the_next_one_when_one_leaves() -> None:
    doors = Doors(Size(2, 2, 10, LONG))
    await doors.enter(LOOKING)
    await doors.enter(LOOKING)
    first, second = await standing(doors, LOOKING), await standing(doors, LOOKING)
    doors.leave(LOOKING)
    await first
    assert (sum(doors.inside), doors.waiting, second.done()) == (2, 1, False)
    second.cancel()


async def test_who_buys_goes_before_who_came_earlier_and_only_looks() -> None:
    doors = Doors(Size(1, 1, 10, LONG))
    await doors.enter(LOOKING)
    looking, buying = await standing(doors, LOOKING), await standing(doors, BUYING)
    doors.leave(LOOKING)
    await buying
    assert not looking.done()
    doors.leave(BUYING)
    await looking


async def test_some_places_are_kept_for_who_buys() -> None:
    doors = Doors(Size(3, 1, 10, LONG))
    await doors.enter(LOOKING)
    looking = await standing(doors, LOOKING)
    await doors.enter(BUYING)
    await doors.enter(BUYING)
    doors.leave(BUYING)
    await asyncio.sleep(0)
    assert not looking.done()
    looking.cancel()


async def test_when_the_line_is_full_whoever_comes_is_told_at_once() -> None:
    doors = Doors(Size(1, 1, 1, LONG))
    await doors.enter(LOOKING)
    looking = await standing(doors, LOOKING)
    with pytest.raises(Full):
        await doors.enter(LOOKING)
    buying = await standing(doors, BUYING)  # takes the place in line of one who only looked
    with pytest.raises(Full):
        await looking
    with pytest.raises(Full):
        await doors.enter(BUYING)
    assert doors.turned_away == 3
    buying.cancel()


async def test_nobody_waits_longer_than_it_makes_sense() -> None:
    doors = Doors(Size(1, 1, 10, (30.0, 0.02)))
    await doors.enter(BUYING)
    with pytest.raises(Full):
        await doors.enter(LOOKING)
    assert doors.waiting == 0


async def test_who_goes_away_leaves_no_place_taken() -> None:
    doors = Doors(Size(1, 1, 10, LONG))
    await doors.enter(LOOKING)
    gone, next_one = await standing(doors, LOOKING), await standing(doors, LOOKING)
    gone.cancel()
    await asyncio.sleep(0)
    doors.leave(LOOKING)
    await next_one
    too_late = await standing(doors, LOOKING)
    doors.leave(LOOKING)  # the place is given
    too_late.cancel()  # and nobody is there to take it
    await asyncio.gather(too_late, return_exceptions=True)
    assert (sum(doors.inside), doors.waiting) == (0, 0)


def test_checkouts_go_before_browsing_and_what_hangs_has_doors_of_its_own() -> None:
    assert commands.way("POST", "/v1/orders") == ("commands", BUYING)
    assert commands.way("POST", "/v1/carts/1/quotes") == ("commands", BUYING)
    assert commands.way("POST", "/v1/carts/1/shipping-options") == ("commands", BUYING)
    assert commands.way("POST", "/v1/carts/1/lines") == ("commands", LOOKING)
    assert commands.way("POST", "/v1/carts") == ("commands", LOOKING)
    assert commands.way("POST", "/v1/sessions") == ("house", LOOKING)
    assert commands.way("PATCH", "/v1/products/1") == ("house", LOOKING)
    assert commands.way("POST", "/v1/payments/1/session") == ("payments", BUYING)
    assert commands.way("GET", "/health/ready") is None
    assert commands.way("GET", "/v1/events") is None
    assert queries.way("GET", "/v1/orders/1") == ("pages", BUYING)
    assert queries.way("GET", "/v1/search") == ("searches", LOOKING)
    assert queries.way("GET", "/v1/products/1") == ("pages", LOOKING)
    assert queries.way("GET", "/v1/products") == ("pages", LOOKING)
    assert queries.way("GET", "/v1/categories/lamps/products") == ("searches", LOOKING)
    assert queries.way("GET", "/metrics") is None


async def test_who_fills_a_cart_is_soon_told_to_come_again_and_keeps_neither_buyers_nor_accounts_out() -> None:
    till, house = Doors(commands.SIZES["commands"]), Doors(commands.SIZES["house"])
    for _ in range(8):
        await till.enter(LOOKING)
    assert not till.came_in(LOOKING)
    assert till.came_in(BUYING)
    assert house.came_in(LOOKING)
    with pytest.raises(Full):
        await asyncio.wait_for(till.enter(LOOKING), 10)
    for path in ("/v1/account/cart", "/v1/account/carts/1/take-over"):
        assert commands.way("POST", path) == ("commands", LOOKING)
    for path in ("/v1/account/orders/claims", "/v1/gift-cards/balance", "/v1/webhooks/carrier"):
        assert commands.way("POST", path) == ("house", LOOKING)
