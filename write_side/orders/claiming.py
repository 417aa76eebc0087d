"""A guest's orders go to an account: one by its link, or all that were placed with the account's confirmed mail."""

from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.orders import OrderClaimed
from shared.shards import order_key
from write_side import commands, event_log
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.errors import Refusal
from write_side.event_log import NewEvent, Positions
from write_side.orders import store
from write_side.orders.persons import store as persons
from write_side.orders.refusals import UnknownOrder

SLICE = 100  # orders in one transaction: everybody's events wait for its commit


class OrderTaken(Refusal):
    """The order belongs to another account already."""

    code = "order_of_another_account"


class Claimed(Struct, frozen=True):
    """How many orders came to the account just now; `more`: ask again for the next ones."""

    orders: int
    more: bool


async def claim_order(pool: Pool, order_id: UUID, account_id: UUID, cause: Metadata) -> Answer[Claimed]:
    """An order whose token was shown. Refuses `order_of_another_account`; a repeat changes nothing."""

    async def decide(conn: Connection) -> tuple[Claimed, Positions]:
        order = await store.lock_order(conn, order_id)
        if order is None:
            raise UnknownOrder("there is no such order")
        if order.account_id not in (None, account_id):
            raise OrderTaken("this order belongs to another account")
        if order.account_id == account_id:
            return Claimed(0, more=False), {}
        return Claimed(1, more=False), await _claim(conn, [order_id], account_id, cause)

    return await commands.run(pool, decide)


async def claim_orders_of(pool: Pool, person_id: UUID, account_id: UUID, cause: Metadata) -> Answer[Claimed]:
    """Those that the person of the account's own mail address placed as a guest, a hundred at a time."""

    async def decide(conn: Connection) -> tuple[Claimed, Positions]:
        ids = await persons.lock_unclaimed(conn, person_id, SLICE)
        return Claimed(len(ids), more=len(ids) == SLICE), await _claim(conn, ids, account_id, cause)

    return await commands.run(pool, decide)


async def _claim(conn: Connection, ids: list[UUID], account_id: UUID, cause: Metadata) -> Positions:
    versions = await persons.set_account(conn, ids, account_id)
    events = [
        NewEvent("order", id_, version, order_key(id_), OrderClaimed(id_, account_id)) for id_, version in versions
    ]
    return await event_log.append(conn, events, cause)
