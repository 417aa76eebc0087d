"""Goods are dropped from an order, under its lock: whoever packs them, or drops them, too, comes before or sees it."""

from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation, GoodsDropped
from write_side import commands, inventory, orders
from write_side.causes import joining_order
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.fulfilment import standing
from write_side.fulfilment.dropping import domain
from write_side.fulfilment.dropping.domain import DropGoods
from write_side.fulfilment.editing.domain import left_of


class Dropped(Struct, frozen=True):
    """What is not sent any more, and where of it something is back in stock."""

    order_id: UUID
    lines: list[ParcelLine]
    restocked: list[Allocation]


async def drop_goods(
    pool: Pool, order_id: UUID, wanted: DropGoods, cause: Metadata, call: Call
) -> Answer[Dropped]:
    """So much of a paid order is not sent any more, and no money goes back for it. Where nothing of the order is sent
    then, what was added and is not paid is cancelled.

    Refuses `unknown_order`, `not_shippable`, and what `domain.drop` refuses.
    """
    async with joining_order(pool, order_id, cause, "drop") as joined:

        async def decide(conn: Connection) -> tuple[Dropped, Positions]:
            now = await standing.lock(conn, order_id)
            now.check_shippable()
            await orders.lock_additions(conn, now.order)
            event = domain.drop(now, inventory.summed(wanted.lines))
            items = await orders.items_of(conn, order_id)
            back = [(items[place.sku, place.warehouse], place.quantity) for place in event.restocked]
            restocked = await inventory.put_back(conn, order_id, back, "dropped", joined) if back else {}
            dropped = await orders.drop(conn, now.order, event, items, joined)
            goes = now.parcels or any(left_of(now.owed, event.lines).values())
            closed = {} if goes else await orders.close_unpaid(conn, now.order, joined)
            return Dropped(order_id, event.lines, event.restocked), together(restocked, dropped, closed)

        return await commands.run(pool, decide, call)


async def drop_missing(conn: Connection, order_id: UUID, missing: Mapping[str, int], cause: Metadata) -> Positions:
    """What was not found of an order, and has left the books of its shelf; in the transaction of a caller who holds the
    order and has asked `domain.check_paid_back`."""
    if not missing:
        return {}
    order = await orders.lock_whole(conn, order_id)
    event = GoodsDropped(order_id, [ParcelLine(sku, quantity) for sku, quantity in missing.items()], [])
    return await orders.drop(conn, order, event, {}, cause)
