"""The profiles: how the crowd comes, and what goes wrong meanwhile. The shapes stand in loadtests/crowd.py."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping

import httpx
from msgspec import Struct

from doorbuster import processes, running, state
from doorbuster.home import Home

AGAIN = 0.3  # of the time: from one kill to the next
OUTAGE = 60.0  # seconds, or a third of the rehearsal if that is less


class Rehearsed(Struct, frozen=True):
    """What a fault needs to know."""

    home: Home
    environment: Mapping[str, str]
    seconds: float
    note: Callable[[str], None]  # into the report, with the time


Fault = Callable[[Rehearsed], Awaitable[None]]


class Profile(Struct, frozen=True):
    """`at` is the share of the time at which the fault begins."""

    name: str
    told: str
    fault: Fault | None = None
    at: float = 0.4


async def _payment_outage(at: Rehearsed) -> None:
    lasts = min(OUTAGE, at.seconds / 3)
    async with httpx.AsyncClient(base_url=at.environment["STRIPE_API_BASE"], trust_env=False) as provider:
        (await provider.post("/simulator/outage", json={"mode": "error500"})).raise_for_status()
        at.note(f"the payment provider answers 500 for {lasts:.0f} s")
        try:
            await asyncio.sleep(lasts)
        finally:
            (await provider.post("/simulator/outage", json={"mode": "off"})).raise_for_status()
            at.note("the payment provider is back")


async def _projector_killed(at: Rehearsed) -> None:
    _kill(at, "projector")
    at.note("the projector is killed")


async def _query_api_killed_twice(at: Rehearsed) -> None:
    """While all who wait are equal, and again while turns come."""
    _kill(at, "read-api")
    at.note("the query API is killed: the sale has not begun")
    await asyncio.sleep(at.seconds * AGAIN)
    _kill(at, "read-api")
    at.note("the query API is killed: turns come")


def _kill(at: Rehearsed, name: str) -> None:
    found = state.read_live(at.home)
    process = next((p.process for p in found.programs if p.name == name), None) if found else None
    if process is None or not processes.alive(process):
        raise RuntimeError(f"there is no {name} to kill")
    os.killpg(process.pid, signal.SIGKILL)  # Granian's workers too


async def _deployed(at: Rehearsed) -> None:
    at.note("all of our processes are replaced")
    await asyncio.to_thread(running.restart, at.home)
    at.note("they are")


PROFILES = {
    each.name: each
    for each in (
        Profile("steady", "the same crowd from beginning to end"),
        Profile("peak", "ten times as many within two minutes"),
        Profile("doorbuster", "the doors open, and everybody wants one SKU"),
        Profile("waiting-room", "one SKU is sold by turns; queries are killed twice", _query_api_killed_twice, 0.25),
        Profile("outage", "the payment provider is down for a minute", _payment_outage),
        Profile("projector", "the projector is killed", _projector_killed),
        Profile("deploy", "all of our processes are replaced", _deployed),
    )
}
