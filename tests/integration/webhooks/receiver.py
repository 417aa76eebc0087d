"""A server that webhooks are sent to: it keeps what comes, checks each signature, and behaves as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

Json = dict[str, Any]


class Receiver:
    """What came, in the order in which it came. `answers` are used up one by one; then all is well (204)."""

    def __init__(self) -> None:
        self.url = ""
        self.secrets: list[str] = []
        self.answers: list[int | str] = []
        self.always: int | str = 204
        self.came: list[Json] = []  # taken: answered with 2xx
        self.refused: list[Json] = []
        self.elsewhere = 0  # requests that followed a redirect
        self.under_way, self.most_under_way = 0, 0

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        if request.path == "/elsewhere":
            self.elsewhere += 1
            return web.Response(status=200)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._answer(request)
        finally:
            self.under_way -= 1

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        for secret in self.secrets:
            Webhook(secret).verify(body, dict(request.headers))
        message = json.loads(body)
        assert message["id"] == request.headers["webhook-id"]
        assert request.content_type == "application/cloudevents+json"
        answer = self.answers.pop(0) if self.answers else self.always
        if answer == "slow":
            await asyncio.sleep(0.3)
            answer = 204
        if isinstance(answer, int) and 200 <= answer < 300:
            self.came.append(message)
            return web.Response(status=answer)
        self.refused.append(message)
        match answer:
            case "hang":
                await asyncio.sleep(3600)
            case "endless":
                return await self._endless(request)
            case "close":
                assert request.transport is not None
                request.transport.abort()
            case 302 | 307:
                return web.Response(status=answer, headers={"Location": f"{self.url}/elsewhere"})
            case 503:
                return web.Response(status=503, headers={"Retry-After": "1000"})
        return web.Response(status=int(answer) if isinstance(answer, int) else 500, text="no\x00 thanks")

    async def _endless(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)
            await asyncio.sleep(0)


@asynccontextmanager
async def receiving(host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    runner = web.ServerRunner(web.Server(receiver.take), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    receiver.url = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
