"""An order with all that its returns are decided from, held until the transaction ends."""

from typing import NamedTuple
from uuid import UUID

from write_side import fulfilment, orders, refunds
from write_side.database import Connection, Pool
from write_side.orders import Order
from write_side.returns import store
from write_side.returns.domain import Gone, Return
from write_side.returns.refusals import UnknownReturn


class Books(NamedTuple):
    """An order with all that its returns are decided from."""

    order: Order
    gone: Gone

    def one(self, return_id: UUID) -> Return:
        """Refuses `unknown_return`."""
        found = next((each for each in self.gone.returns if each.id == return_id), None)
        if found is None:
            raise UnknownReturn("this order has no such return")
        return found


async def lock(conn: Connection, order_id: UUID) -> Books:
    """The order held until the transaction ends; refuses `unknown_order`."""
    order = await orders.lock_whole(conn, order_id)
    parcels = await fulfilment.parcels_of(conn, order_id)
    gone = Gone(parcels, await store.of_order(conn, order_id), await refunds.of_order(conn, order_id))
    return Books(order, gone)


async def order_of(pool: Pool, return_id: UUID) -> UUID:
    """Whose goods come back; refuses `unknown_return`."""
    async with pool.acquire() as conn:
        each = await store.find(conn, return_id)
    if each is None:
        raise UnknownReturn("there is no such return")
    return each.order_id
