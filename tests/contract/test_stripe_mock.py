"""Every request that we send to Stripe, checked by stripe-mock against Stripe's own OpenAPI document.

Needs its binary, as `make stripe-mock` builds it where Go is at hand; STRIPE_MOCK names another one.
"""

import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import stripe

from shared.settings import Settings
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.integration.stripe_simulator.conftest import free_port
from write_side.payments.asking import ProviderDown
from write_side.payments.bounded_client import BoundedClient
from write_side.payments.domain import Owed, Payment
from write_side.payments.gateway import Gateway

BINARY = os.environ.get("STRIPE_MOCK") or shutil.which("stripe-mock") or str(Path(".stripe-mock/stripe-mock"))
KEY = "sk_test_123"
ID = UUID(int=7)
PAYMENT = Payment(ID, ID, 4390, "EUR", "authorized", "pi_123", 3)
OWED = Owed(ID, ID, "pi_123", 500, "EUR", "re_123")
SINCE = datetime(2026, 11, 27, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not Path(BINARY).is_file(), reason="no stripe-mock: `make stripe-mock` builds it where Go is at hand"
)


class Heard(BoundedClient):
    """Our way to Stripe, remembering what was asked and how that was taken."""

    def __init__(self) -> None:
        super().__init__(5.0)
        self.heard: list[tuple[str, str, int, bytes]] = []

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        body, status, told = await super().request_async(method, url, headers, post_data)
        self.heard.append((method, url.split("?")[0].removeprefix("http://127.0.0.1"), status, body))
        return body, status, told


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """Its address."""
    port = free_port()
    process = subprocess.Popen([BINARY, "-http-port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(url, trust_env=False)
            break
        time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture
async def heard() -> AsyncIterator[Heard]:
    """What the gateway asks with."""
    client = Heard()
    yield client
    await client.close_async()  # type: ignore[no-untyped-call]


def gateway_at(url: str, heard: Heard) -> Gateway:
    settings = Settings.read(NOWHERE | {"STRIPE_API_BASE": url, "STRIPE_API_KEY": KEY})
    client = stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=heard, max_network_retries=0)
    return Gateway(client, heard, settings)


ASKED: dict[str, Callable[[Gateway], Awaitable[Any]]] = {
    "create": lambda g: g.create(PAYMENT),
    "read": lambda g: g.read("pi_123"),
    "retry": lambda g: g.retry(PAYMENT, "pm_123", 1),
    "capture": lambda g: g.capture(PAYMENT, 1),
    "cancel": lambda g: g.cancel(PAYMENT, 2),
    "page": lambda g: g.page(SINCE, "pi_123"),
    "refund": lambda g: g.refunds.create(OWED),
    "read_refund": lambda g: g.refunds.read(OWED),
    "find_refund": lambda g: g.refunds.find(OWED),
    "made_since": lambda g: anext(g.made_since(SINCE)),
    "refunds_made_since": lambda g: anext(g.refunds.made_since(SINCE)),
}


@pytest.mark.parametrize("name", ASKED)
async def test_stripe_takes_the_request(mock: str, heard: Heard, name: str) -> None:
    with suppress(ProviderDown):  # it answers about whatever it likes
        await ASKED[name](gateway_at(mock, heard))
    assert heard.heard, "nothing was asked"
    assert [(path, body) for _, path, status, body in heard.heard if status != 200] == []


def test_no_request_of_the_gateway_is_left_out() -> None:
    asked = {name for name in vars(Gateway) if not name.startswith("_")} - {"ping", "notice", "room"}
    assert asked <= ASKED.keys()


def test_what_stripe_does_not_know_is_refused(mock: str) -> None:
    form = {"amount": "100", "currency": "eur", "colour": "blue"}
    answer = httpx.post(f"{mock}/v1/payment_intents", data=form, auth=(KEY, ""), trust_env=False)
    assert answer.status_code == 400
    assert "additional properties are not allowed" in answer.text
