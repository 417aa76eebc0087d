"""The simulator as its own process on a free port, Stripe's SDK against it, and a receiver of its webhooks."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import stripe
from aiohttp import web

from tests.fixtures import forked

Client = Any  # stripe.StripeClient, whose types refuse the wrong parameters sent here on purpose
KEY, PUBLISHABLE, SECRET = "sk_test_of_the_tests", "pk_test_of_the_tests", "whsec_of_the_tests"


class Process:
    """A running simulator."""

    def __init__(self, folder: Path, port: int, webhook_url: str = "") -> None:
        self.folder, self.port, self.webhook_url = folder, port, webhook_url
        self.url = f"http://127.0.0.1:{port}"
        self._process: forked.Process | None = None

    def start(self) -> None:
        env = {**os.environ, "PORT": str(self.port), "STRIPE_API_KEY": KEY, "STRIPE_PUBLISHABLE_KEY": PUBLISHABLE}
        env |= {"STRIPE_WEBHOOK_SECRET": SECRET, "HOST": "127.0.0.1", "STRIPE_WEBHOOK_URL": self.webhook_url}
        words = ("doorbuster.simulators.stripe", "--data", str(self.folder))
        self._process = forked.begin(words, env, self.folder / "log")
        self._wait()

    def _wait(self) -> None:
        for _ in range(200):
            try:
                if httpx.get(f"{self.url}/health/ready", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def control(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """POST to /simulator when there is a body, else GET; the answer must be a success."""
        url = f"{self.url}/simulator/{path}"
        with httpx.Client(trust_env=False) as http:
            answer = http.get(url) if body is None else http.post(url, json=body)
        answer.raise_for_status()
        return dict(answer.json())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    running = Process(tmp_path_factory.mktemp("stripe"), free_port())
    running.start()
    yield running
    running.kill()


@pytest.fixture
def simulator(process: Process) -> Iterator[Process]:
    """The shared process, on its best behaviour before and after."""
    yield process
    process.control("outage", {"mode": "off"})
    process.control("webhooks", {"url": "http://127.0.0.1:9/nobody", "lose": 1})


Connect = Callable[..., Client]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """SDK clients as our code makes them, closed afterwards."""
    transports: list[stripe.AIOHTTPClient] = []

    def client(process: Process, key: str = KEY, retries: int = 0) -> stripe.StripeClient:
        transports.append(stripe.AIOHTTPClient())
        bases: Any = {"api": process.url}
        return stripe.StripeClient(key, base_addresses=bases, http_client=transports[-1], max_network_retries=retries)

    yield client
    for transport in transports:
        await transport.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
def client(simulator: Process, connect: Connect) -> Client:
    return connect(simulator)


@pytest.fixture
async def http(simulator: Process) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser: no key of its own."""
    async with aiohttp.ClientSession(simulator.url) as session:
        yield session


class Receiver:
    """A webhook endpoint that verifies each signature and answers what `statuses` say, 200 when they ran out."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.statuses: list[int] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        payload, header = await request.read(), request.headers["Stripe-Signature"]
        construct: Any = stripe.Webhook.construct_event
        self.events.append(construct(payload, header, SECRET))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    def types(self, intent: str) -> list[str]:
        return [event.type for event in self.events if intent in (event.data.object.id, self._intent(event))]

    @staticmethod
    def _intent(event: Any) -> Any:
        return getattr(event.data.object, "payment_intent", None)


@pytest.fixture
async def receiver(simulator: Process) -> AsyncIterator[Receiver]:
    """Receives the webhooks of the simulator from here on."""
    receiver, port = Receiver(), free_port()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    receiver.url = f"http://127.0.0.1:{port}/hook"
    simulator.control("webhooks", {"url": receiver.url})
    yield receiver
    simulator.control("webhooks", {"url": "http://127.0.0.1:9/nobody", "lose": 1})
    await runner.cleanup()


def error_of(refusal: "pytest.ExceptionInfo[Any]") -> dict[str, Any]:
    """The error object as it came over the wire."""
    return dict(refusal.value.json_body["error"])


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that another process brings about."""
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in time")


Create = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture
def create(client: Client) -> Create:
    """A PaymentIntent as the worker makes it; keyword arguments override."""

    async def create(**params: Any) -> Any:
        given: Any = {
            "amount": 2000,
            "currency": "eur",
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            **params,
        }
        return await client.v1.payment_intents.create_async({k: v for k, v in given.items() if v is not None})

    return create
