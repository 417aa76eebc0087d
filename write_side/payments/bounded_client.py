"""The way to Stripe: the SDK's own HTTP client, kept from being led astray by whatever answers there."""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import stripe

LARGEST_ANSWER = 1_000_000  # bytes; an intent takes some three thousand


class BoundedClient(stripe.AIOHTTPClient):
    """The SDK's own follows redirects wherever they lead, and reads answers of any length; this one does neither."""

    def __init__(self, seconds: float) -> None:
        super().__init__(timeout=seconds)
        self._seconds = seconds

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Body, status and headers; all of it within the seconds given."""
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


async def _read(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError("an answer longer than any of Stripe's")
    return bytes(body)
