"""The carrier behind CARRIER_URL, over HTTP. Nobody else knows what it says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from shared.settings import Settings
from write_side import metrics
from write_side.customers import Contact
from write_side.fulfilment.booking.carrier import Booked, Carrier, CarrierDown, CarrierRefused, Consignment, Scan

TIMEOUT = 8.0  # seconds to the end of the answer; less than a worker claims a booking for
LARGEST_ANSWER = 1_000_000


class _Shipment(Struct):
    tracking_number: str
    label: str
    scans: list[Scan] = []


class _Refusal(Struct):
    code: str = "refused"


_shipment, _refusal = msgspec.json.Decoder(_Shipment), msgspec.json.Decoder(_Refusal)


def on_the_label(contact: Contact) -> dict[str, str]:
    """An address without what is no carrier's business."""
    told: dict[str, str] = msgspec.to_builtins(contact.address)
    return {name: said for name, said in told.items() if name not in ("gift_card_mail", "vat_id")}


class WebCarrier:
    """Each call is tried once: the rows remember what is to be tried again."""

    def __init__(self, client: httpx.AsyncClient, name: str) -> None:
        self._client, self._name = client, name

    @property
    def name(self) -> str:
        """What customers call it."""
        return self._name

    async def book(self, consignment: Consignment) -> Booked:
        """A number and a label."""
        return await self._booked("book", consignment, {"to": on_the_label(consignment.contact)})

    async def fetch(self, consignment: Consignment, warehouse: str) -> Booked:
        """A number and a label of a parcel that the customer sends."""
        ways = {"from": on_the_label(consignment.contact), "to_warehouse": warehouse}
        return await self._booked("fetch", consignment, ways)

    async def _booked(self, operation: str, consignment: Consignment, ways: dict[str, Any]) -> Booked:
        pieces = [{"sku": sku, "quantity": n} for sku, n in consignment.pieces.items()]
        headers = {"Idempotency-Key": str(consignment.id)}
        asked = ways | {"pieces": pieces}
        shipment = await self._asked(operation, "POST", "/v1/shipments", headers=headers, json=asked)
        assert shipment is not None
        return Booked(shipment.tracking_number, shipment.label)

    async def void(self, tracking_number: str) -> None:
        """The label will not be used."""
        await self._asked("void", "DELETE", f"/v1/shipments/{tracking_number}")

    async def scans(self, tracking_number: str) -> Sequence[Scan]:
        """Where a parcel was seen."""
        shipment = await self._asked("scans", "GET", f"/v1/shipments/{tracking_number}")
        return [] if shipment is None else shipment.scans

    async def _asked(self, operation: str, method: str, path: str, **sent: Any) -> _Shipment | None:
        """The shipment that an answer shows; None where there is none of this number."""
        try:
            async with asyncio.timeout(TIMEOUT), self._client.stream(method, path, **sent) as answer:
                body = await _read(answer)
            heard = self._heard(operation, answer.status_code, body)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:  # a body that is no shipment is a ValueError, too
            metrics.CARRIER_CALLS.labels(operation, "down").inc()
            raise CarrierDown(f"the carrier could not be asked: {type(error).__name__}") from error
        metrics.CARRIER_CALLS.labels(operation, "done").inc()
        return heard

    def _heard(self, operation: str, status: int, body: bytes) -> _Shipment | None:
        if status == 404 and operation in ("void", "scans"):
            return None
        if 400 <= status < 500 and status not in (401, 403, 408, 429):
            metrics.CARRIER_CALLS.labels(operation, "refused").inc()
            raise CarrierRefused(_refusal.decode(body).code)
        if not 200 <= status < 300:
            raise ValueError(f"status {status}")
        return _shipment.decode(body)


async def _read(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError("an answer longer than any carrier's")
    return bytes(body)


@asynccontextmanager
async def open_carrier(settings: Settings) -> AsyncIterator[Carrier | None]:
    """The carrier on connections of its own, None where there is none. It may be down at start."""
    if not settings.carrier_url:
        yield None
        return
    headers = {"Authorization": f"Bearer {settings.carrier_api_key}"}
    async with httpx.AsyncClient(
        base_url=settings.carrier_url, headers=headers, timeout=TIMEOUT, trust_env=False, follow_redirects=False
    ) as client:
        yield WebCarrier(client, settings.carrier_name)
