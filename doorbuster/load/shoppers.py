"""Locust in a process of its own: it patches sockets and threads, and knows nothing of us but HTTP."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "shopping.py"
RAMP = 20.0  # seconds within which all shoppers have come in
LET_FINISH = 20  # seconds that shoppers may take for what they are doing when the time is up


class Failed(RuntimeError):
    """Locust ended without figures; the message says where it said why."""


class Figures(Struct, frozen=True):
    """Requests, how many failed, and milliseconds. Percentiles are None where nothing was asked."""

    requests: int
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None


class Step(Figures, frozen=True):
    """One kind of request."""

    step: str = ""


class Fault(Struct, frozen=True):
    """What went wrong, and how often."""

    step: str
    error: str
    times: int


class Result(Struct, frozen=True):
    """What Locust tells after the warm-up. `interactions` by TPC-W's names, `outcomes` in the business's words."""

    seconds: float
    total: Figures
    steps: list[Step]
    errors: list[Fault]
    interactions: dict[str, int]
    outcomes: dict[str, int]
    orders: list[str] = []  # ids of those that were answered
    paid: dict[str, float] = {}  # id → when the provider said that it has the money, seconds since the epoch


class Crowd(Struct, frozen=True):
    """How many shoppers, for how many seconds after the warm-up. `haste` divides their think times."""

    users: int
    seconds: float
    warm_up: float
    haste: float = 1.0


async def shop(crowd: Crowd, environment: Mapping[str, str], staff_token: str, folder: Path) -> Result:
    """Let them shop; raises `Failed`. Its words go to `load.log` in the folder."""
    given = {**environment, "STAFF_TOKEN": staff_token}
    return msgspec.json.decode(await locust("load", LOCUSTFILE, _options(crowd), given, folder), type=Result)


async def locust(
    name: str, file: Path, options: Sequence[str], environment: Mapping[str, str], folder: Path
) -> bytes:
    """Run a locustfile to its end; the JSON of its result. Result and words stay in the folder, under the name."""
    result, log = folder / f"{name}.json", folder / f"{name}.log"
    result.unlink(missing_ok=True)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "locust", "--locustfile", str(file), *options, "--result", str(result),
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **environment},
        )  # fmt: skip
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
    if code or not result.exists():
        raise Failed(f"Locust ended with {code}, see {log}")
    return result.read_bytes()


def _options(crowd: Crowd) -> list[str]:
    rate = max(1.0, crowd.users / RAMP)
    run_time = f"{round(crowd.warm_up + crowd.seconds)}s"
    shape = ["--users", str(crowd.users), "--spawn-rate", f"{rate:g}", "--run-time", run_time]
    end = ["--stop-timeout", str(LET_FINISH), "--exit-code-on-error", "0", "--only-summary"]
    return ["--headless", *shape, *end, "--haste", str(crowd.haste), "--warm-up", str(crowd.warm_up)]
