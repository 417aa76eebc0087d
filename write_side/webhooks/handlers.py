"""Endpoint commands: load, decide, save. Secrets are shown by the command that makes them, and never again."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from shared.codec import KNOWN_TYPES
from shared.envelope import Metadata
from shared.events.webhooks import EndpointDeleted, EndpointDisabled, EndpointEnabled, SecretRotated, WebhookEvent
from shared.ids import uuid7
from shared.sealed import wrap
from shared.settings import Settings
from write_side import commands
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.feed import tags_of
from write_side.webhooks import domain, store
from write_side.webhooks.addresses import Reach, check_url
from write_side.webhooks.domain import Endpoint, EndpointInput, TooManyEndpoints, UnknownEndpoint


class EndpointWithSecret(Struct, frozen=True):
    """An endpoint and its new secret; the one time that it is shown."""

    endpoint: Endpoint
    secret: str


def check(wanted: EndpointInput, settings: Settings) -> None:
    """Refuses `broken_url`, `forbidden_address`, `unknown_event_type`."""
    check_url(wanted.url, Reach.of(settings.webhook_private_networks))
    tags_of(wanted.types, KNOWN_TYPES, "/types")


async def create_endpoint(
    pool: Pool, settings: Settings, wanted: EndpointInput, cause: Metadata
) -> Answer[EndpointWithSecret]:
    """A new endpoint, told of everything that happens from now on; refuses `too_many_endpoints`."""
    event, secret = domain.create(uuid7(), wanted), os.urandom(domain.SECRET_BYTES)
    sealed = _sealed(settings, event.endpoint_id, secret)

    async def decide(conn: Connection) -> tuple[EndpointWithSecret, Positions]:
        if await store.count_endpoints(conn) >= domain.MOST_ENDPOINTS:
            raise TooManyEndpoints(f"there are {domain.MOST_ENDPOINTS} endpoints already")
        positions = await store.create(conn, event, sealed, cause)
        return EndpointWithSecret(domain.evolve(None, event, 1), domain.spelled(secret)), positions

    return await commands.run(pool, decide)


async def revise_endpoint(
    pool: Pool, endpoint_id: UUID, wanted: EndpointInput, expected: int | None, cause: Metadata
) -> Answer[Endpoint]:
    """All facts anew; refuses `unknown_endpoint`, `version_conflict`."""

    def decide(endpoint: Endpoint) -> WebhookEvent | None:
        check_version(endpoint.version, expected)
        return domain.revise(endpoint, wanted)

    return await _changed(pool, endpoint_id, decide, cause)


async def disable_endpoint(pool: Pool, endpoint_id: UUID, cause: Metadata) -> Answer[Endpoint]:
    """Nothing is sent there any more; what happens meanwhile is kept for it."""

    def decide(endpoint: Endpoint) -> WebhookEvent | None:
        return None if endpoint.state == domain.DISABLED else EndpointDisabled(endpoint.id, "staff")

    return await _changed(pool, endpoint_id, decide, cause)


async def enable_endpoint(pool: Pool, endpoint_id: UUID, skip: bool, cause: Metadata) -> Answer[Endpoint]:
    """It goes on where it stopped, or with `skip` behind all that happened meanwhile."""

    def decide(endpoint: Endpoint) -> WebhookEvent | None:
        return None if endpoint.state == domain.ENABLED else EndpointEnabled(endpoint.id, skip)

    return await _changed(pool, endpoint_id, decide, cause)


async def delete_endpoint(pool: Pool, endpoint_id: UUID, cause: Metadata) -> Answer[Endpoint]:
    """Gone with its secrets and the log of its deliveries; a repeat is refused as `unknown_endpoint`."""
    return await _changed(pool, endpoint_id, lambda endpoint: EndpointDeleted(endpoint.id), cause)


async def rotate_secret(
    pool: Pool, settings: Settings, endpoint_id: UUID, overlap: timedelta, cause: Metadata
) -> Answer[EndpointWithSecret]:
    """A new secret; the old one is signed with as well until the overlap is over."""
    secret = os.urandom(domain.SECRET_BYTES)

    async def decide(conn: Connection) -> tuple[EndpointWithSecret, Positions]:
        endpoint = await _locked(conn, endpoint_id)
        event = SecretRotated(endpoint.id, endpoint.secret_number + 1, datetime.now(UTC) + overlap)
        positions = await store.rotate(conn, endpoint, event, _sealed(settings, endpoint.id, secret), cause)
        now = domain.evolve(endpoint, event, endpoint.version + 1)
        return EndpointWithSecret(now, domain.spelled(secret)), positions

    return await commands.run(pool, decide)


async def _changed(
    pool: Pool, endpoint_id: UUID, decide: Callable[[Endpoint], WebhookEvent | None], cause: Metadata
) -> Answer[Endpoint]:
    async def locked(conn: Connection) -> Endpoint:
        return await _locked(conn, endpoint_id)

    return await commands.change(pool, locked, decide, store.save, cause)


async def _locked(conn: Connection, endpoint_id: UUID) -> Endpoint:
    endpoint = await store.lock_endpoint(conn, endpoint_id)
    if endpoint is None:
        raise unknown(endpoint_id)
    return endpoint


def unknown(endpoint_id: UUID) -> UnknownEndpoint:
    """There is no such endpoint, or no longer."""
    return UnknownEndpoint(f"there is no endpoint {endpoint_id}")


def _sealed(settings: Settings, endpoint_id: UUID, secret: bytes) -> bytes:
    return wrap(bytes.fromhex(settings.master_key), endpoint_id, secret)
