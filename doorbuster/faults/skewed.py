"""`python -m doorbuster.faults.skewed FILE MODULE ARGUMENTS…`: a module of ours whose wall clock is wrong.

By as many seconds as FILE holds when the process starts; by none where there is no such file. It is Python's wall clock
alone: Postgres keeps its own, and nobody's monotonic clock is touched.
"""

import ctypes
import gc
import runpy
import sys
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

_now, _time, _time_ns = datetime.now, time.time, time.time_ns


def skew(seconds: int) -> None:
    """From here on this process takes the time to be so much later."""
    time.time = lambda: _time() + seconds
    time.time_ns = lambda: _time_ns() + seconds * 1_000_000_000

    def now(_: type[datetime], tz: tzinfo | None = None) -> datetime:
        return _now(tz) + timedelta(seconds=seconds)

    # A class in C takes no attribute, and one in its place would be another type to msgspec and asyncpg. So it
    # goes into the dictionary behind it, and the interpreter is told that what it remembers of it is over.
    (members,) = gc.get_referents(datetime.__dict__)
    members["now"] = classmethod(now)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))


def main() -> None:
    """The module, as `python -m` runs it."""
    file, module = Path(sys.argv[1]), sys.argv[2]
    if file.exists():
        skew(int(file.read_text()))
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
