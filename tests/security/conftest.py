"""Both APIs as attackers see them, on real stores."""

from collections.abc import AsyncIterator

import httpx
import pytest

from read_side.app import create_app as create_query_api
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.accounts.conftest import customers
from tests.integration.checkout.conftest import inbox, inbox_type, shop, shop_settings, stripe_url
from tests.integration.checkout.shop import Shop
from tests.integration.read_side.conftest import settings_of, shelves
from tests.integration.read_side.shelves import Shelves
from tests.integration.write_api.conftest import staff
from write_side.app import create_app

__all__ = ["customers", "inbox", "inbox_type", "shelves", "shop", "shop_settings", "staff", "stripe_url"]


@pytest.fixture
async def api(shop: Shop, shop_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API of a shop that has 10 lamps."""
    await shop.stock("lamp", 10)
    async with client_of(create_app(shop_settings)) as client:
        yield client


@pytest.fixture
async def query(shelves: Shelves, valkey: PrivateServer) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the query API, whose read models are served and empty."""
    async with client_of(create_query_api(settings_of(valkey.url))) as client:
        yield client
