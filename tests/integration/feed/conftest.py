"""The command API of a shop, and a relay that says how far the log is complete."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.relaying import relaying
from tests.integration.checkout.conftest import inbox, inbox_type, shop, shop_settings, stripe_url
from tests.integration.checkout.shop import Shop
from tests.integration.write_api.conftest import staff
from write_side.app import create_app

__all__ = ["inbox", "inbox_type", "shop", "shop_settings", "staff", "stripe_url"]


@pytest.fixture
async def relay(database_url: str, shop: Shop) -> AsyncIterator[None]:
    """The safe position follows what is committed."""
    async with relaying(database_url):
        yield


@pytest.fixture
async def api(shop: Shop, shop_settings: Settings, relay: None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API."""
    async with client_of(create_app(shop_settings)) as client:
        yield client
