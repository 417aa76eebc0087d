"""The worker's steps about returns: have labels made, ask where parcels are, make void what nobody sends."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from shared.envelope import Metadata, Recorded
from shared.settings import Settings
from write_side import customers, event_log, inventory, metrics, orders
from write_side.causes import continuing
from write_side.customers import Keyring, KeyringUnavailable, SealedContact
from write_side.database import Pool
from write_side.fulfilment import Carrier, CarrierDown, CarrierRefused, Consignment
from write_side.returns import expiring, labels, replacing, store
from write_side.returns.domain import Return
from write_side.returns.store import Work
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 8  # calls to the carrier under way
PAUSE = 0.5
BOOKS_PAUSE = 5.0
LONGEST_PAUSE = 60.0  # between tries while the carrier is down
REFUSED_PAUSE = 3600.0  # between tries of what it refuses: somebody has to see to it


def steps(pool: Pool, keyring: Keyring, carrier: Carrier | None, settings: Settings) -> list[Step]:
    """What the worker is to do again and again about returns."""
    money = Step("exchanges fallen through", BOOKS_PAUSE, lambda: replacing.work_off(pool))
    late = Step("returns late", BOOKS_PAUSE, lambda: expiring.close_late(pool))
    if carrier is None:
        return [late, money]
    look = timedelta(seconds=settings.carrier_poll_seconds)
    return [
        late,
        money,
        Step("returns", PAUSE, lambda: work_off(pool, keyring, carrier, look)),
        Step("returns waiting", BOOKS_PAUSE, lambda: count_waiting(pool)),
    ]


async def count_waiting(pool: Pool) -> int:
    """Tell the metrics what waits for the carrier; answers 0, there is nothing to go on with."""
    async with pool.acquire() as conn:
        waiting, oldest = await store.count_waiting(conn)
    metrics.WAITING.labels("return_labels_due").set(waiting)
    metrics.WAITING_AGE.labels("return_labels_due").set(oldest)
    return 0


async def work_off(pool: Pool, keyring: Keyring, carrier: Carrier, look: timedelta) -> int:
    """Ask the carrier about what is due; answers how many returns that were."""
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, AT_ONCE)
        reasons = await event_log.latest_of(conn, "return", [work.each.id for work in due])
    await asyncio.gather(*(_attempt(pool, keyring, carrier, look, work, reasons) for work in due))
    return len(due)


async def _attempt(
    pool: Pool, keyring: Keyring, carrier: Carrier, look: timedelta, work: Work, reasons: Mapping[UUID, Recorded]
) -> None:
    each = work.each
    ids = {"order_id": each.order_id, "return_id": each.id}
    with continuing(reasons[each.id], "return", **ids) as cause:
        fields = {name: str(id_) for name, id_ in ids.items()} | {"attempts": work.attempts}
        pause: timedelta | None
        try:
            outcome, pause = "done", await _done(pool, keyring, carrier, look, each, cause)
        except (CarrierDown, KeyringUnavailable):
            outcome, pause = "put_off", growing(0.5, work.attempts, LONGEST_PAUSE)
        except CarrierRefused as refused:
            log.error("the carrier refuses a return", extra={"fields": fields | {"code": str(refused)}})
            outcome, pause = "refused", timedelta(seconds=REFUSED_PAUSE)
        except Exception:
            log.exception("a return can't be worked on", extra={"fields": fields})
            outcome, pause = "failed", timedelta(seconds=LONGEST_PAUSE)
        async with pool.acquire() as conn:
            await store.look_again(conn, each, pause)
        log.info("worked on a return", extra={"fields": fields | {"outcome": outcome}})


async def _done(
    pool: Pool, keyring: Keyring, carrier: Carrier, look: timedelta, each: Return, cause: Metadata
) -> timedelta | None:
    """One attempt; answers when to look again, if nothing changed."""
    if each.state == "cancelled":
        if each.tracking_number is not None and each.carrier == carrier.name:
            await carrier.void(each.tracking_number)
        return None
    if each.tracking_number is None:
        await _label(pool, keyring, carrier, look, each, cause)
    elif each.carrier == carrier.name:
        for scan in await carrier.scans(each.tracking_number):
            await labels.learn(pool, carrier.name, scan, look, cause)
    return look


async def _label(
    pool: Pool, keyring: Keyring, carrier: Carrier, look: timedelta, each: Return, cause: Metadata
) -> None:
    async with pool.acquire() as conn:
        order = await orders.find_order(conn, each.order_id)
    assert order is not None
    assert each.warehouse is not None, "it is approved"
    contact = await customers.open_contact(keyring, SealedContact(order.person_id, order.mail, order.address))
    if contact is None:
        raise CarrierRefused("sender_erased")
    booked = await carrier.fetch(Consignment(each.id, contact, inventory.summed(each.lines)), each.warehouse)
    made = await labels.label(pool, each, carrier.name, booked.tracking_number, booked.label, look, cause)
    if not made:
        await carrier.void(booked.tracking_number)
