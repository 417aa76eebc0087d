from write_side.imports.pace import FEWEST, HOLD_SECONDS, MOST, Pace


def after(seconds_an_event: float, times: int = 20) -> Pace:
    pace = Pace()
    for _ in range(times):
        pace.held(seconds_an_event * 300, 300)
    return pace


def test_batches_shrink_when_events_get_slow_and_grow_again() -> None:
    assert FEWEST < after(0.000_100).rows < after(0.000_040).rows < MOST
    assert after(0.000_100).rows * 3 * 0.000_100 <= HOLD_SECONDS * 1.1


def test_batches_have_their_bounds() -> None:
    assert after(1.0).rows == FEWEST
    assert after(0.000_000_1).rows == MOST


def test_a_batch_that_changes_nothing_teaches_nothing() -> None:
    pace = Pace()
    before = pace.rows
    for _ in range(20):
        pace.held(0.5, 0)
    assert pace.rows == before
