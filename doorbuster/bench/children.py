"""Load generators and other helpers run in processes of their own; here is how they are started and what they cost."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from doorbuster.bench import cpu
from doorbuster.bench.frame import Invalid


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, given: bytes = b"") -> tuple[str, float]:
    """Run a command to its end: what it said on standard output, and its CPU milliseconds. Raises `Invalid`."""
    before = cpu.of_ended_children()
    done = subprocess.run(
        command, input=given, env={**os.environ, **(environment or {})}, capture_output=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace")[-2000:]
        raise Invalid(f"{Path(command[0]).name} ended with {done.returncode}: {said}")
    return done.stdout.decode(), cpu.of_ended_children() - before


def call(function: str, given: Mapping[str, object], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Call `module:function` of this package in a Python process of its own, with JSON in and out.

    The function is async and takes one dict; what it answers gets `cpu_ms`, its own CPU time without the start.
    """
    command = [sys.executable, "-m", "doorbuster.bench.child", function]
    said, _ = run(command, environment, msgspec.json.encode(given))
    answer: dict[str, Any] = msgspec.json.decode(said)
    return answer
