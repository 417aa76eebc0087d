"""What the carrier says of returns: a label, and where the parcel was seen; each under the lock of the order."""

from datetime import timedelta

import msgspec

from shared.envelope import Metadata
from shared.events.returns import ReturnLabelled
from write_side import commands, orders
from write_side.causes import joining_order
from write_side.commands import Done
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.fulfilment import Scan
from write_side.returns import domain, store
from write_side.returns.domain import Return

_done = msgspec.json.Decoder(Done)


async def label(
    pool: Pool, each: Return, carrier: str, number: str, label: str, look: timedelta, cause: Metadata
) -> bool:
    """The customer can send it. False if nobody waits for it any more."""

    async def decide(conn: Connection) -> tuple[Done, Positions]:
        await orders.lock_order(conn, each.order_id)
        now = await store.find(conn, each.id)
        assert now is not None
        if now.state != "approved" or now.label is not None:
            return Done(now.label is not None), {}
        event = ReturnLabelled(now.id, now.order_id, carrier, number, label)
        return Done(True), (await store.save(conn, now, event, cause, look))[1]

    return _done.decode((await commands.run(pool, decide)).body).changed


async def learn(pool: Pool, carrier: str, scan: Scan, look: timedelta, cause: Metadata) -> None:
    """Apply what the carrier saw, in any order and any number. What is no return of ours, or is known, changes nothing.

    It is looked after again after `look`.
    """
    async with pool.acquire() as conn:
        found = await store.find_by_number(conn, carrier, scan.tracking_number)
    if found is None:
        return
    return_id, order_id = found.id, found.order_id
    async with joining_order(pool, order_id, cause, "scan", request_id=scan.id) as joined:

        async def decide(conn: Connection) -> tuple[Done, Positions]:
            await orders.lock_order(conn, order_id)
            now = await store.find(conn, return_id)
            assert now is not None
            event = domain.track(now, scan.status, scan.at)
            if event is None:
                return Done(False), {}
            return Done(True), (await store.save(conn, now, event, joined, look))[1]

        await commands.run(pool, decide)
