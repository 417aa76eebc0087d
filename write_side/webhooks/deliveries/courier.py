"""Carrying deliveries out, outside of any transaction, and writing down how each went.

Deliveries of one endpoint go side by side, so their order is not kept: each carries its number. No endpoint waits for
another: who hangs holds a few places for some seconds, and then one.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import structs

from shared.envelope import Metadata, Recorded, as_json
from shared.events.webhooks import EndpointDisabled
from shared.sealed import unwrap
from shared.settings import Settings
from write_side import commands, event_log, metrics
from write_side.causes import continuing
from write_side.customers import Keyring
from write_side.database import Connection, Pool
from write_side.feed import told_events
from write_side.steps import Step
from write_side.webhooks import domain, reactions, store
from write_side.webhooks.addresses import Reach
from write_side.webhooks.deliveries import store as deliveries
from write_side.webhooks.deliveries.store import Claimed
from write_side.webhooks.gateway import Answer, Gateway, open_gateway

log = logging.getLogger(__name__)

AT_ONCE = 32  # deliveries under way in a worker
EACH = 8  # of them to one endpoint
PAUSE = 0.1
BOOKS_PAUSE = 5.0
FORGET_PAUSE = 600.0
GONE = 410
LEVELS = {"delivered": logging.INFO, "failed": logging.INFO}


class Courier:
    """What is under way. `open_courier` makes one, and waits for the last of it."""

    def __init__(self, pool: Pool, keyring: Keyring, gateway: Gateway, settings: Settings) -> None:
        self._pool, self._keyring, self._gateway = pool, keyring, gateway
        self._master_key = bytes.fromhex(settings.master_key)
        self._disable_after = settings.webhook_disable_seconds
        self._patience = timedelta(seconds=settings.webhook_give_up_seconds)
        self._under_way: dict[asyncio.Task[None], UUID] = {}

    def steps(self) -> list[Step]:
        """What the worker is to do again and again about webhooks."""
        return [
            Step("webhooks queued", PAUSE, lambda: reactions.queue_new(self._pool, self._patience)),
            Step("webhooks sent", PAUSE, self.start_due),
            Step("webhooks waiting", BOOKS_PAUSE, self.count_waiting),
            Step("webhooks forgotten", FORGET_PAUSE, self.forget_old),
        ]

    async def start_due(self) -> int:
        """Set out with what is due, as far as there are hands; answers how many that were."""
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return 0
        async with self._pool.acquire() as conn:
            claimed = await deliveries.claim_due(conn, room, EACH, Counter(self._under_way.values()))
            if not claimed:
                return 0
            events = await event_log.read_at(conn, [one.position for one in claimed])
            sealed = await store.secrets_of(conn, [one.endpoint_id for one in claimed])
            epoch = await event_log.epoch(conn)
        for one in claimed:
            secrets = sealed.get(one.endpoint_id, [])
            task = asyncio.create_task(self._carry(one, events[one.position], secrets, epoch))
            self._under_way[task] = one.endpoint_id
            task.add_done_callback(self._under_way.pop)
        return len(claimed)

    async def finish(self) -> None:
        """Wait for what is under way: a few seconds, since every attempt has an end."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def count_waiting(self) -> int:
        """Tell the metrics what waits; answers 0, there is nothing to go on with."""
        async with self._pool.acquire() as conn:
            waiting = await deliveries.count_waiting(conn, await event_log.safe_position(conn))
        metrics.WAITING.labels("webhooks_due").set(waiting.due)
        metrics.WAITING_AGE.labels("webhooks_due").set(waiting.oldest)
        metrics.WAITING.labels("webhooks_given_up").set(waiting.given_up)
        metrics.WAITING.labels("webhook_endpoints_disabled").set(waiting.disabled)
        metrics.REACTION_LAG.labels("webhooks").set(waiting.behind)
        return 0

    async def forget_old(self) -> int:
        """Drop what was settled long ago, and secrets whose overlap is over."""
        async with self._pool.acquire() as conn:
            await store.forget_old_secrets(conn)
            return await deliveries.forget_old(conn)

    async def _carry(self, claimed: Claimed, event: Recorded, sealed: list[bytes], epoch: int) -> None:
        """One attempt. Whatever fails on our side, the claim runs out and it is tried again."""
        with continuing(event, "webhook", endpoint_id=claimed.endpoint_id) as cause:
            began = datetime.now(UTC)
            try:
                secrets = [unwrap(self._master_key, claimed.endpoint_id, each) for each in sealed]
                answer = await self._attempt(claimed, event, secrets, epoch)
                outcome = await self._settle(claimed, began, answer, cause)
            except Exception:
                log.exception("a webhook failed on our side", extra={"fields": _fields(claimed, event)})
                metrics.WEBHOOKS.labels("error").inc()
                return
            metrics.WEBHOOKS.labels(outcome).inc()
            told = {"status": answer.status, "error": answer.error, "outcome": outcome}
            level = LEVELS.get(outcome, logging.WARNING)
            log.log(level, "tried a webhook", extra={"fields": _fields(claimed, event) | told})

    async def _attempt(self, claimed: Claimed, event: Recorded, secrets: list[bytes], epoch: int) -> Answer:
        if not secrets:  # lost with a part of Postgres: a rotation makes a new one
            return Answer(None, "no_secret", "", 0)
        body = await self._body(claimed, event, epoch)
        headers = domain.signed_headers(secrets, event.event_id, int(time.time()), body)
        headers["Content-Type"] = "application/cloudevents+json; charset=utf-8"
        with metrics.WEBHOOK_SECONDS.time():
            answer = await self._gateway.post(claimed.url, headers, body)
        # What was sent in the clear may come back in an answer, and is not to be kept.
        return answer._replace(excerpt="") if claimed.personal else answer

    async def _body(self, claimed: Claimed, event: Recorded, epoch: int) -> bytes:
        [told] = await told_events(self._keyring, [event], epoch, personal=claimed.personal)
        return as_json(structs.replace(told, sequence=str(claimed.sequence)))

    async def _settle(self, claimed: Claimed, began: datetime, answer: Answer, cause: Metadata) -> str:
        async with commands.transaction(self._pool) as conn:
            await deliveries.write_down(conn, claimed, began, answer)
            if answer.ok:
                await deliveries.settle(conn, claimed)
                return "delivered"
            return await self._put_off(conn, claimed, began, answer, cause)

    async def _put_off(
        self, conn: Connection, claimed: Claimed, began: datetime, answer: Answer, cause: Metadata
    ) -> str:
        """Try again later, give this event up, or give the endpoint up."""
        pause = domain.pause_after(claimed.attempts, random.random(), answer.retry_after)
        given_up = await deliveries.put_off(conn, claimed, pause)
        endpoint = await store.lock_endpoint(conn, claimed.endpoint_id)
        if endpoint is None or endpoint.state != domain.ENABLED:
            return "failed"
        failures, since = await deliveries.count_failure(conn, endpoint, began)
        await deliveries.rest(conn, endpoint, domain.pause_after(failures, random.random(), answer.retry_after))
        if answer.status == GONE or domain.gives_up(since, datetime.now(UTC), self._disable_after):
            event = EndpointDisabled(endpoint.id, "gone" if answer.status == GONE else "failing")
            await store.save(conn, endpoint, event, cause)
            return "disabled"
        return "given_up" if given_up else "failed"


def _fields(claimed: Claimed, event: Recorded) -> dict[str, object]:
    """For a log line; no address: it may hold a secret."""
    return {
        "endpoint_id": str(claimed.endpoint_id),
        "event_id": str(event.event_id),
        "event_type": event.type,
        "sequence": claimed.sequence,
        "attempt": claimed.attempts,
    }


@asynccontextmanager
async def open_courier(pool: Pool, keyring: Keyring, settings: Settings) -> AsyncIterator[Courier]:
    """A courier; what it has under way at the end is finished."""
    async with open_gateway(Reach.of(settings.webhook_private_networks)) as gateway:
        courier = Courier(pool, keyring, gateway, settings)
        yield courier
        await courier.finish()
