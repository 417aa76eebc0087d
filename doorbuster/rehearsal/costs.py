"""CPU time of all that runs while a crowd is there, across the deaths of processes and their successors."""

import os
import time
from bisect import bisect_right
from collections import defaultdict

from doorbuster import state
from doorbuster.bench import cpu
from doorbuster.home import Home
from doorbuster.rehearsal.watch import Watch

PAUSE = 0.5  # seconds between two looks
GENERATORS, OTHERS = "generators", "others"


class CpuWatch(Watch):
    """What each program used up to each look."""

    def __init__(self, home: Home) -> None:
        super().__init__(PAUSE)
        self._home = home
        self._last: dict[tuple[str, int], float] = {}  # milliseconds by program and pid
        self._sums: dict[str, float] = defaultdict(float)
        self._seen: list[tuple[float, dict[str, float], float]] = []  # when, by program, and the whole machine

    def look(self) -> None:
        """Take down what was used up to now."""
        found = state.read_live(self._home)
        roots = {each.name: each.process.pid for each in (found.programs if found else []) if each.process}
        used = cpu.used(roots | {GENERATORS: os.getpid()})
        for name, spent in used.programs.items():
            key = name, roots.get(name, 0)
            unseen = 0.0 if self._seen else spent  # what was there before does not count; a successor does, whole
            self._sums[name] += max(0.0, spent - self._last.get(key, unseen))
            self._last[key] = spent
        self._seen.append((time.time(), {**self._sums}, used.machine))

    def between(self, program: str, begin: float, end: float) -> float | None:
        """Milliseconds that a program used, from one moment (since the epoch) to another; None if nobody looked."""
        times = [at for at, *_ in self._seen]
        first, last = bisect_right(times, begin) - 1, bisect_right(times, end) - 1
        if first < 0:
            return None
        return self._seen[last][1].get(program, 0.0) - self._seen[first][1].get(program, 0.0)

    def cores(self) -> dict[str, float]:
        """How many cores each program kept busy on average; `others`: whoever belongs to none of them."""
        (begin, first, idle), (end, last, busy) = self._seen[0], self._seen[-1]
        seconds = (end - begin) or 1.0
        cores = {name: (last[name] - first.get(name, 0.0)) / 1000 / seconds for name in last}
        cores[OTHERS] = max(0.0, (busy - idle) / 1000 / seconds - sum(cores.values()))
        return {name: round(each, 2) for name, each in sorted(cores.items(), key=lambda each: -each[1])}
