"""A fresh link to an order whose own has ended: by mail, to the order's own address and no other."""

from uuid import UUID

from msgspec import Struct

from shared.envelope import Recorded
from shared.events.notifications import MailQueued
from shared.ids import uuid7
from write_side import accounts, commands, event_log, orders
from write_side.accounts import Desk
from write_side.causes import continuing
from write_side.commands import Answer
from write_side.customers import usable_mail
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.notifications import store
from write_side.notifications.domain import FRESH_LINK, message_id
from write_side.notifications.store import Wish

AT_ONCE = 20


class LinkAsked(Struct, frozen=True):
    """A mail is on its way if number and address belong together: more is told to nobody who doesn't read it."""

    state: str = "look_into_your_mail"


async def ask(desk: Desk, number: str, mail: str, client: str) -> Answer[LinkAsked]:
    """A link by mail, if an order by that number was placed with that address; which is looked into later, by the
    worker, so that neither answer nor time tells. Refuses `broken_mail`, `too_many_attempts`, `keyring_unavailable`.
    """
    mail = usable_mail(mail)
    await accounts.count_letter(desk, mail, client)
    wish = Wish(uuid7(), number.strip().upper(), await desk.keyring.find(mail))

    async def decide(conn: Connection) -> tuple[LinkAsked, Positions]:
        await store.wish_for_link(conn, wish)
        return LinkAsked(), {}

    return await commands.run(desk.pool, decide)


async def work_off(pool: Pool, sender: str) -> int:
    """Write mails into the ledger for the wishes that fit, and forget all; answers how many there were."""
    async with commands.transaction(pool) as conn:
        wishes = await store.take_wishes(conn, AT_ONCE)
        told = [(wish, order_id) for wish in wishes if (order_id := await _fitting(conn, wish)) is not None]
        last = await event_log.latest_of(conn, "order", [order_id for _, order_id in told])
        for wish, order_id in told:  # nothing is looked up between the first event and the commit
            if order_id in last:
                await _queue(conn, wish, last[order_id], sender)
    return len(wishes)


async def _fitting(conn: Connection, wish: Wish) -> UUID | None:
    """The order that is meant, if it was placed by whoever has that mail: as it is spelled, like all that opens."""
    order_id = await orders.find_by_number(conn, wish.number)
    order = None if order_id is None else await orders.find_head(conn, order_id)
    return order_id if order is not None and order.person_id == wish.person_id else None


async def _queue(conn: Connection, wish: Wish, last: Recorded, sender: str) -> None:
    mail_id, order_id = uuid7(), last.aggregate_id
    event = MailQueued(mail_id, order_id, FRESH_LINK, message_id(mail_id, sender), wish.id)
    with continuing(last, "fresh link", order_id=order_id) as cause:
        await store.queue(conn, event, cause)
