"""Files of lines that only grow, outside of every database: each line stands on the disk before anybody goes by it.

A last line without an end was never acknowledged: its writer broke off. It is not read, and the next writer drops it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TAIL = 65_536  # bytes looked at in one go, from the end


def whole_lines(path: Path) -> Iterator[bytes]:
    """All whole lines, oldest first, without their ends; none where there is no file."""
    if path.exists():
        with path.open("rb") as file:
            yield from (line[:-1] for line in file if line.endswith(b"\n"))


@contextmanager
def appending(path: Path) -> Iterator[BinaryIO]:
    """The file, alone, behind its last whole line; what was written within is durable behind it. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(_whole(file))
        file.truncate()
        yield file
        file.flush()
        os.fsync(file.fileno())


def _whole(file: BinaryIO) -> int:
    """Where the last whole line ends."""
    at = file.seek(0, os.SEEK_END)
    while at > 0:
        start = max(0, at - TAIL)
        file.seek(start)
        found = file.read(at - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0
