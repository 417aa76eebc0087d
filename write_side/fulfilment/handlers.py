"""Parcels leave and arrive. Each is decided under the lock of the order: two who pack the same line see one another."""

from uuid import UUID

from shared.envelope import Metadata
from shared.ids import uuid7
from write_side import commands, orders, payments, refunds
from write_side.causes import joining_order
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.fulfilment import domain, store
from write_side.fulfilment.domain import NewParcel, Parcel, TrackingNumberTaken, UnknownParcel, UnshippedOrders
from write_side.orders import Order


async def ship_parcel(pool: Pool, order_id: UUID, wanted: NewParcel, cause: Metadata, call: Call) -> Answer[Parcel]:
    """A parcel of an order goes out.

    Refuses `unknown_order`, `tracking_number_taken`, and what `domain.ship` refuses.
    """
    async with joining_order(pool, order_id, cause, "ship") as joined:

        async def decide(conn: Connection) -> tuple[Parcel, Positions]:
            if await orders.lock_order(conn, order_id) is None:
                raise orders.UnknownOrder("there is no such order")
            order = await orders.find_order(conn, order_id)
            assert order is not None
            captured = await payments.public_state(conn, order.payment_id) == "captured"
            withheld = refunds.withheld(await refunds.of_order(conn, order_id))
            earlier = await store.of_order(conn, order_id)
            event = domain.ship(order, captured, withheld, earlier, wanted, uuid7())
            parcel = domain.evolve(None, event, 1)
            positions = await store.insert(conn, parcel, event, joined)
            if positions is None:
                raise TrackingNumberTaken("another parcel of this carrier has this tracking number")
            return parcel, positions

        return await commands.run(pool, decide, call)


async def deliver_parcel(pool: Pool, parcel_id: UUID, cause: Metadata, call: Call) -> Answer[Parcel]:
    """A parcel has arrived; told again, nothing changes. Refuses `unknown_parcel`."""
    async with pool.acquire() as conn:
        found = await store.find(conn, parcel_id)
    if found is None:
        raise UnknownParcel("there is no such parcel")
    order_id = found.order_id
    async with joining_order(pool, order_id, cause, "deliver") as joined:

        async def decide(conn: Connection) -> tuple[Parcel, Positions]:
            await orders.lock_order(conn, order_id)
            parcel = await store.find(conn, parcel_id)
            assert parcel is not None
            event = domain.deliver(parcel)
            if event is None:
                return parcel, {}
            parcel = domain.evolve(parcel, event, parcel.version + 1)
            return parcel, await store.save(conn, parcel, event, joined)

        return await commands.run(pool, decide, call)


async def check_shipped(conn: Connection, person_id: UUID) -> None:
    """To be asked before a person's address is destroyed; refuses `unshipped_orders`."""
    paid = [order for order in await orders.of_person(conn, person_id) if order.state == "confirmed"]
    if waiting := [order.id for order in paid if await _is_owed_goods(conn, order)]:
        detail = "goods of this person have not left the house: ship them, or refund what is not to be shipped, first"
        raise UnshippedOrders(detail, order_ids=waiting)


async def _is_owed_goods(conn: Connection, order: Order) -> bool:
    withheld = refunds.withheld(await refunds.of_order(conn, order.id))
    owed = domain.owed(order, withheld, await store.of_order(conn, order.id))
    return any(quantity > 0 for quantity in owed.values())
