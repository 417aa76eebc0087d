"""The way to Stripe: the SDK's own HTTP client, kept from being led astray by whatever answers there, and from asking
somebody who doesn't answer."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import stripe

from shared.breaker import Breaker, Permit
from write_side import metrics

LARGEST_ANSWER = 1_000_000  # bytes; an intent takes some three thousand


class BoundedClient(stripe.AIOHTTPClient):
    """The SDK's own follows redirects wherever they lead, and reads answers of any length; this one does neither."""

    def __init__(self, seconds: float) -> None:
        super().__init__(timeout=seconds)
        self._seconds = seconds
        self._breaker = Breaker()

    def room(self, wanted: int) -> int:
        """How many calls may begin now; none while Stripe is left alone, one when it is time to look."""
        return self._breaker.room(time.monotonic(), wanted)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Body, status and headers; all of it within the seconds given. Raises `Withheld` while nobody is asked."""
        permit = self._breaker.admit(time.monotonic())
        try:
            answer = await self.request_unguarded(method, url, headers, post_data)
        except Exception:
            self._tell(permit, answered=False)
            raise
        except asyncio.CancelledError:
            self._breaker.given_up(permit)
            raise
        _, status, said = answer
        if is_kept_failure(status, said):
            self._breaker.given_up(permit)
        else:
            self._tell(permit, answered=status < 500)
        return answer

    async def request_unguarded(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """The same for a look that nothing is concluded from."""
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._session.request(
                    method, url, headers=headers, data=post_data, allow_redirects=False
                ) as answer,
            ):
                return await _read(answer.content), answer.status, answer.headers
        except Exception as error:
            self._handle_request_error(error)

    def _tell(self, permit: Permit, *, answered: bool) -> None:
        if answered:
            self._breaker.succeeded(permit)
        elif self._breaker.failed(permit, time.monotonic()):
            metrics.STRIPE_CIRCUIT_OPENED.inc()
        metrics.STRIPE_CIRCUIT.set(self._breaker.state != "closed")


def is_kept_failure(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer repeats a failure of before: of how Stripe is by now it says nothing."""
    return status >= 500 and headers.get("Idempotent-Replayed") == "true"


async def _read(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError("an answer longer than any of Stripe's")
    return bytes(body)
