"""CPU time from /proc: of process trees by name, and of the whole machine.

The figure least disturbed by neighbours: it counts work done, not time waited for a core.
"""

import os
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_CORES = os.cpu_count() or 1


class Used(NamedTuple):
    """CPU milliseconds: of each program with its children, of this process and its ended children, of the machine."""

    programs: dict[str, float]
    here: float
    machine: float
    stolen: float

    def since(self, before: "Used") -> "Used":
        """What was used in between. A program that was not there before counts from its start."""
        programs = {name: used - before.programs.get(name, 0.0) for name, used in self.programs.items()}
        here, machine = self.here - before.here, self.machine - before.machine
        return Used(programs, here, machine, self.stolen - before.stolen)

    def others(self, seconds: float) -> float:
        """How many cores worked for none of us."""
        foreign = self.machine - self.here - sum(self.programs.values())
        return max(0.0, min(_CORES, foreign / 1000 / seconds))


def used(roots: Mapping[str, int]) -> Used:
    """Everything used so far; `roots` is the pid that stands at the top of each program."""
    parents, spent = _processes()
    owner = {pid: name for name, pid in roots.items()}
    programs = dict.fromkeys(roots, 0.0)
    for pid, milliseconds in spent.items():
        at: int | None = pid
        while at is not None and at not in owner:
            at = parents.get(at)
        if at is not None:
            programs[owner[at]] += milliseconds
    machine, stolen = _machine()
    return Used(programs, here(), machine, stolen)


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """Parent and CPU milliseconds of each process; a child that ended counts with whoever waited for it."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended while we looked
            continue
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        spent[pid] = sum(map(int, fields[11:15])) * 1000 / _TICKS
    return parents, spent


def here() -> float:
    """CPU milliseconds of this process and of its children that ended."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return (own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime) * 1000


def of_ended_children() -> float:
    """CPU milliseconds of the children of this process that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (ended.ru_utime + ended.ru_stime) * 1000


def _machine() -> tuple[float, float]:
    """Busy, and stolen by the host: milliseconds over all cores."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq) * 1000 / _TICKS, steal * 1000 / _TICKS
