"""A shop with a Stripe of its own: captures of other tests would be strangers here. And the projector's lab."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from doorbuster.invariants.captures import Provider
from shared.settings import Settings
from tests.faults.processes import redis_lab, search_lab
from tests.integration.checkout.conftest import shop, shop_settings
from tests.integration.stripe_simulator.conftest import Process, free_port
from write_side.database import Connection

__all__ = ["redis_lab", "search_lab", "shop", "shop_settings"]


@pytest.fixture
def stripe_url(tmp_path: Path) -> Iterator[str]:
    """The address of a simulated Stripe that nobody else uses."""
    process = Process(tmp_path, free_port())
    process.start()
    yield process.url
    process.kill()


@pytest.fixture
def provider(shop_settings: Settings) -> Provider:
    """The same, as the check asks it."""
    return Provider(shop_settings.stripe_api_base, shop_settings.stripe_api_key)


@pytest.fixture
async def auditor(database_url: str) -> AsyncIterator[Connection]:
    """A superuser, who may do what the application never could."""
    conn = await asyncpg.connect(database_url)
    yield conn
    await conn.close()
