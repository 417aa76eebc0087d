"""The worker process: the relay (one leader), the reactions, and the steps that wait in rows."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shared.cancellation import stop_if_cancelled
from shared.collector import freeze_start_up_objects
from shared.http import probe
from shared.http.health import Check, now_and_then
from shared.lease import Lease
from shared.settings import Settings
from shared.stopping import FINISH_WITHIN, end_for_sure
from write_side import commands, database
from write_side.accounts.letters import sending as account_letters
from write_side.customers import Keyring, open_keyring
from write_side.database import Connection, Pool
from write_side.fraud import steps as fraud
from write_side.fulfilment.booking import steps as bookings
from write_side.fulfilment.booking.gateway import open_carrier
from write_side.fulfilment.booking.reactions import reactions as booking_reactions
from write_side.fulfilment.editing import ending, freeing
from write_side.fulfilment.picking import steps as picks
from write_side.fulfilment.picking.reactions import reactions as pick_reactions
from write_side.gift_cards import selling as gift_cards
from write_side.history import snapshots
from write_side.imports.runs import steps as runs
from write_side.imports.uploads import steps as uploads
from write_side.inventory.alerts import handlers as alerts
from write_side.inventory.alerts.reactions import reactions as stock_reactions
from write_side.inventory.bundles.reactions import reactions as bundle_reactions
from write_side.invoices import steps as invoices
from write_side.lookout import Lookout
from write_side.notifications import gateway as mail
from write_side.notifications import handlers as mails
from write_side.notifications.reactions import reactions as mail_reactions
from write_side.notifications.text_files import read_mail_texts
from write_side.payments import Providers, open_providers, stripe_of
from write_side.payments import steps as payments
from write_side.pricing import steps as prices
from write_side.pricing.lists import steps as price_lists
from write_side.reactions import Reaction
from write_side.refunds import noting
from write_side.refunds import steps as refunds
from write_side.relay import Relay
from write_side.restock_requests import handlers as restock_requests
from write_side.restock_requests.reactions import reactions as restock_reactions
from write_side.returns import steps as returns
from write_side.steps import Step, keep_doing
from write_side.verifying.sealing import sealing
from write_side.verifying.sweep import sweeping
from write_side.webhooks.deliveries.courier import open_courier

log = logging.getLogger(__name__)

LOOK_PAUSE = 0.025
REDIS_TIMEOUT = 1.0


def streams_of(settings: Settings) -> Redis:
    """The Redis of the streams, with timeouts short enough that its outage delays the log by a second at most."""
    return Redis.from_url(
        settings.streams,
        socket_timeout=REDIS_TIMEOUT,
        socket_connect_timeout=REDIS_TIMEOUT,
        protocol=2,
        retry=Retry(NoBackoff(), 0),  # its own would make ten seconds of one
    )


async def relay_events(settings: Settings) -> None:
    """Be the relay whenever the lease is ours, for ever."""
    lease = Lease("relay", lambda: database.connect(settings.database_url, "relay lease"))
    async with streams_of(settings) as redis:
        while True:
            stop_if_cancelled()
            try:
                await lease.acquire()
                await _lead(settings, redis, lease)
            except Exception as error:  # whatever ended it, the next leader goes on from the stored safe position
                log.warning("the relay stopped and starts anew", extra={"fields": {"error": repr(error)}})
                await asyncio.sleep(0.1)
            finally:
                await lease.release()


async def _lead(settings: Settings, redis: Redis, lease: Lease) -> None:
    conn = await database.connect(settings.database_url, "relay")
    try:
        await _until_one_ends(_relay(conn, redis), lease.keep())
    finally:
        conn.terminate()


async def _relay(conn: Connection, redis: Redis) -> None:
    relay = await Relay.start(conn, redis)
    log.info("leading the relay", extra={"fields": {"safe_position": relay.safe}})
    try:
        await relay.run()
    finally:
        relay.end()


async def _until_one_ends(*work: Coroutine[Any, Any, None]) -> None:
    """Whichever fails first ends the other. (No TaskGroup: in Python 3.11 it leaves its task marked as cancelled.)"""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def steps_of_reactions(pool: Pool, all_reactions: Sequence[Reaction]) -> list[Step]:
    """One step that looks out for all reactions, and each as a step that it wakes: react to what concerns it."""
    lookout = Lookout(pool, all_reactions)

    def advancing(reaction: Reaction) -> Step:
        woken = lookout.woken[reaction.name]
        return Step(f"reaction:{reaction.name}", reaction.pause, lambda: lookout.advance(reaction), woken=woken)

    return [Step("lookout", LOOK_PAUSE, lookout.look), *(advancing(reaction) for reaction in all_reactions)]


def reactions_of(settings: Settings) -> list[Reaction]:
    """All that there are."""
    return [
        *mail_reactions(settings.mail_from),
        *stock_reactions(),
        *bundle_reactions(),
        *restock_reactions(),
        *pick_reactions(settings),
        *booking_reactions(settings),
        *freeing.reactions(),
        *ending.reactions(),
        *noting.reactions(),
        *gift_cards.reactions(settings.master_key),
    ]


def house_keeping(pool: Pool) -> Step:
    """Forget idempotency keys whose day is over."""

    async def run() -> int:
        async with pool.acquire() as conn:
            return await commands.forget_old_keys(conn)

    return Step("forget_old_keys", 600, run)


def checks_of(
    pool: Pool, keyring: Keyring, redis: Redis, server: mail.MailServer, providers: Providers
) -> dict[str, Check]:
    """What it needs. Without the log there is nothing to do; whatever else is missing, the rest goes on."""
    return {
        "postgres": Check(lambda: pool.fetchval("SELECT 1")),
        "redis": Check(redis.ping, essential=False),
        "keyring": Check(keyring.ping, essential=False),
        "smtp": Check(now_and_then(server.ping), essential=False),
        "stripe": Check(now_and_then(stripe_of(providers).ping), essential=False),
    }


async def run(settings: Settings, stopping: asyncio.Event) -> None:
    """The worker until `stopping`: then the steps finish what they have in hand, while the relay goes on. Raises
    `BrokenMailTexts` before it begins with anything."""
    texts = read_mail_texts(settings.mail_texts, settings.languages[0])
    async with (
        database.open_pool(settings.database_url, settings.pool_size, "worker") as pool,
        open_keyring(settings.keyring_url, settings.master_key) as keyring,
        open_providers(settings) as providers,
        open_carrier(settings) as carrier,
        open_courier(pool, keyring, settings) as courier,
        streams_of(settings) as redis,
    ):
        server = mail.MailServer(settings.smtp_url)
        steps = [
            *steps_of_reactions(pool, reactions_of(settings)),
            *prices.steps(pool),
            *price_lists.steps(pool),
            *runs.steps(pool),
            *uploads.steps(pool, settings, stopping),
            *payments.steps(pool, providers, settings.capture_after_seconds),
            *refunds.steps(pool, providers),
            *invoices.steps(pool),
            *fraud.steps(pool),
            *picks.steps(pool, settings),
            *bookings.steps(pool, keyring, carrier, settings),
            *returns.steps(pool, keyring, carrier, settings),
            *mails.steps(pool, keyring, server, texts, settings),
            *account_letters.steps(pool, keyring, server, texts, settings),
            *restock_requests.steps(pool, keyring, server, texts, settings),
            *alerts.steps(pool, server, texts, settings.mail_from),
            snapshots.step(pool),
            *courier.steps(),
            house_keeping(pool),
            *sealing(pool, settings.seals_file, settings.master_key),
            *sweeping(pool, settings.seals_file, settings.master_key),
        ]
        checks = checks_of(pool, keyring, redis, server, providers)
        answering = await probe.serve(settings.host, settings.port, checks)
        freeze_start_up_objects()
        async with answering, asyncio.TaskGroup() as tasks:
            relaying = tasks.create_task(relay_events(settings))
            await asyncio.gather(*(keep_doing(step, stopping) for step in steps))
            relaying.cancel()


async def run_until_stopped(settings: Settings) -> None:
    """The worker until SIGTERM or SIGINT: it finishes what it has in hand, lets go of the lease and ends."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    work = asyncio.create_task(run(settings, stopping))

    def stop() -> None:
        end_for_sure()
        stopping.set()
        loop.call_later(FINISH_WITHIN, work.cancel)  # what isn't done by then stands in its row, claimed for a while

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)
    with contextlib.suppress(asyncio.CancelledError):
        await work
