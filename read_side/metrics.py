"""What the query API counts beside its requests, under the names that alerts go by."""

from prometheus_client import Counter, Gauge, Histogram

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
KEPT = Gauge("doorbuster_kept_values", "Values of Redis that are kept in the process")
KEPT_HITS = Counter("doorbuster_kept_hits", "Questions for pages that were answered by what is kept")
KEPT_MISSES = Counter("doorbuster_kept_misses", "Questions for pages that went to Redis while others are kept")
