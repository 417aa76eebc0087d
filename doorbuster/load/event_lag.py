"""How far read models were behind while shoppers shopped, from the projector's own histogram."""

from collections import defaultdict
from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

METRIC = "doorbuster_projector_event_lag_seconds"

Buckets = dict[str, dict[float, float]]  # read model → upper bound in seconds → events at or below it


async def read(projector: str) -> Buckets:
    """The histogram as it stands."""
    async with httpx.AsyncClient(timeout=10) as client:
        text = (await client.get(f"{projector}/metrics")).raise_for_status().text
    found: Buckets = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{METRIC}_bucket":
                found[sample.labels["read_model"]][float(sample.labels["le"])] = sample.value
    return dict(found)


def percentiles(before: Buckets, after: Buckets) -> dict[str, dict[str, float | None]]:
    """Of each read model the bucket, in milliseconds, in which p50 and p99 of the events in between lie."""
    return {
        model: {f"p{n}_ms_at_most": _bound(before.get(model, {}), buckets, n / 100) for n in (50, 99)}
        for model, buckets in sorted(after.items())
    }


def _bound(before: Mapping[float, float], after: Mapping[float, float], share: float) -> float | None:
    """The upper bound of the bucket; None if there was no event, or if the events lie beyond the last bound."""
    counts = [(bound, after[bound] - before.get(bound, 0.0)) for bound in sorted(after)]
    total = counts[-1][1] if counts else 0.0
    bound = next((bound for bound, count in counts if total and count >= share * total), float("inf"))
    return None if bound == float("inf") else bound * 1000
