"""Percentiles of times. `loadtests/timeline.py` has its own: Locust's processes import nothing of ours."""

from collections.abc import Mapping, Sequence

_MIDDLE_TO_LATE = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
SHARES = _MIDDLE_TO_LATE | {"p999": 0.999}
TO_THE_WORST = _MIDDLE_TO_LATE | {"worst": 1.0}


def percentiles(values: Sequence[float], shares: Mapping[str, float] = SHARES) -> dict[str, float | None]:
    """Name → that percentile, None of nothing."""
    ordered = sorted(values)
    return {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None
            for name, share in shares.items()}  # fmt: skip
