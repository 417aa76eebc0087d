"""Postgres' own programs, run to their end."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from doorbuster.native.postgres import binaries


class ToolFailed(RuntimeError):
    """A program of Postgres' ended with an error; the message is what it said."""


def run(name: str, arguments: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """What the program printed; raises `ToolFailed`."""
    done = subprocess.run(
        [str(binaries() / name), *map(str, arguments)],
        env=None if environment is None else {"PATH": "/usr/bin:/bin", **environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolFailed(f"{name}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout
