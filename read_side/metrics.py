"""What the query API counts beside its requests, under the names that alerts go by."""

from collections.abc import Iterator

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_WAITS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5)

STALE = Counter("doorbuster_stale_answers", "Answers known to be out of date: behind, parked", ["why"])
POSITION_WAITS = Counter(
    "doorbuster_position_waits", "Queries that waited for a position: reached, behind", ["read_model", "outcome"]
)
POSITION_SECONDS = Histogram(
    "doorbuster_position_wait_seconds", "Time until a position was reached, or not", ["read_model"], buckets=_WAITS
)
READY_SHARDS = Gauge("doorbuster_read_ready_shards", "Shards of a served read model that are filled", ["read_model"])
SHARDS = Gauge("doorbuster_read_shards", "Shards that there are; 0 while nothing is known")
PARKED = Gauge("doorbuster_read_parked_keys", "Keys whose documents are stale", ["read_model"])
BOARD_AGE = Gauge("doorbuster_read_board_age_seconds", "Since we last learnt from Redis how the read models stand")
OBSERVED = Counter("doorbuster_observed", "Searches and behaviour brought to Redis for analysts", ["kind"])
UNOBSERVED = Counter(
    "doorbuster_unobserved", "Behaviour and searches that were lost: full, redis", ["kind", "why"]
)
KEPT = Gauge("doorbuster_kept_values", "Values of Redis that are kept in the process", ["read_model"])


class Tally(Collector):
    """A counter by read model for what happens at every request: plain numbers, put into Prometheus' words when it
    asks, whose own counters lock. Only the loop's thread counts."""

    def __init__(self, name: str, words: str) -> None:
        self._name, self._words = name, words
        self._counts: dict[str, int] = {}
        REGISTRY.register(self)

    def count(self, read_model: str) -> None:
        """One more."""
        self._counts[read_model] = self._counts.get(read_model, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """What was counted, as the registry asks for it."""
        told = CounterMetricFamily(self._name, self._words, labels=["read_model"])
        for read_model, number in self._counts.items():
            told.add_metric([read_model], number)
        yield told


KEPT_HITS = Tally("doorbuster_kept_hits", "Questions that were answered by what is kept")
KEPT_MISSES = Tally("doorbuster_kept_misses", "Questions that went to Redis while others are kept")
SEARCHES_GIVEN_AGAIN = Counter("doorbuster_searches_given_again", "Searches answered by what was answered just before")
SEARCHES_JOINED = Counter("doorbuster_searches_joined", "Searches that waited for the answer to the same one")
