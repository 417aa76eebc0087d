"""A scenario: what is done to the shop while orders flow, and what must come of it."""

import json
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from msgspec import Struct

from doorbuster.faults.shoppers import Shoppers
from doorbuster.faults.stage import Stage
from doorbuster.faults.watching import StreamWatch


class Scene:
    """What a scenario has in its hands. `promise` notes what did not come out as it must."""

    def __init__(
        self,
        stage: Stage,
        shoppers: Shoppers,
        skus: Sequence[str],
        bearer: str,
        seed: int,
        haste: float,
        crowd: int,
        history: "History",
    ) -> None:
        self.stage, self.shoppers, self.skus, self.bearer, self.history = stage, shoppers, skus, bearer, history
        self.seed, self.random = seed, random.Random(seed)
        self.haste, self.crowd = haste, crowd
        self.broken: list[str] = []
        self.streams: StreamWatch | None = None

    def rounds(self, many: int) -> int:
        """How often a thing is done, in haste."""
        return max(1, int(many / self.haste))

    def did(self, what: str, **facts: Any) -> None:
        """Something was done or seen: into the history."""
        self.history.note(what, **facts)

    def promise(self, holds: bool, what: str) -> None:
        """Must hold; else it is told and the scenario fails."""
        if not holds:
            self.broken.append(what)
            self.history.note("broken", promise=what)


class History:
    """A file of JSON lines, each with the seconds since it was opened."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._output: TextIO = file.open("w")
        self._began = time.monotonic()

    def note(self, what: str, **facts: Any) -> None:
        """One line."""
        line = {"at": round(time.monotonic() - self._began, 3), "what": what, **facts}
        self._output.write(json.dumps(line, default=str) + "\n")
        self._output.flush()

    def close(self) -> None:
        """No more."""
        self._output.close()


Act = Callable[[Scene], Awaitable[None]]


class Scenario(Struct, frozen=True):
    """One fault. `number` is that in docs/faults.md; `lag_ms` the most that the worst lag may be."""

    number: int
    name: str
    expected: str
    act: Act
    lag_ms: float | None = None
    elasticsearch_away: bool = False  # then the limit is that of the read models in Redis
    stream_may_miss: bool = False  # what Redis lost, or was not there for, the relay does not publish again
    quiet: bool = False  # no shoppers beside it: it brings its own
    seconds: float = 6.0  # for so long orders flow, at least


class Outcome(Struct, kw_only=True):
    """A line of the report."""

    fault: str
    number: int
    seed: int
    seconds: float = 0.0
    events: int
    orders: int
    lost: int
    duplicated: int
    reordered: int
    filled: int  # events that no stream brought, and the log did
    worst_lag_ms: float
    judged_lag_ms: float  # what the limit is for: the same, or that of the read models in Redis
    slowest: str = ""
    lag_limit_ms: float | None = None
    others_cores: float = 0.0  # what the machine did for somebody else meanwhile
    verdict: str = "ok"
    broken: list[str] = []
