"""The query API over real servers, once through its front and once without: both must answer the same."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from redis.asyncio import Redis

from read_side.app import create_app
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import Shop, searchable
from tests.integration.read_side.shelves import Shelves

LINK_SECRET = "the-secret-of-links"
NOWHERE = "http://127.0.0.1:9"  # nothing listens there


def settings_of(
    redis_url: str,
    elasticsearch_url: str = NOWHERE,
    index_prefix: str = "",
    locales: str = "en",
    kept_pages: int = 0,
    kept_orders: int = 0,
    kept_search_seconds: float = 0,
    order_link_days: float = 400,
) -> Settings:
    """Settings of a query API; it must not want Postgres, so there is none. Nothing is kept unless told: what a test
    has written is to be there at once."""
    return Settings(
        database_url="postgresql://127.0.0.1:9/none",
        keyring_url="postgresql://127.0.0.1:9/none",
        redis_url=redis_url,
        elasticsearch_url=elasticsearch_url,
        stripe_api_base=NOWHERE,
        smtp_url="smtp://127.0.0.1:9",
        master_key="00" * 32,
        link_secret=LINK_SECRET,
        stripe_api_key="sk_test",
        stripe_webhook_secret="whsec",
        cors_origins="https://shop.example",
        index_prefix=index_prefix,
        locales=locales,
        kept_pages=kept_pages,
        kept_orders=kept_orders,
        kept_search_seconds=kept_search_seconds,
        order_link_days=order_link_days,
    )


@pytest.fixture
async def shelves(valkey: PrivateServer) -> AsyncIterator[Shelves]:
    """Read models that are served and caught up, and empty."""
    async with Redis.from_url(valkey.url) as redis:
        shelves = Shelves(redis)
        await shelves.open()
        yield shelves


@pytest.fixture(params=["front", "litestar"])
async def api(
    request: pytest.FixtureRequest, shelves: Shelves, valkey: PrivateServer
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the query API, without Elasticsearch."""
    async with client_of(create_app(settings_of(valkey.url), fronted=request.param == "front")) as client:
        yield client


@pytest.fixture(scope="session")
def shop() -> Shop:
    return Shop()


@pytest.fixture(scope="session")
def shop_prefix(shop: Shop, elasticsearch_url: str) -> Iterator[str]:
    """The index of the shop, written once: searching changes nothing."""
    with searchable(shop, "shop", elasticsearch_url) as prefix:
        yield prefix


@pytest.fixture
async def shopping(
    shop: Shop, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, shop_prefix: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the query API over a filled shop."""
    await shop.tell(shelves)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, shop_prefix))) as api:
        yield api
