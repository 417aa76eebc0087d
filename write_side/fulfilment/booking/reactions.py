"""What is packed is to be booked at the carrier, and what was refunded on its way is not waited for: exactly once, with
the checkpoint."""


from shared.codec import Event, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.picking import PickFinished
from shared.events.refunds import RefundSucceeded
from shared.ids import uuid7
from shared.settings import Settings
from write_side.database import Connection
from write_side.fulfilment import store as parcel_store
from write_side.fulfilment.booking import along, handlers
from write_side.reactions import SELDOM, Reaction


def reactions(settings: Settings) -> list[Reaction]:
    """Nothing is booked where there is no carrier that we can ask."""
    refunded = Reaction("given_up_parcels", (tag_of(RefundSucceeded),), _look_soon, pause=SELDOM)
    return [*([Reaction("bookings", (tag_of(PickFinished),), _book)] if settings.carrier_url else []), refunded]


async def _book(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
    assert isinstance(event, PickFinished)
    for order_id, pick_id, riding in await along.wanted(conn, event):
        await handlers.request(conn, uuid7(), order_id, pick_id, cause, riding)


async def _look_soon(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
    """The worker sees whether its goods are those that lie in a parcel on its way, or in one that went back."""
    assert isinstance(event, RefundSucceeded)
    await parcel_store.look_soon(conn, event.order_id)
