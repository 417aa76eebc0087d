"""A shop with a past, and staff who ask about it over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest

from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE

# The shop of the checkout's tests, by its fixtures.
from tests.integration.checkout.conftest import shop, shop_settings, stripe_url
from tests.integration.checkout.shop import Shop
from write_side import access
from write_side.app import create_app

__all__ = ["shop", "shop_settings", "stripe_url"]

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
async def api(shop: Shop, shop_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API, as somebody who may see history."""
    answer = await access.issue_token(shop.pool, "auditor", ["history:read"], None, CAUSE)
    async with client_of(create_app(shop_settings)) as client:
        client.headers["Authorization"] = f"Bearer {msgspec.json.decode(answer.body)['token']}"
        yield client


@pytest.fixture
def ask(api: httpx.AsyncClient) -> Ask:
    """Asks an address of history and answers the body; parameters go by keyword, with `from_` and `to_` as they are."""

    async def asked(path: str, status: int = 200, **parameters: Any) -> Any:
        given = {name: str(value) for name, value in parameters.items()}
        answer = await api.get(f"/v1/{path}", params=given)
        assert answer.status_code == status, answer.text
        return answer.json()

    return asked


@pytest.fixture
def settled(shop: Shop) -> Callable[[], Awaitable[int]]:
    """Say that the log is complete as far as it goes, as the relay would; answers that position."""

    async def settle() -> int:
        async with shop.pool.acquire() as conn:
            last = await conn.fetchval("SELECT coalesce(max(position), 0) FROM event_log")
            await conn.execute("UPDATE relay_state SET safe_position = $1", last)
        return int(last)

    return settle
