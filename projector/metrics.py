"""What the projector counts, under the names that alerts go by."""

from prometheus_client import Counter, Gauge, Histogram

_LAG_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

OWNER = Gauge("doorbuster_projector_owner", "1 while this process owns the shards, 0 while it stands by")
EVENT_LAG = Histogram(
    "doorbuster_projector_event_lag_seconds",
    "From the append of a batch's oldest event to the sink's acknowledgement; replays from the log don't count",
    ["read_model"],
    buckets=_LAG_BUCKETS,
)
LAG_POSITIONS = Gauge(
    "doorbuster_projector_lag_positions", "Positions between a shard's head and the checkpoint", ["read_model", "shard"]
)
LAG_AGE = Gauge(
    "doorbuster_projector_lag_age_seconds", "How long the shard has not been caught up", ["read_model", "shard"]
)
PARKED = Gauge("doorbuster_projector_parked_keys", "Keys whose documents are stale", ["read_model"])
SKIPPED = Gauge("doorbuster_projector_skipped_events", "Events it goes without, by a person's word", ["read_model"])
STOPPED = Gauge("doorbuster_projector_stopped", "1: stopped for a systemic failure", ["read_model", "shard"])
BATCHES = Counter("doorbuster_projector_batches", "Batches that a sink took", ["read_model"])
EVENTS = Counter("doorbuster_projector_events", "Events passed by", ["read_model"])
CHAIN_BREAKS = Counter("doorbuster_projector_chain_breaks", "Holes found in a stream", ["read_model"])
FILLS = Counter("doorbuster_projector_fills", "Stretches read from the log", ["read_model"])
RESETS = Counter(
    "doorbuster_projector_resets", "Times a sink's checkpoint was not where we left it", ["read_model"]
)
RETRIES = Counter("doorbuster_projector_sink_retries", "Batches tried again", ["sink"])
OBSERVED = Counter("doorbuster_projector_observed", "Searches and behaviour brought to Elasticsearch", ["kind"])
UNOBSERVED = Counter(
    "doorbuster_projector_unobserved", "Those that were lost: trimmed (we came too late), rejected", ["kind", "why"]
)
TRANSPORT_RESTARTS = Counter("doorbuster_projector_transport_restarts", "Restarts of the stream readers")


def forget() -> None:
    """Another one owns the shards: what we knew of them must not stand still in our metrics."""
    OWNER.set(0)
    for gauge in (LAG_POSITIONS, LAG_AGE, PARKED, SKIPPED, STOPPED):
        gauge.clear()


class Of:
    """The metrics of one read model on one shard: a look-up by labels costs more than the count."""

    def __init__(self, read_model: str, shard: int) -> None:
        self.label, self._shard = read_model, str(shard)
        self.event_lag = EVENT_LAG.labels(read_model)
        self.lag_positions = LAG_POSITIONS.labels(read_model, str(shard))
        self.lag_age = LAG_AGE.labels(read_model, str(shard))
        self.stopped = STOPPED.labels(read_model, str(shard))
        self.batches = BATCHES.labels(read_model)
        self.events = EVENTS.labels(read_model)
        self.chain_breaks = CHAIN_BREAKS.labels(read_model)
        self.fills = FILLS.labels(read_model)
        self.resets = RESETS.labels(read_model)

    def forget(self) -> None:
        """What is no longer so must not stand still."""
        for gauge in (LAG_POSITIONS, LAG_AGE, STOPPED):
            gauge.remove(self.label, self._shard)
