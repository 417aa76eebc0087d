"""The chain rule, for any way in which entries are lost, repeated or delivered late."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from projector.chain import Stretch, contiguous, heard, stretches
from shared.envelope import Recorded

NOBODY = UUID(int=0)
INVENTORY = frozenset({"inventory"})
EVERYTHING = 1_000_000


def event(position: int, previous: int, type_: str = "inventory.stock_received.v1", payload: bytes = b"{}") -> Recorded:
    return Recorded(
        position=position,
        previous=previous,
        shard=0,
        key="product:1",
        aggregate_type="stock_item",
        aggregate_id=NOBODY,
        version=1,
        event_id=NOBODY,
        type=type_,
        recorded_at=datetime.now(UTC),
        payload=Raw(payload),
        metadata=Raw(b"{}"),
    )


def chain(positions: list[int]) -> list[Recorded]:
    return [event(at, before) for before, at in zip([0, *positions], positions, strict=False)]


def positions_of(run: Sequence[Stretch], at: int = 0) -> list[int]:
    return [event.recorded.position for event in heard(run, at, INVENTORY)]


def test_what_was_had_is_dropped() -> None:
    run, rest = contiguous(stretches(chain([3])) + stretches([event(5, 3), event(9, 5)]), 3, EVERYTHING)
    assert positions_of(run) == [5, 9]
    assert list(rest) == []


def test_a_repeat_within_a_delivery_is_dropped() -> None:
    log = chain([3, 5])
    assert positions_of(stretches([*log, *log])) == [3, 5]


def test_a_hole_ends_the_run() -> None:
    run, rest = contiguous(stretches([event(3, 0), event(9, 5)]), 0, EVERYTHING)
    assert positions_of(run) == [3]
    assert positions_of(rest) == [9]


def test_a_prefix_between_two_events_is_no_hole() -> None:
    """After a fill up to the safe position the prefix is the position of some other shard's event."""
    run, _ = contiguous(stretches([event(9, 5)]), 7, EVERYTHING)
    assert positions_of(run) == [9]


def test_a_run_ends_where_enough_is_in_it() -> None:
    log = chain([1, 2, 3, 4])
    run, rest = contiguous([*stretches(log[:2]), *stretches(log[2:])], 0, 2)
    assert (positions_of(run), positions_of(rest)) == ([1, 2], [3, 4])


def test_what_nobody_listens_to_is_not_decoded_and_what_can_not_be_decoded_says_why() -> None:
    broken, foreign = event(1, 0), event(2, 1, "carts.unheard_of.v1")
    [undecoded] = stretches([broken, foreign])[0].of(INVENTORY)
    assert undecoded.event is None
    assert (undecoded.error or "").startswith("ValidationError")
    [unknown] = stretches([foreign])[0].of(frozenset({"carts"}))
    assert unknown.error == "UnknownEventType: carts.unheard_of.v1"


@given(st.lists(st.integers(1, 60), unique=True).map(sorted), st.data())
def test_nothing_is_ever_skipped(positions: list[int], data: st.DataObject) -> None:
    """Whatever is delivered, in whatever pieces: filling each hole from the log gives exactly the log's sequence."""
    log = chain(positions)
    pieces = data.draw(st.lists(st.lists(st.sampled_from(log), max_size=10), max_size=8)) if log else []
    at = 0
    seen: list[int] = []
    rest: Sequence[Stretch] = [stretch for piece in pieces for stretch in stretches(piece)]
    while rest:
        run, rest = contiguous(rest, at, data.draw(st.integers(1, 20)))
        seen += positions_of(run, at)
        at = run[-1].upto if run else at
        if rest and rest[0].previous > at:  # fill (at, previous]
            missing = [e.position for e in log if at < e.position <= rest[0].previous]
            seen += missing
            at = missing[-1]
    assert seen == [p for p in positions if p <= max((e.position for piece in pieces for e in piece), default=0)]
