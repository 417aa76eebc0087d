"""Telling managers: alerts are claimed first, a mail for each warehouse is sent outside of any transaction.

It may be sent twice, if the worker dies or the connection breaks while it is under way: the second has the same
Message-ID, and to be told twice does a manager no harm. Customers' mails are another matter: `notifications`.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from shared.envelope import Metadata
from shared.events.inventory import ManagerMailRefused, ManagerTold
from write_side import commands, metrics
from write_side.database import Pool
from write_side.inventory.alerts import domain, store
from write_side.inventory.alerts.store import Claimed
from write_side.notifications import MailServer, MailTexts, Refused, message_id, tried
from write_side.steps import Step

log = logging.getLogger(__name__)

AT_ONCE = 100  # alerts claimed in one go: a rush that empties a warehouse is a few mails
PAUSE = 5.0  # what runs low within it goes into one mail
RETRY_AFTER = timedelta(seconds=30)


def steps(pool: Pool, server: MailServer, texts: MailTexts, sender: str) -> list[Step]:
    """What the worker is to do again and again; `sender` is MAIL_FROM."""
    return [Step("low stock mails", PAUSE, lambda: tell_due(pool, server, texts, sender))]


async def tell_due(pool: Pool, server: MailServer, texts: MailTexts, sender: str) -> int:
    """Tell the managers what is due; answers how many alerts that were."""
    async with pool.acquire() as conn:
        due, oldest = await store.count_due(conn)
        metrics.WAITING.labels("low_stock_due").set(due)
        metrics.WAITING_AGE.labels("low_stock_due").set(oldest)
        claimed = await store.claim_due(conn, AT_ONCE)
    await asyncio.gather(*(_attempt(pool, server, texts, sender, place) for place in claimed))
    return sum(len(place.alerts) for place in claimed)


async def _attempt(pool: Pool, server: MailServer, texts: MailTexts, sender: str, place: Claimed) -> None:
    put_off = partial(store.put_off, pool, place.alerts, RETRY_AFTER)
    fields = {"warehouse": place.warehouse, "alerts": len(place.alerts)}
    tell = partial(log.exception, "a mail to a manager failed", extra={"fields": fields})
    outcome = await tried(_tell(pool, server, texts, sender, place), put_off, tell)
    metrics.MAILS.labels("low_stock", outcome).inc()
    level = logging.WARNING if outcome == "refused" else logging.INFO
    log.log(level, "told a manager", extra={"fields": fields | {"outcome": outcome}})


async def _tell(pool: Pool, server: MailServer, texts: MailTexts, sender: str, place: Claimed) -> str:
    id_, say = message_id(place.alerts[0].id, sender), texts.voice()  # staff read the shop's own language
    message = domain.letter(say, place.warehouse, place.alerts, place.manager_mail, sender, id_)
    try:
        async with server.connected() as client:
            await server.hand_over(client, message)
    except Refused as refused:
        code = refused.code
        await _finish(pool, place, lambda alert: ManagerMailRefused(alert.id, alert.sku, alert.warehouse, code))
        return "refused"
    await _finish(pool, place, lambda alert: ManagerTold(alert.id, alert.sku, alert.warehouse))
    return "sent"


async def _finish(
    pool: Pool, place: Claimed, event_of: Callable[[domain.LowStock], ManagerTold | ManagerMailRefused]
) -> None:
    cause = Metadata(actor="worker", correlation_id=str(place.alerts[0].id))
    async with commands.transaction(pool) as conn:
        await store.finish(conn, [event_of(alert) for alert in place.alerts], cause)
