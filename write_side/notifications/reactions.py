"""When an order is confirmed, a mail is written into the ledger: exactly once, with the checkpoint. Steps send it."""

from shared.codec import Event, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.notifications import MailQueued
from shared.events.orders import OrderConfirmed
from shared.ids import uuid7
from write_side.database import Connection
from write_side.notifications import store
from write_side.notifications.domain import ORDER_CONFIRMATION, message_id
from write_side.reactions import Reaction


def reactions(sender: str) -> list[Reaction]:
    """What mails are sent about; `sender` is MAIL_FROM."""

    async def confirm(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, OrderConfirmed)
        mail_id = uuid7()
        queued = MailQueued(mail_id, event.order_id, ORDER_CONFIRMATION, message_id(mail_id, sender))
        await store.queue(conn, queued, cause)

    return [Reaction("order_confirmation_mail", (tag_of(OrderConfirmed),), confirm)]
