"""When a scheduled product is there: the minute decides as the moment would."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.publishing import is_open, minute_of

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
MINUTES = st.none() | st.integers(-3, 3).map(lambda minutes: NOON + timedelta(minutes=minutes))
MOMENTS = st.integers(-200_000_000, 200_000_000).map(lambda micros: NOON + timedelta(microseconds=micros))


@given(MINUTES, MINUTES, MOMENTS)
def test_a_moment_and_its_minute_say_the_same(
    publish_at: datetime | None, unpublish_at: datetime | None, now: datetime
) -> None:
    assert is_open(publish_at, unpublish_at, now) == is_open(publish_at, unpublish_at, minute_of(now))


def test_it_is_there_from_its_minute_on_until_just_before_the_other() -> None:
    end, tick = NOON + timedelta(minutes=1), timedelta(microseconds=1)
    moments = (NOON - tick, NOON, end - tick, end)
    assert [is_open(NOON, end, moment) for moment in moments] == [False, True, True, False]
    assert [is_open(None, None, moment) for moment in moments] == [True] * 4
