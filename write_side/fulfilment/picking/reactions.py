"""What was paid for is listed for its warehouses: exactly once, with the checkpoint."""

from datetime import timedelta

from shared.codec import Event, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.payments import PaymentCaptured
from shared.settings import Settings
from write_side import orders
from write_side.database import Connection
from write_side.fulfilment import standing
from write_side.fulfilment.picking import handlers
from write_side.reactions import Reaction


def reactions(settings: Settings) -> list[Reaction]:
    """None where nobody picks by our lists."""
    wait = timedelta(seconds=settings.pick_after_seconds)

    async def list_paid(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, PaymentCaptured)
        order = await orders.find_order(conn, event.order_id)
        assert order is not None
        await handlers.list_due(conn, await standing.read(conn, order), cause, wait)

    return [] if settings.picking == "off" else [Reaction("pick_lists", (tag_of(PaymentCaptured),), list_paid)]
