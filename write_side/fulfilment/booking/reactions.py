"""What is packed is to be booked at the carrier: exactly once, with the checkpoint."""

from shared.codec import Event, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.picking import PickFinished
from shared.ids import uuid7
from shared.settings import Settings
from write_side.database import Connection
from write_side.fulfilment.booking import along, handlers
from write_side.reactions import Reaction


def reactions(settings: Settings) -> list[Reaction]:
    """None where there is no carrier that we can ask."""

    async def book(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, PickFinished)
        for order_id, pick_id, riding in await along.wanted(conn, event):
            await handlers.request(conn, uuid7(), order_id, pick_id, cause, riding)

    return [Reaction("bookings", (tag_of(PickFinished),), book)] if settings.carrier_url else []
