"""How long requests took inside of our two APIs, by what they count themselves.

Where generators share the shop's cores, what a shopper waited for may be the generator. Of those that were let in;
queries that are kept and said at once are among them, health checks are not.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

import httpx
from prometheus_client.parser import text_string_to_metric_families

from doorbuster.rehearsal.percentiles import SHARES
from doorbuster.rehearsal.watch import Watch

PAUSE = 2.0  # seconds between two looks
_BUCKETS = "http_request_seconds_bucket"

Counts = dict[tuple[str, str, float], float]  # method, route, up to how many seconds → so many


class InsideWatch(Watch):
    """`addresses`: what a side is called → where its API answers."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        super().__init__(PAUSE)
        self._addresses = addresses
        self._last: dict[str, Counts] = {}
        self._sums: dict[str, dict[float, float]] = {side: defaultdict(float) for side in addresses}

    def look(self) -> None:
        """Ask each side once."""
        for side, address in self._addresses.items():
            try:
                text = httpx.get(f"{address}/metrics", timeout=30).raise_for_status().text
            except httpx.HTTPError:  # it is being killed, or has no time for us: the next look counts it all
                continue
            self.saw(side, text)

    def saw(self, side: str, text: str) -> None:
        """What an API counted up to now. One that began anew counts from nothing."""
        now, last = dict(counted(text)), self._last.get(side)
        if last is not None:
            begun_anew = any(now.get(key, 0.0) < count for key, count in last.items())
            for key, count in now.items():
                self._sums[side][key[2]] += count - (0.0 if begun_anew else last.get(key, 0.0))
        self._last[side] = now

    def told(self) -> dict[str, dict[str, float | None]]:
        """Requests of each side and their percentiles in milliseconds."""
        return {side: _percentiles(sums) for side, sums in self._sums.items()}


def counted(text: str) -> Iterator[tuple[tuple[str, str, float], float]]:
    """The buckets of requests in Prometheus' words, each with all that lie below it."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            route = sample.labels.get("route", "")
            if sample.name == _BUCKETS and not route.startswith(("/health/", "/metrics")):
                yield (sample.labels["method"], route, float(sample.labels["le"])), sample.value


def _percentiles(sums: Mapping[float, float]) -> dict[str, float | None]:
    """Between the bounds of its bucket a request may be anywhere: as Prometheus' `histogram_quantile` has it."""
    bounds = [(0.0, 0.0), *sorted(sums.items())]
    total = bounds[-1][1]
    found: dict[str, float | None] = {"requests": total}
    for name, share in SHARES.items():
        found[name] = round(_at(bounds, share * total) * 1000, 1) if total else None
    return found


def _at(bounds: list[tuple[float, float]], rank: float) -> float:
    for (low, below), (high, upto) in pairwise(bounds):
        if upto >= rank and upto > below:
            return low if high == float("inf") else low + (high - low) * (rank - below) / (upto - below)
    return bounds[-1][0]
