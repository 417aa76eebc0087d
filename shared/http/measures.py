"""What Prometheus hears of every request."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from shared.http.problems import SHED

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SHED = frozenset(kind.code for kind in SHED)
_BOUNDS = (*(str(float(bound)) for bound in SECONDS), "+Inf")


class _Answered:
    """Requests of one kind: how many took how long. Only the loop's thread counts."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * len(_BOUNDS)
        self.seconds = 0.0


class Measures:
    """Requests and their time by method, route template, status and outcome: `ok`, or the code of the refusal.

    Counted in plain numbers, and put into Prometheus' words when it asks: its own counters lock and look up at every
    request. Its own registry: tests build many apps.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answered: dict[tuple[str, str, int, str | None], _Answered] = {}  # few, see `Frame`
        self.registry.register(self)

    def exposition(self) -> bytes:
        """These and what the process counts globally, in Prometheus' text format."""
        return generate_latest(REGISTRY) + generate_latest(self.registry)

    def answered(self, method: str, route: str, status: int, code: str | None, seconds: float) -> None:
        """Count one request; `code` is its problem's, if it was refused."""
        known = self._answered.get((method, route, status, code))
        if known is None:
            named = method if method in METHODS else "other"
            known = self._answered.setdefault((named, route, status, code), _Answered())
        known.buckets[bisect_left(SECONDS, seconds)] += 1
        known.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """What was counted, as the registry asks for it."""
        labels = ("method", "route")
        counted = CounterMetricFamily("http_requests", "Requests answered", labels=(*labels, "status", "outcome"))
        times: dict[tuple[str, str], list[_Answered]] = {}
        for (method, route, status, code), known in self._answered.items():
            counted.add_metric([method, route, str(status), code or _outcome(status)], sum(known.buckets))
            if code not in _SHED:  # told at once to come again, the more of them the better the times would look
                times.setdefault((method, route), []).append(known)
        yield counted
        told = "Time to the end of the answer, of those let in"
        took = HistogramMetricFamily("http_request_seconds", told, labels=labels)
        for named, several in times.items():
            sums = accumulate(sum(column) for column in zip(*(each.buckets for each in several), strict=True))
            took.add_metric(named, list(zip(_BOUNDS, sums, strict=True)), sum(each.seconds for each in several))
        yield took


def _outcome(status: int) -> str:
    """Of an answer without a problem; 0 is none at all: the client went away."""
    if not status:
        return "no_answer"
    return "ok" if status < 400 else f"status_{status}"
