"""Whether somebody is registered under a VAT id: the Commission's VIES behind VAT_CHECK_URL knows. Nobody else here
knows how it speaks.

It is asked at the quote, outside of any transaction, and only where a VAT id changes the tax. It is away for hours,
state by state: no answer is none, and never a "no". Who is registered is remembered for an hour.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, Protocol

import httpx
import msgspec
from msgspec import Struct

from shared.breaker import Breaker, Withheld
from shared.settings import Settings
from write_side import metrics

Registered = Literal["registered", "unregistered", "unknown"]

LARGEST_ANSWER = 100_000  # bytes; name and address are within a hundredth of it
REMEMBERED = 1_000  # VAT ids
FOR_SECONDS = 3_600.0

log = logging.getLogger(__name__)


class VatChecks(Protocol):
    """Who knows which VAT ids there are."""

    async def look_up(self, vat_id: str) -> Registered:
        """`ATU13585627`, as `usable_vat_id` spells it. Never raises for want of an answer: that is `unknown`."""


class NobodyAsked:
    """Nobody is asked, so nothing is known: for tables that stand in for who would have looked VAT ids up."""

    async def look_up(self, vat_id: str) -> Registered:
        """Always `unknown`."""
        return "unknown"


class _Answer(Struct):
    """Where a member state does not answer there is no `valid`, but a list of errors."""

    valid: bool


_answer = msgspec.json.Decoder(_Answer)


class Vies:
    """Each question is asked once, and has so many seconds."""

    def __init__(self, client: httpx.AsyncClient, seconds: float) -> None:
        self._client, self._seconds, self._breaker = client, seconds, Breaker()
        self._registered: dict[str, float] = {}  # until when it is remembered

    async def look_up(self, vat_id: str) -> Registered:
        """What it says, or has said a while ago."""
        if self._registered.get(vat_id, 0.0) > time.monotonic():
            return "registered"
        try:
            found = await self._ask(vat_id)
        except (Withheld, httpx.HTTPError, TimeoutError, ValueError) as error:
            log.error("a VAT id can't be looked up", extra={"fields": {"why": type(error).__name__}})
            found = "unknown"
        metrics.VAT_CHECKS.labels(found).inc()
        if found == "registered":
            self._remember(vat_id)
        return found

    def _remember(self, vat_id: str) -> None:
        self._registered.pop(vat_id, None)
        self._registered[vat_id] = time.monotonic() + FOR_SECONDS
        if len(self._registered) > REMEMBERED:
            del self._registered[next(iter(self._registered))]  # what was learnt first

    async def _ask(self, vat_id: str) -> Registered:
        permit = self._breaker.admit(time.monotonic())
        try:
            async with asyncio.timeout(self._seconds):
                status, body = await self._told(vat_id)
        except asyncio.CancelledError:
            self._breaker.given_up(permit)
            raise
        except (httpx.HTTPError, TimeoutError, ValueError):
            self._breaker.failed(permit, time.monotonic())
            raise
        if status >= 500:
            self._breaker.failed(permit, time.monotonic())
        else:
            self._breaker.succeeded(permit)
        return _read(status, body)

    async def _told(self, vat_id: str) -> tuple[int, bytes]:
        content = msgspec.json.encode({"countryCode": vat_id[:2], "vatNumber": vat_id[2:]})
        headers = {"Content-Type": "application/json"}
        async with self._client.stream("POST", "check-vat-number", content=content, headers=headers) as answer:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise ValueError("an answer longer than any")
            return answer.status_code, bytes(body)


def _read(status: int, body: bytes) -> Registered:
    """Raises `ValueError` where it is no answer to this question; a state that is away is `unknown`."""
    if status != 200:
        raise ValueError(f"status {status}")
    try:
        return "registered" if _answer.decode(body).valid else "unregistered"
    except msgspec.ValidationError:
        return "unknown"
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("no JSON") from error


@asynccontextmanager
async def open_vat_checks(settings: Settings) -> AsyncIterator[VatChecks | None]:
    """None where VAT_CHECK_URL names nobody. It may be down at start. Half of a quote's time for its taxes is its."""
    if not settings.vat_check_url:
        yield None
        return
    seconds = settings.tax_timeout_seconds * 0.5
    base = settings.vat_check_url.rstrip("/") + "/"
    async with httpx.AsyncClient(base_url=base, timeout=seconds, trust_env=False, follow_redirects=False) as client:
        yield Vies(client, seconds)
