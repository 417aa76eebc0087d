"""A shop for each test, and one simulated Stripe for all of them."""

from collections.abc import AsyncIterator, Iterator

import pytest
from aiosmtpd.controller import Controller

from shared.settings import Settings
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.integration.checkout.carriers import CarrierProcess
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.opening import open_shop
from tests.integration.checkout.shop import Shop
from tests.integration.stripe_simulator.conftest import KEY, PUBLISHABLE, SECRET, Process, free_port
from write_side.database import Pool
from write_side.notifications.gateway import MailServer


@pytest.fixture(scope="session")
def stripe_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a simulated Stripe that sends no webhooks: tests bring them."""
    process = Process(tmp_path_factory.mktemp("stripe"), free_port())
    process.start()
    yield process.url
    process.kill()


@pytest.fixture
def shop_settings(database_url: str, keyring_url: str, stripe_url: str) -> Settings:
    """Settings of a write side with Postgres, keyring and Stripe."""
    named = {"DATABASE_URL": database_url, "KEYRING_URL": keyring_url, "STRIPE_API_BASE": stripe_url}
    keys = {"STRIPE_API_KEY": KEY, "STRIPE_PUBLISHABLE_KEY": PUBLISHABLE, "STRIPE_WEBHOOK_SECRET": SECRET}
    return Settings.read(NOWHERE | named | keys)


@pytest.fixture
async def shop(shop_settings: Settings, pool: Pool) -> AsyncIterator[Shop]:
    """An open shop that ships to Germany, among others; Stripe is well."""
    async with open_shop(pool, shop_settings) as shop:
        await shop.outage("off")
        yield shop
        await shop.outage("off")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarrierProcess]:
    """A carrier of the module's own."""
    running = CarrierProcess(tmp_path_factory.mktemp("carrier"))
    running.start()
    yield running
    running.kill()


@pytest.fixture
def inbox_type() -> type[Inbox]:
    """What stands behind the mail server."""
    return Inbox


@pytest.fixture
def inbox(inbox_type: type[Inbox]) -> Iterator[tuple[Inbox, MailServer]]:
    """A mail server and the way to it."""
    inbox = inbox_type()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield inbox, MailServer(f"smtp://127.0.0.1:{controller.port}")
    controller.stop()
