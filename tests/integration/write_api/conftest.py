"""The command API in this process, on real Postgres: requests go through its whole ASGI app."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import msgspec
import pytest

from shared.ids import uuid7
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.fixtures.write_side import CAUSE
from write_side import access
from write_side.app import create_app
from write_side.database import Pool

Issue = Callable[..., Awaitable[dict[str, str]]]


@pytest.fixture
def write_settings(database_url: str, keyring_url: str) -> Settings:
    """Settings of a command API whose only servers are Postgres and the keyring."""
    named = {"DATABASE_URL": database_url, "KEYRING_URL": keyring_url, "CORS_ORIGINS": "https://shop.example"}
    named["IMPORT_LARGEST_MB"] = "1"
    return Settings.read(NOWHERE | named)


@pytest.fixture
async def api(write_settings: Settings, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API."""
    async with client_of(create_app(write_settings)) as client:
        yield client


@pytest.fixture
def staff(pool: Pool) -> Issue:
    """Issues a token with the scopes given and answers the headers to call with, an idempotency key among them."""

    async def issue(*scopes: str, key: str | None = None) -> dict[str, str]:
        answer = await access.issue_token(pool, "test", list(scopes), None, CAUSE)
        token = msgspec.json.decode(answer.body)["token"]
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid7())}

    return issue
