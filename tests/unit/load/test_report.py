"""What a load run tells, and when it counts as failed."""

import json
from typing import Any

import msgspec
import pytest

from doorbuster.invariants.all import Verdict
from doorbuster.load import event_lag, report
from doorbuster.load.report import Report
from doorbuster.load.shoppers import Crowd, Fault, Figures, Result, Step

CROWD = Crowd(users=200, seconds=300, warm_up=30)
RESULT = Result(
    seconds=300.0,
    total=Figures(1000, 10, 20, 80, 200),
    steps=[Step(1000, 10, 20, 80, 200, step="product")],
    errors=[Fault("product", "503 unavailable", 10)],
    interactions={"home": 3, "buy confirm": 1},
    outcomes={"order placed": 60, "out_of_stock": 2},
)
FINE, BROKEN = Verdict("no negative stock", []), Verdict("no negative stock", [f"item {n}" for n in range(12)])


def told(**changes: Any) -> Report:
    made = Report(CROWD, RESULT, {"orders": {"p50_ms_at_most": 30.0, "p99_ms_at_most": None}}, [FINE], 0.01)
    return msgspec.structs.replace(made, **changes)


def test_a_run_holds_with_few_failures_and_all_invariants() -> None:
    assert told().holds


@pytest.mark.parametrize(
    "changes",
    [
        {"verdicts": [FINE, BROKEN]},
        {"most_failures": 0.009},
        {"result": msgspec.structs.replace(RESULT, total=Figures(0, 0, None, None, None))},  # nobody was let in
    ],
)
def test_a_run_fails_otherwise(changes: dict[str, Any]) -> None:
    assert not told(**changes).holds


def test_the_line_says_all_of_it() -> None:
    line = report.line(told(verdicts=[BROKEN]))
    assert "\n" not in line
    found = json.loads(line)["load"]
    assert (found["users"], found["minutes"], found["requests"], found["failures"]) == (200, 5, 1000, 10)
    assert (found["requests_per_second"], found["orders"], found["orders_per_second"]) == (3.33, 60, 0.2)
    assert found["steps"] == [{"step": "product", "requests": 1000, "failures": 10, "p50": 20, "p95": 80, "p99": 200}]
    assert found["pages"] == {"home": 0.75, "buy confirm": 0.25}
    assert found["invariants"] == {"no negative stock": [f"item {n}" for n in range(10)]}
    assert found["holds"] is False


def test_the_table_shows_what_is_broken_and_how_much_more_there_is() -> None:
    shown = report.table(told(verdicts=[FINE, BROKEN]))
    assert "holds   no negative stock" in shown
    assert "BROKEN  no negative stock\n        item 0\n" in shown
    assert "and 2 more" in shown
    assert "10 × product: 503 unavailable" in shown
    assert "1.00% of all requests failed, 1.00% are put up with" in shown


def test_the_lag_is_that_of_the_events_in_between() -> None:
    before = {"orders": {0.01: 100.0, 0.1: 100.0, float("inf"): 100.0}}
    after = {"orders": {0.01: 160.0, 0.1: 199.0, float("inf"): 200.0}}
    assert event_lag.percentiles(before, after) == {"orders": {"p50_ms_at_most": 10.0, "p99_ms_at_most": 100.0}}


def test_a_lag_beyond_the_last_bound_and_no_events_at_all_are_not_made_up() -> None:
    beyond = {"orders": {0.01: 0.0, float("inf"): 9.0}}
    assert event_lag.percentiles({}, beyond)["orders"] == {"p50_ms_at_most": None, "p99_ms_at_most": None}
    assert event_lag.percentiles(beyond, beyond)["orders"] == {"p50_ms_at_most": None, "p99_ms_at_most": None}
