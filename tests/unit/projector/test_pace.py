"""Who isn't served stays behind who is."""

from projector.pace import Pace


def test_a_follower_goes_as_far_as_its_leader_and_no_further() -> None:
    leader, follower = Pace(), Pace()
    leader.start_at(5)
    follower.leader = leader
    assert (follower.bound(3), follower.bound(9)) == (3, 5)
    leader.advance(8)
    assert not follower.may_go(9), "a batch is applied whole or not at all"
    leader.advance(9)
    assert follower.may_go(9)


def test_who_is_held_stays_where_it_is_until_it_is_let_go() -> None:
    pace = Pace()
    pace.start_at(5)
    pace.held = True
    assert pace.bound(9) == 5
    assert not pace.may_go(9)
    pace.held = False
    assert pace.bound(9) == 9


def test_a_write_that_was_not_answered_yet_counts_as_reached() -> None:
    pace = Pace()
    pace.start_at(5)
    pace.reach(9)
    assert (pace.at, pace.reaching) == (5, 9)
    pace.start_at(3)
    assert pace.reaching == 3, "the sink's word counts"
