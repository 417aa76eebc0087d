"""Liveness and readiness: whether the process runs, and whether what it needs answers."""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Literal

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from shared.http.described import also

PATIENCE = 1.0  # seconds a dependency may take to answer
STRANGERS_EVERY = 5.0  # seconds between two probes of what belongs to others (mail, payments)

Probe = Callable[[], Awaitable[object]]


class Check(Struct, frozen=True):
    """How to ask a dependency. One that is not essential is reported, but its outage takes no traffic away."""

    probe: Probe
    essential: bool = True


class Dependency(Struct, frozen=True):
    """What a dependency answered. `why` it is down is a word, never the error's message, which may quote secrets."""

    status: Literal["ok", "down"]
    essential: bool
    why: str | None = None  # "timeout", "refused", "reset", "unknown_host", … or the name of an error


class Health(Struct, frozen=True):
    """How a process is; `checks` names each dependency."""

    status: Literal["live", "ready", "degraded", "not_ready"]
    checks: dict[str, Dependency]


async def _ask(check: Check) -> Dependency:
    try:
        async with asyncio.timeout(PATIENCE):
            await check.probe()
    except Exception as error:
        return Dependency("down", check.essential, why(error))
    return Dependency("ok", check.essential)


async def readiness(checks: Mapping[str, Check]) -> Health:
    """All dependencies, asked at the same time."""
    answers = await asyncio.gather(*(_ask(check) for check in checks.values()))
    down = [answer for answer in answers if answer.status == "down"]
    told = dict(zip(checks, answers, strict=True))
    if any(answer.essential for answer in down):
        return Health("not_ready", told)
    return Health("degraded" if down else "ready", told)


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "refused"),
    (ConnectionResetError, "reset"),
    (BrokenPipeError, "reset"),
    (socket.gaierror, "unknown_host"),
    (ssl.SSLError, "tls"),
    (TimeoutError, "timeout"),
)


def why(error: BaseException) -> str:
    """A failure in one word. Clients wrap what really happened: the causes are looked at first."""
    causes = list(_causes(error))
    for kind, word in _WORDS:
        if any(isinstance(cause, kind) for cause in causes):
            return word
    if any("Timeout" in type(cause).__name__ for cause in causes):  # some clients have their own
        return "timeout"
    numbers = [cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno]
    return errno.errorcode.get(numbers[0], type(error).__name__).lower() if numbers else type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def now_and_then(probe: Probe, every: float = STRANGERS_EVERY) -> Probe:
    """A probe that really asks only so often (seconds), and else answers what it was told last."""
    asked_at, failure = float("-inf"), None

    async def answer() -> None:
        nonlocal asked_at, failure
        if time.monotonic() - asked_at >= every:
            try:
                async with asyncio.timeout(PATIENCE * 0.9):
                    await probe()
                failure = None
            except Exception as error:
                failure = error
            asked_at = time.monotonic()
        if failure is not None:
            raise failure.with_traceback(None)  # else it would grow with each time it is told

    return answer


def health_routes(checks: Mapping[str, Check]) -> list[HTTPRouteHandler]:
    """`/health/live` and `/health/ready`."""

    @get("/health/live", sync_to_thread=False, cache_control=None)
    def live() -> Health:
        """The process runs."""
        return Health("live", {})

    @get("/health/ready")
    @also(503, "Something essential is down.")
    async def ready() -> Response[Health]:
        """Whether everything essential answers; names each dependency, and why it is down."""
        health = await readiness(checks)
        if health.status == "not_ready":
            return Response(health, status_code=503, headers={"Retry-After": "1"})
        return Response(health)

    return [live, ready]
