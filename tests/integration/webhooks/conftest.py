"""A write side that may send webhooks to this machine, a courier, and a receiver."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from shared.codec import decode_events
from shared.envelope import Metadata
from shared.events.access import TokenRevoked
from shared.ids import uuid7
from shared.sealed import seal
from shared.settings import Settings
from tests.fixtures.relaying import relaying
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.fixtures.write_side import CAUSE
from tests.integration.webhooks.receiver import Receiver, receiving
from tests.integration.write_api.conftest import staff
from write_side import event_log
from write_side.customers import Keyring, open_keyring
from write_side.database import Pool
from write_side.event_log import NewEvent
from write_side.webhooks import handlers, store
from write_side.webhooks.deliveries.courier import Courier, open_courier
from write_side.webhooks.domain import Endpoint, EndpointInput
from write_side.webhooks.handlers import EndpointWithSecret

__all__ = ["staff"]

GOLDEN = Path(__file__).parents[2] / "contract" / "golden"
REVOKED = "access.token_revoked.v1"
_made = msgspec.json.Decoder(EndpointWithSecret)


@pytest.fixture
def hook_settings(database_url: str, keyring_url: str) -> Settings:
    """Settings of a write side that may send webhooks to this machine."""
    named = {"DATABASE_URL": database_url, "KEYRING_URL": keyring_url, "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8"}
    return Settings.read(NOWHERE | named)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server that webhooks may be sent to."""
    async with receiving() as found:
        yield found


class Hooks:
    """Endpoints, events, and a courier that works when it is told to."""

    def __init__(self, pool: Pool, settings: Settings, courier: Courier, keyring: Keyring) -> None:
        self.pool, self.settings, self.courier, self._keyring = pool, settings, courier, keyring

    async def endpoint(
        self, url: str, types: Sequence[str] = (REVOKED,), *, personal: bool = False
    ) -> EndpointWithSecret:
        """A new endpoint."""
        wanted = EndpointInput(url, list(types), personal=personal)
        handlers.check(wanted, self.settings)
        return _made.decode((await handlers.create_endpoint(self.pool, self.settings, wanted, CAUSE)).body)

    async def receiving(self, receiver: Receiver, types: Sequence[str] = (REVOKED,)) -> UUID:
        """An endpoint at the receiver, which knows its secret."""
        made = await self.endpoint(receiver.url, types)
        receiver.secrets.append(made.secret)
        return made.endpoint.id

    async def happen(self, times: int = 1) -> list[UUID]:
        """So many events; their ids."""
        metadata = Metadata("test", "test")
        for _ in range(times):
            async with self.pool.acquire() as conn, conn.transaction():
                aggregate = uuid7()
                new = NewEvent("test", aggregate, 1, "test", TokenRevoked(aggregate, "a test"))
                await event_log.append(conn, [new], metadata)
        await self.until_safe()
        rows = await self.pool.fetch("SELECT event_id FROM event_log WHERE type = $1 ORDER BY position", REVOKED)
        return [row["event_id"] for row in rows]

    async def quote(self, mail: str) -> None:
        """An event that holds personal data: somebody was offered something."""
        person = await self._keyring.person_for(mail)
        fields = json.loads((GOLDEN / "orders.quote_issued.v1.json").read_bytes())
        for name in ("mail", "address"):
            fields[name] = seal(person.key, person.id, name, mail)
        event = decode_events("orders.quote_issued.v1", msgspec.json.encode(fields))[0]
        async with self.pool.acquire() as conn, conn.transaction():
            new = NewEvent("test", uuid7(), 1, "test", event)
            await event_log.append(conn, [new], Metadata("test", "test"))
        await self.until_safe()

    async def erase_everybody(self) -> None:
        """No key is left."""
        await self._keyring._pool.execute("DELETE FROM person_key")

    async def until_safe(self) -> None:
        """Until all that is committed may be read."""
        await until_safe(self.pool)

    async def work(self, *, later: bool = False) -> None:
        """All that is due, to its end; `later`: pauses are over."""
        if later:
            await self.pool.execute("UPDATE webhook_endpoint SET next_attempt_at = clock_timestamp()")
            await self.pool.execute("UPDATE webhook_delivery SET next_attempt_at = clock_timestamp()")
        queue, send, *_ = self.courier.steps()
        while await queue.run():
            pass
        while await send.run():
            await self.courier.finish()

    async def now(self, endpoint_id: UUID) -> Endpoint:
        """An endpoint's row."""
        async with self.pool.acquire() as conn:
            [endpoint] = await store.all_endpoints(conn, [endpoint_id])
        return endpoint

    async def states(self, endpoint_id: UUID) -> list[str]:
        """Of its deliveries, by their numbers."""
        query = "SELECT state FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY sequence"
        return [row["state"] for row in await self.pool.fetch(query, endpoint_id)]

    async def tries(self, endpoint_id: UUID) -> list[tuple[int | None, str | None]]:
        """Status and error of its attempts, oldest first."""
        query = "SELECT status, error FROM webhook_attempt WHERE endpoint_id = $1 ORDER BY at"
        return [(row["status"], row["error"]) for row in await self.pool.fetch(query, endpoint_id)]


async def until_safe(pool: Pool) -> None:
    """Until the relay has said that all which is committed may be read."""
    async with asyncio.timeout(60):
        while await pool.fetchval(
            "SELECT (SELECT max(position) FROM event_log) > (SELECT safe_position FROM relay_state)"
        ):
            await asyncio.sleep(0.005)


@pytest.fixture
async def hooks(pool: Pool, hook_settings: Settings, database_url: str) -> AsyncIterator[Hooks]:
    """Everything but the receiver."""
    async with (
        relaying(database_url),
        open_keyring(hook_settings.keyring_url, hook_settings.master_key) as keyring,
        open_courier(pool, keyring, hook_settings) as courier,
    ):
        yield Hooks(pool, hook_settings, courier, keyring)
