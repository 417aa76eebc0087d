"""What Prometheus hears of every request."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measures:
    """Requests and their time by method, route template, status and outcome: `ok`, or the code of the refusal.

    Its own registry: tests build many apps.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        counted = (*labels, "status", "outcome")
        self._count = Counter("http_requests", "Requests answered", counted, registry=self.registry)
        self._time = Histogram(
            "http_request_seconds", "Time to the end of the answer", labels, registry=self.registry, buckets=SECONDS
        )
        # `labels()` costs more than the counting: its results are kept. The keys are few, see `Frame`.
        self._known: dict[tuple[str, str, int, str | None], tuple[Counter, Histogram]] = {}

    def exposition(self) -> bytes:
        """These and what the process counts globally, in Prometheus' text format."""
        return generate_latest(REGISTRY) + generate_latest(self.registry)

    def answered(self, method: str, route: str, status: int, code: str | None, seconds: float) -> None:
        """Count one request; `code` is its problem's, if it was refused."""
        known = self._known.get((method, route, status, code))
        if known is None:
            named = method if method in METHODS else "other"
            counted = self._count.labels(named, route, str(status), code or _outcome(status))
            known = counted, self._time.labels(named, route)
            if named == method:
                self._known[method, route, status, code] = known
        known[0].inc()
        known[1].observe(seconds)


def _outcome(status: int) -> str:
    """Of an answer without a problem; 0 is none at all: the client went away."""
    if not status:
        return "no_answer"
    return "ok" if status < 400 else f"status_{status}"
