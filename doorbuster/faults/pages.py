"""A visitor who asks for pages that exist, all the time: none may ever be denied, whatever happens to Redis."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Self

import httpx

from doorbuster.faults.scenario import Scene


class Pages:
    """Asks while the `async with` lasts. `answers` counts the statuses."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._http = httpx.AsyncClient(base_url=scene.stage.environment["READ_API_URL"], timeout=10)
        self._asking: asyncio.Task[None] | None = None
        self.answers: Counter[int] = Counter()

    async def __aenter__(self) -> Self:
        self._asking = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._asking is not None
        self._asking.cancel()
        with suppress(asyncio.CancelledError):
            await self._asking
        await self._http.aclose()

    async def _ask(self) -> None:
        while True:
            for path in (f"/v1/{what}/{sku}" for sku in self._scene.skus for what in ("products/by-sku", "stock")):
                self.answers[(await self._http.get(path)).status_code] += 1
                await asyncio.sleep(0.02)

    def none_was_denied(self) -> None:
        """200, or 503 for a while."""
        self._scene.did("pages", answers=dict(self.answers))
        self._scene.promise(set(self.answers) <= {200, 503}, f"pages that exist were answered {dict(self.answers)}")
        self._scene.promise(self.answers[200] > 0, "no page was answered")
