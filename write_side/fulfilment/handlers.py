"""Parcels leave and arrive. Each is decided under the lock of the order: two who pack the same line see one another."""

from datetime import UTC, datetime
from uuid import UUID

from msgspec import structs

from shared.envelope import Metadata
from shared.events.fulfilment import ParcelShipped
from shared.ids import uuid7
from write_side import commands, orders
from write_side.causes import joining_order
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.errors import Invalid
from write_side.event_log import Positions, together
from write_side.fulfilment import domain, store
from write_side.fulfilment.domain import NewParcel, Parcel, TrackingNumberTaken, UnknownParcel, UnshippedOrders
from write_side.fulfilment.picking.domain import Pick, PickNotPicked, UnknownPick
from write_side.fulfilment.standing import Standing, lock, read
from write_side.orders import Order


async def ship_parcel(pool: Pool, order_id: UUID, wanted: NewParcel, cause: Metadata, call: Call) -> Answer[Parcel]:
    """A parcel of an order goes out.

    Refuses `unknown_order`, `not_shippable`, `unknown_pick`, `pick_not_picked`, `tracking_number_taken`, and what
    `domain.ship` refuses.
    """
    if wanted.pick_id is not None and wanted.lines:
        raise Invalid("the pick list says what is in its parcel", pointer="/lines")
    async with joining_order(pool, order_id, cause, "ship") as joined:

        async def decide(conn: Connection) -> tuple[Parcel, Positions]:
            standing = await lock(conn, order_id)
            standing.check_shippable()
            await orders.lock_additions(conn, standing.order)
            packed = _packed(standing, wanted.pick_id).lines if wanted.pick_id else ()
            due = standing.leaves_by(wanted.pick_id) if wanted.pick_id else standing.due()
            event = domain.ship(order_id, due, wanted, uuid7(), packed)
            parcel, positions = await _leave(conn, standing.order, event, joined)
            return parcel, together(positions, await orders.close_unpaid(conn, standing.order, joined))

        return await commands.run(pool, decide, call)


async def _leave(conn: Connection, order: Order, event: ParcelShipped, cause: Metadata) -> tuple[Parcel, Positions]:
    """The parcel; what was added to an order may lie in a parcel of that, under its number."""
    parcel = domain.evolve(None, event, 1)
    positions = await store.insert(conn, parcel, event, cause)
    if positions is None and order.adds_to is not None:
        named = await store.by_number(conn, event.carrier, event.tracking_number)
        box = next((each.id for each in named if each.order_id == order.adds_to), None)
        if box is not None:
            event = structs.replace(event, within=box)
            parcel = domain.evolve(None, event, 1)
            positions = await store.insert(conn, parcel, event, cause)
    if positions is None:
        raise TrackingNumberTaken("another parcel of this carrier has this tracking number")
    return parcel, positions


def _packed(standing: Standing, pick_id: UUID) -> Pick:
    pick = next((pick for pick in standing.picks if pick.id == pick_id), None)
    if pick is None:
        raise UnknownPick("this order has no such pick list")
    if pick.state != "picked" or pick.id in standing.shipped_lists:
        state = "shipped" if pick.id in standing.shipped_lists else pick.state
        raise PickNotPicked(f"the list is {state}", pick_state=state)
    return pick


async def deliver_parcel(pool: Pool, parcel_id: UUID, cause: Metadata, call: Call) -> Answer[Parcel]:
    """A parcel has arrived, and what lies in it; told again, nothing changes. Refuses `unknown_parcel`."""
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
            parcel, positions = await _arrive(conn, parcel, joined)
            for each in await store.within(conn, [parcel_id]):
                await orders.lock_order(conn, each.order_id)
                positions = together(positions, (await _arrive(conn, each, joined))[1])
            return parcel, positions

        return await commands.run(pool, decide, call)


async def _arrive(conn: Connection, parcel: Parcel, cause: Metadata) -> tuple[Parcel, Positions]:
    event = domain.deliver(parcel, datetime.now(UTC))
    if event is None:
        return parcel, {}
    after = domain.evolve(parcel, event, parcel.version + 1)
    return after, await store.save(conn, after, event, cause)


async def check_shipped(conn: Connection, person_id: UUID) -> None:
    """To be asked before a person's address is destroyed; refuses `unshipped_orders`."""
    paid = [order for order in await orders.of_person(conn, person_id) if order.state in ("confirmed", "completed")]
    if waiting := [order.id for order in paid if await _is_owed_goods(conn, order)]:
        detail = "goods of this person have not left the house: ship them, or refund what is not to be shipped, first"
        raise UnshippedOrders(detail, order_ids=waiting)


async def _is_owed_goods(conn: Connection, order: Order) -> bool:
    return (await read(conn, order)).owes
