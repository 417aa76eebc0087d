"""Liveness and readiness: whether the process runs, and whether what it needs answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

PATIENCE = 1.0  # seconds a dependency may take to answer


class Check(Struct, frozen=True):
    """How to ask a dependency. One that is not essential is reported, but its outage takes no traffic away."""

    probe: Callable[[], Awaitable[object]]
    essential: bool = True


class Health(Struct, frozen=True):
    status: str  # "live" | "ready" | "degraded" | "not_ready"
    checks: dict[str, str]  # dependency → "ok" | "down"


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await check.probe()
    except Exception:
        return "down"
    return "ok"


async def readiness(checks: Mapping[str, Check]) -> Health:
    """All dependencies, asked at the same time."""
    answers = await asyncio.gather(*(_ask(check) for check in checks.values()))
    told = dict(zip(checks, answers, strict=True))
    if any(told[name] == "down" and check.essential for name, check in checks.items()):
        return Health("not_ready", told)
    return Health("degraded" if "down" in answers else "ready", told)


def health_routes(checks: Mapping[str, Check]) -> list[HTTPRouteHandler]:
    """`/health/live` and `/health/ready`."""

    @get("/health/live", tags=["health"], sync_to_thread=False, cache_control=None)
    def live() -> Health:
        """The process runs."""
        return Health("live", {})

    @get("/health/ready", tags=["health"])
    async def ready() -> Response[Health]:
        """200 while everything essential answers, 503 otherwise; names each dependency."""
        health = await readiness(checks)
        if health.status == "not_ready":
            return Response(health, status_code=503, headers={"Retry-After": "1"})
        return Response(health)

    return [live, ready]
