"""How an order stands: all that its pick lists and parcels are decided from, read under the order's lock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.events.orders import Allocation
from shared.ids import time_of
from write_side import orders, payments, refunds
from write_side.database import Connection
from write_side.fulfilment import domain, store
from write_side.fulfilment.domain import NotShippable, Parcel
from write_side.fulfilment.picking import domain as picking
from write_side.fulfilment.picking import store as pick_store
from write_side.fulfilment.picking.domain import Pick, Place
from write_side.inventory import summed
from write_side.orders import Order
from write_side.refunds import Refund, added_up


class Standing(Struct, frozen=True):
    """An order with its parcels and pick lists. `owed` is SKU → how many the customer is still to be sent. `places`:
    where its goods were taken from and are not back. `given`: what was given back of it, or may be."""

    order: Order
    captured: bool
    owed: dict[str, int]
    parcels: Sequence[Parcel]
    picks: Sequence[Pick]
    places: Sequence[Allocation]
    given: Sequence[Refund] = ()

    def due(self, but: UUID | None = None) -> dict[str, int]:
        """SKU → how many are still to be sent and not held by a pick list, or by no other than this one."""
        held = picking.held(pick for pick in self._waiting if pick.id != but)
        return {sku: quantity - held.get(sku, 0) for sku, quantity in self.owed.items()}

    def leaves_by(self, pick_id: UUID) -> dict[str, int]:
        """SKU → how many of what a pick list holds are to leave in its parcel: what was refunded is taken off some of
        the lists that hold it, not off each."""
        return picking.shares(self._waiting, self.owed, self.in_the_house()).get(pick_id, {})

    def in_the_house(self) -> Counter[Place]:
        """Place → how many of its goods were taken there, are not back in its books, and have left by no list."""
        shipped = self.shipped_lists
        return picking.on_shelves(self.places, (pick for pick in self.picks if pick.id in shipped))

    def pick(self, pick_id: UUID) -> Pick:
        """One of its pick lists."""
        return next(pick for pick in self.picks if pick.id == pick_id)

    @property
    def _waiting(self) -> list[Pick]:
        shipped = self.shipped_lists
        return [pick for pick in self.picks if pick.id not in shipped]

    @property
    def shipped_lists(self) -> set[UUID | None]:
        """The pick lists whose parcels have left."""
        return {parcel.pick_id for parcel in self.parcels}

    @property
    def sent(self) -> dict[str, int]:
        """SKU → how many have left the house."""
        return summed(line for parcel in self.parcels for line in parcel.lines)

    @property
    def owes(self) -> bool:
        """Whether anything is still to be sent."""
        return any(quantity > 0 for quantity in self.owed.values())

    @property
    def given_up(self) -> list[Parcel]:
        """Parcels that nobody waits for, though they have not arrived: their goods were refunded."""
        cost = refunds.added_up((line.sku, line.cost_minor) for line in self.order.lines)
        return domain.given_up(self.parcels, self.given, {sku for sku, minor in cost.items() if not minor})

    @property
    def has_parcels(self) -> bool:
        """Whether anything of it has left the house, or is still to be sent."""
        return bool(self.parcels) or self.owes

    @property
    def unnamed(self) -> dict[str, int]:
        """SKU → how many are not sent any more though no refund that counts names them: those that were dropped, and
        those that a refund that failed has put back into stock."""
        return added_up([*self.order.dropped.items(), *refunds.stocked_by_failed(self.given).items()])

    @property
    def pays_unnamed(self) -> bool:
        """Whether nobody has money to get for those."""
        return not self.unnamed or self.covers(self.unnamed)

    def covers(self, unnamed: Mapping[str, int]) -> bool:
        """Whether all is back, or may still come, that those of its goods have cost which refunds name, or which are
        not sent though none names them (SKU → how many)."""
        goods = [line for line in self.order.lines if not line.gift_card]
        return refunds.cover(self.given, goods, unnamed)

    @property
    def arrived_at(self) -> datetime | None:
        """When the last of it has arrived, or was given up as lost; None while something is owed, under way, or arrived
        nobody knows when."""
        lost = self.given_up
        times = [parcel.delivered_at for parcel in self.parcels if parcel not in lost]
        known = [at for at in times if at is not None]
        if self.owes or len(known) < len(times):
            return None
        refunded = [time_of(refund.id) for refund in self.given if refund.sent and refund.state != "failed"]
        return max([*known, *(refunded if lost else ())], default=None)

    def check_shippable(self) -> None:
        """Refuses `not_shippable`."""
        if self.order.state != "confirmed" or not self.captured:
            said = f"the order is {self.order.state}, its money is {'' if self.captured else 'not '}taken"
            raise NotShippable(said, order_state=self.order.state)


async def lock(conn: Connection, order_id: UUID) -> Standing:
    """The order held until the transaction ends; refuses `unknown_order`."""
    return await read(conn, await orders.lock_whole(conn, order_id))


async def is_paid_back(conn: Connection, order: Order) -> bool:
    """Whether nothing of an order has left the house or is to be sent, and nobody has money to get for that."""
    stands = await read(conn, order)
    return not stands.has_parcels and stands.pays_unnamed


async def read(conn: Connection, order: Order) -> Standing:
    """The same of an order that was read, or locked, before."""
    captured = await payments.public_state(conn, order.payment_id) == "captured"
    parcels = await store.of_order(conn, order.id)
    given = await refunds.of_order(conn, order.id)
    owed = domain.owed(order, refunds.withheld(given), parcels)
    places = refunds.still_taken(order.allocations, given)
    picks = picking.as_sent(await pick_store.of_order(conn, order.id), {each.pick_id: each.lines for each in parcels})
    return Standing(order, captured, owed, parcels, picks, places, given)
