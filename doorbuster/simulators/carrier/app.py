"""The carrier's API, its webhooks, and `/simulator` to make it slow, dead, or to move its parcels on by hand.

    POST   /v1/shipments                    book, `to` somebody or `from` them `to_warehouse`; the same Idempotency-Key
                                            is the same shipment
    GET    /v1/shipments/{tracking_number}  where it was seen
    DELETE /v1/shipments/{tracking_number}  void a label that was not used
    POST   /simulator/outage                {"mode": "off" | "error500" | "hang" | "lost_answer"}
    POST   /simulator/shipments/{tracking_number}  {"status": "delivered"}: it is seen so now
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import aiohttp
import msgspec
from aiohttp import web
from msgspec import Struct

from ..signing import signature
from .ledger import WAY, Ledger, Scan, Shipment

log = logging.getLogger("carrier")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Mode = Literal["off", "error500", "hang", "lost_answer"]
ATTEMPTS = 8
HANGS_SECONDS = 30
TIMEOUT = aiohttp.ClientTimeout(total=10)
DESTINATIONS_REFUSED = frozenset({"AQ"})  # nobody collects in Antarctica


class Settings(Struct, frozen=True):
    """Its keys, where webhooks go (empty: nowhere), and how fast parcels move on by themselves (0: not at all)."""

    api_key: str
    webhook_secret: str
    webhook_url: str = ""
    data: Path | None = None
    pace_seconds: float = 0.0


def create_app(settings: Settings) -> web.Application:
    """The whole carrier as an aiohttp application."""
    carrier = Carrier(settings)
    app = web.Application(middlewares=[carrier.behaved], client_max_size=2_000_000)
    app.add_routes([
        web.post("/v1/shipments", carrier.book),
        web.get("/v1/shipments/{number}", carrier.show),
        web.delete("/v1/shipments/{number}", carrier.void),
        web.post("/simulator/outage", carrier.break_down),
        web.post("/simulator/shipments/{number}", carrier.move),
        web.get("/health/live", _healthy),
        web.get("/health/ready", _healthy),
    ])  # fmt: skip
    app.on_startup.append(carrier.open)
    app.on_cleanup.append(carrier.close)
    return app


class Carrier:
    """Shipments, and how well it is."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._ledger = settings, Ledger(settings.data)
        self._mode: Mode = "off"
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def open(self, _: web.Application) -> None:
        """Connect, and move on what a former life of the process had under way."""
        self._session = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        for shipment in self._ledger.by_number.values():
            self._set_out(shipment)

    async def close(self, _: web.Application) -> None:
        """Drop what is under way; the journal still knows it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ledger.close()
        if self._session:
            await self._session.close()

    @web.middleware
    async def behaved(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Each answer of the API, as well or badly as it was told to; only for those who hold the key."""
        if not request.path.startswith("/v1/"):
            return await handler(request)
        if request.headers.get("Authorization") != f"Bearer {self._settings.api_key}":
            return _refused(401, "unauthorized")
        if self._mode == "hang":
            await asyncio.sleep(HANGS_SECONDS)
        if self._mode == "error500":
            return _refused(500, "internal")
        answer = await handler(request)
        if self._mode == "lost_answer" and request.transport is not None:
            request.transport.abort()  # it is booked, and nobody hears so
        return answer

    async def book(self, request: web.Request) -> web.Response:
        """A label for a parcel."""
        key, asked = request.headers.get("Idempotency-Key", ""), await request.json()
        person = asked.get("from" if asked.get("to_warehouse") else "to") or {}
        if not key or not person.get("line1") or not asked.get("pieces"):
            return _refused(422, "incomplete")
        if person.get("country") in DESTINATIONS_REFUSED:
            return _refused(422, "destination_not_served")
        shipment = self._ledger.by_key.get(key)
        if shipment is None:
            shipment = self._ledger.book(key, asked)
            self._set_out(shipment)
        elif shipment.asked != asked:
            return _refused(409, "idempotency_key_reused")
        return web.json_response(self._shown(shipment), status=201)

    async def show(self, request: web.Request) -> web.Response:
        """Where a shipment was seen, oldest first."""
        shipment = self._ledger.by_number.get(request.match_info["number"])
        return _refused(404, "unknown_shipment") if shipment is None else web.json_response(self._shown(shipment))

    async def void(self, request: web.Request) -> web.Response:
        """A label that is not used; may be repeated."""
        shipment = self._ledger.by_number.get(request.match_info["number"])
        if shipment is None:
            return _refused(404, "unknown_shipment")
        if shipment.scans:
            return _refused(409, "collected")
        self._ledger.cancel(shipment)
        return web.json_response(self._shown(shipment))

    def _shown(self, shipment: Shipment) -> dict[str, Any]:
        number = shipment.tracking_number
        return {
            "tracking_number": number,
            "label": f"label:{number}",
            "void": shipment.void,
            "scans": msgspec.to_builtins(shipment.scans),
        }

    async def break_down(self, request: web.Request) -> web.Response:
        """Behave otherwise from now on."""
        self._mode = (await request.json())["mode"]
        return web.json_response({"mode": self._mode})

    async def move(self, request: web.Request) -> web.Response:
        """A shipment is seen; answers the scan, which is told by webhook as well."""
        shipment = self._ledger.by_number[request.match_info["number"]]
        scan = self._ledger.see(shipment, (await request.json())["status"])
        self._start(self._tell(scan))
        return web.json_response(msgspec.to_builtins(scan))

    def _set_out(self, shipment: Shipment) -> None:
        if self._settings.pace_seconds and not shipment.void:
            self._start(self._go(shipment))

    async def _go(self, shipment: Shipment) -> None:
        for status in WAY[len(shipment.scans) :]:
            await asyncio.sleep(self._settings.pace_seconds)
            if shipment.void:
                return
            self._start(self._tell(self._ledger.see(shipment, status)))

    def _start(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, scan: Scan) -> None:
        """The webhook of a scan, again until somebody takes it; who never does may ask."""
        if not self._settings.webhook_url:
            return
        for attempt in range(ATTEMPTS):
            if await self._post(scan):
                return
            await asyncio.sleep(0.5 * 2**attempt)
        log.warning("gave up scan=%s", scan.id)

    async def _post(self, scan: Scan) -> bool:
        assert self._session
        payload = msgspec.json.encode(scan)
        headers = {
            "Content-Type": "application/json",
            "Carrier-Signature": signature(payload, self._settings.webhook_secret, int(time.time())),
        }
        url = self._settings.webhook_url
        try:
            async with self._session.post(url, data=payload, headers=headers, allow_redirects=False) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False


def _refused(status: int, code: str) -> web.Response:
    return web.json_response({"code": code}, status=status)


async def _healthy(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
