"""What was added to an order lies in its parcel: whatever is packed in the same warehouse when the first is. What is
packed later, or elsewhere, goes by itself, like any order's."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from msgspec import structs

from shared.envelope import Metadata
from shared.events.fulfilment import ParcelShipped
from shared.events.picking import PickFinished
from shared.ids import uuid7
from write_side import orders
from write_side.database import Connection
from write_side.event_log import Positions, together
from write_side.fulfilment import domain as parcels
from write_side.fulfilment import standing
from write_side.fulfilment import store as parcel_store
from write_side.fulfilment.booking import store
from write_side.fulfilment.booking.domain import Booking
from write_side.fulfilment.domain import NewParcel, NothingToShip, NotShippable, Parcel
from write_side.fulfilment.picking import store as pick_store
from write_side.fulfilment.picking.domain import Pick
from write_side.fulfilment.picking.unpacking import unpack
from write_side.fulfilment.standing import Standing
from write_side.orders import Order

_TO_GO = ("listed", "picking", "picked")


def unbooked(
    picks: Iterable[Pick], warehouse: str, sent: Iterable[Parcel], bookings: Sequence[Booking], states: Collection[str]
) -> list[Pick]:
    """Lists in a warehouse that are so far, and neither sent nor booked, by themselves or along with others."""
    taken = {parcel.pick_id for parcel in sent} | {booking.pick_id for booking in bookings}
    taken |= {pick_id for booking in bookings for pick_id in booking.along}
    return [pick for pick in picks if pick.state in states and pick.warehouse == warehouse and pick.id not in taken]


async def wanted(conn: Connection, event: PickFinished) -> list[tuple[UUID, UUID, list[UUID]]]:
    """The bookings that a finished list asks for: order, list, and the lists that go along. None for a list that goes
    along with one of the first order: that one's booking is asked for as it is finished."""
    pick = await pick_store.find(conn, event.pick_id)
    order = await orders.find_head(conn, event.order_id)
    assert pick is not None
    assert order is not None
    if order.adds_to is not None and await _left_to_first(conn, order.adds_to, pick):
        return []
    riding = await _packed(conn, order, pick.warehouse)
    if event.lines:
        return [(order.id, pick.id, [each.id for each in riding])]
    return [(each.order_id, each.id, []) for each in riding]


async def _left_to_first(conn: Connection, first_id: UUID, pick: Pick) -> bool:
    bookings = await store.of_orders(conn, [first_id])
    if any(pick.id in booking.along for booking in bookings):
        return True
    return bool(await _lists(conn, first_id, pick.warehouse, bookings, ("picking", "picked")))


async def _packed(conn: Connection, first: Order, warehouse: str) -> list[Pick]:
    bookings = await store.of_orders(conn, [first.id, *first.additions]) if first.additions else []
    lists = [await _lists(conn, order_id, warehouse, bookings, ("picked",)) for order_id in first.additions]
    return [pick for of_one in lists for pick in of_one]


async def _lists(
    conn: Connection, order_id: UUID, warehouse: str, bookings: Sequence[Booking], states: Collection[str]
) -> list[Pick]:
    picks, sent = await pick_store.of_order(conn, order_id), await parcel_store.of_order(conn, order_id)
    return unbooked(picks, warehouse, sent, bookings, states)


async def boxes(
    conn: Connection, order_ids: Collection[UUID], warehouse: str
) -> tuple[dict[UUID, UUID], dict[UUID, list[UUID]]]:
    """Of what was added among these orders, which one it adds to; and, list by list, with which others its goods lie
    in one parcel, as it stands now: none where nothing of the first order is left to be packed there. Each list of the
    first order is a parcel, and what was added lies in the next one that leaves."""
    firsts, found = dict[UUID, UUID](), dict[UUID, list[UUID]]()
    for first_id, additions in await orders.added_to(conn, order_ids):
        firsts |= dict.fromkeys(additions, first_id)
        bookings = await store.of_orders(conn, [first_id, *additions])
        own, *added = [await _lists(conn, each, warehouse, bookings, _TO_GO) for each in (first_id, *additions)]
        box = [pick.id for pick in (_next(own), *(pick for of_one in added for pick in of_one))] if own else []
        found |= {pick_id: [other for other in box if other != pick_id] for pick_id in box}
    return firsts, found


def _next(lists: Iterable[Pick]) -> Pick:
    return min(lists, key=lambda pick: (-_TO_GO.index(pick.state), pick.id))


async def leave(
    conn: Connection, first: Order, box: ParcelShipped, along: Collection[UUID], cause: Metadata
) -> Positions:
    """What these lists hold leaves in a parcel of the first, which is locked; what was refunded meanwhile stays, and
    a list of nothing else ends."""
    if not along:
        return {}
    left = []
    for order in await orders.lock_additions(conn, first):
        now = await standing.lock(conn, order.id)
        left += [await _within(conn, now, pick, box, cause) for pick in now.picks if pick.id in along]
    return together(*left)


async def _within(conn: Connection, now: Standing, pick: Pick, box: ParcelShipped, cause: Metadata) -> Positions:
    wanted = NewParcel(box.carrier, box.tracking_number, pick_id=pick.id)
    if pick.id in now.shipped_lists:
        return {}
    try:
        now.check_shippable()
        shipped = parcels.ship(now.order.id, now.leaves_by(pick.id), wanted, uuid7(), pick.lines)
    except NothingToShip:
        return await unpack(conn, now, pick.id, cause)
    except NotShippable:
        return {}
    event = structs.replace(shipped, within=box.parcel_id)
    positions = await parcel_store.insert(conn, parcels.evolve(None, event, 1), event, cause)
    assert positions is not None, "its number is the box's"
    return positions
