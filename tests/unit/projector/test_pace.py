"""Who isn't served stays behind who is."""

import asyncio

from projector.pace import Pace


async def test_a_follower_goes_as_far_as_its_leader_and_no_further() -> None:
    leader, follower = Pace(), Pace()
    leader.start_at(5)
    follower.leader = leader
    assert (follower.bound(3), follower.bound(9)) == (3, 5)
    going = asyncio.create_task(follower.turn(9))
    leader.advance(8)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not going.done(), "a batch is applied whole or not at all"
    leader.advance(9)
    await going


async def test_who_is_held_stays_where_it_is_until_it_is_let_go() -> None:
    pace = Pace()
    pace.start_at(5)
    pace.held = True
    assert pace.bound(9) == 5
    going = asyncio.create_task(pace.turn(9))
    await asyncio.sleep(0)
    pace.held = False
    await going
    assert pace.bound(9) == 9


def test_a_write_that_was_not_answered_yet_counts_as_reached() -> None:
    pace = Pace()
    pace.start_at(5)
    pace.reach(9)
    assert (pace.at, pace.reaching) == (5, 9)
    pace.start_at(3)
    assert pace.reaching == 3, "the sink's word counts"
