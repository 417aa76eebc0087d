"""What our APIs say of a rehearsal: of those let in, across the deaths of processes."""

from doorbuster.rehearsal.inside import InsideWatch
from shared.http.measures import Measures

ROUTE = ("POST", "/v1/orders", 201, None)


def watch(*texts: str) -> dict[str, float | None]:
    watching = InsideWatch({"command": "http://127.0.0.1:9"})
    for text in texts:
        watching.saw("command", text)
    return watching.told()["command"]


def after(times: list[float]) -> str:
    measures = Measures()
    for seconds in times:
        measures.answered(*ROUTE, seconds)
    measures.answered("GET", "/health/ready", 200, None, 9.0)
    measures.answered("POST", "/v1/orders", 503, "busy", 0.0001)
    measures.answered("POST", "/v1/orders", 429, "too_many_requests", 0.0001)
    return measures.exposition().decode()


def test_what_was_there_before_and_what_was_shed_are_not_counted() -> None:
    before = [9.0] * 50
    found = watch(after(before), after([*before, *[0.02] * 98, 0.2, 0.2]))
    assert found["requests"] == 100
    assert found["p50"] is not None and 10 <= found["p50"] <= 25
    assert found["p999"] is not None and 100 <= found["p999"] <= 250


def test_a_process_that_began_anew_is_counted_from_nothing() -> None:
    found = watch(after([0.02] * 10), after([0.02] * 15), after([0.02] * 3), after([0.02] * 4))
    assert found["requests"] == 5 + 3 + 1


def test_nobody_came() -> None:
    assert watch(after([]), after([])) == {"requests": 0, "p50": None, "p95": None, "p99": None, "p999": None}
