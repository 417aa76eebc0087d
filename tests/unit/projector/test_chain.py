"""The chain rule, for any way in which entries are lost, repeated or delivered late."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from projector.chain import contiguous
from shared.envelope import Recorded

NOBODY = UUID(int=0)


def event(position: int, previous: int) -> Recorded:
    return Recorded(
        position=position,
        previous=previous,
        shard=0,
        key="product:1",
        aggregate_type="stock_item",
        aggregate_id=NOBODY,
        version=1,
        event_id=NOBODY,
        type="inventory.stock_received.v1",
        recorded_at=datetime.now(UTC),
        payload=Raw(b"{}"),
        metadata=Raw(b"{}"),
    )


def chain(positions: list[int]) -> list[Recorded]:
    return [event(at, before) for before, at in zip([0, *positions], positions, strict=False)]


def test_what_follows_is_taken_and_repeats_are_dropped() -> None:
    run, rest = contiguous(chain([3, 5, 9]), at=3)
    assert [e.position for e in run] == [5, 9]
    assert list(rest) == []


def test_a_hole_ends_the_run() -> None:
    run, rest = contiguous([event(3, 0), event(9, 5)], at=0)
    assert [e.position for e in run] == [3]
    assert [e.position for e in rest] == [9]


def test_a_prefix_between_two_events_is_no_hole() -> None:
    """After a fill up to the safe position the prefix is the position of some other shard's event."""
    run, _ = contiguous([event(9, 5)], at=7)
    assert [e.position for e in run] == [9]


@given(st.lists(st.integers(1, 60), unique=True).map(sorted), st.data())
def test_nothing_is_ever_skipped(positions: list[int], data: st.DataObject) -> None:
    """Whatever is delivered, filling each hole from the log gives exactly the log's sequence."""
    log = chain(positions)
    delivered = data.draw(st.lists(st.sampled_from(log), max_size=40)) if log else []
    at = 0
    seen: list[int] = []
    rest: Sequence[Recorded] = delivered
    while rest:
        run, rest = contiguous(rest, at)
        seen += [e.position for e in run]
        at = run[-1].position if run else at
        if rest:  # fill (at, previous]
            missing = [e.position for e in log if at < e.position <= rest[0].previous]
            seen += missing
            at = missing[-1]
    assert seen == [p for p in positions if p <= max((e.position for e in delivered), default=0)]
