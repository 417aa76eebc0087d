"""The simulated carrier as a process of its own, and what tests do with it."""

import os
import time
from pathlib import Path
from typing import Any

import httpx
from msgspec import structs

from shared.settings import Settings
from tests.fixtures.forked import begin
from tests.integration.stripe_simulator.conftest import free_port

KEY, SECRET = "carrier_of_the_tests", "carrier_whsec_of_the_tests"


class CarrierProcess:
    """A running carrier that sends no webhooks: tests bring them."""

    def __init__(self, folder: Path) -> None:
        self._folder, port = folder, free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._environment = os.environ | {"PORT": str(port), "CARRIER_API_KEY": KEY, "CARRIER_WEBHOOK_SECRET": SECRET}

    def named_in(self, settings: Settings) -> Settings:
        """Settings of a write side that books here."""
        named = {"carrier_url": self.url, "carrier_api_key": KEY, "carrier_webhook_secret": SECRET}
        return structs.replace(settings, **named, carrier_name="SimEx")

    def start(self) -> None:
        """Until it answers."""
        words = ("doorbuster.simulators.carrier", "--data", str(self._folder))
        self._process = begin(words, self._environment, self._folder / "log")
        for _ in range(200):
            try:
                if httpx.get(f"{self.url}/health/ready", trust_env=False).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text())

    def kill(self) -> None:
        """Without a word."""
        self._process.kill()
        self._process.wait()

    async def is_well(self, mode: str) -> None:
        """off (it is), error500, hang, lost_answer."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            (await client.post("/simulator/outage", json={"mode": mode})).raise_for_status()

    async def see(self, number: str, status: str) -> dict[str, Any]:
        """A parcel is seen; the scan."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            answer = await client.post(f"/simulator/shipments/{number}", json={"status": status})
            return dict(answer.raise_for_status().json())

    async def shipment(self, number: str) -> dict[str, Any]:
        """What it has of a parcel."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, headers=headers) as client:
            return dict((await client.get(f"/v1/shipments/{number}")).json())

    def booked(self) -> int:
        """How many shipments its journal knows."""
        lines = (self._folder / "shipments.jsonl").read_bytes().splitlines()
        return len({line.partition(b'"tracking_number":')[2][:20] for line in lines})
