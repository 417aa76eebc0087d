"""Shelves are shown and counted. Stock is taken off when it is paid for, and lies there until somebody picks it."""

from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from write_side import commands, inventory, orders, refunds
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.fulfilment import standing, store
from write_side.fulfilment.picking import domain as picking
from write_side.fulfilment.picking import store as picks
from write_side.inventory import CountShelf, StockItem, UnknownStock


class Shelf(Struct, frozen=True):
    """What lies on a shelf: `on_hand`, of which `reserved` are promised, and `to_pick` that are paid for."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    to_pick: int
    on_shelf: int


class Shelves(Struct, frozen=True):
    """All shelves of a SKU, in the order in which warehouses ship."""

    shelves: list[Shelf]


async def show_shelves(pool: Pool, sku: str) -> Shelves:
    """What lies where of a SKU, as of one moment; refuses `unknown_stock`."""
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        items = await inventory.find_items(conn, [sku])
        if not items:
            raise UnknownStock(f"{sku} is kept in no warehouse")
        return Shelves([_shelf(item, item.on_hand, await to_pick(conn, item)) for item in items])


async def count_shelf(pool: Pool, command: CountShelf, cause: Metadata, call: Call) -> Answer[Shelf]:
    """So many lie on a shelf; refuses `unknown_stock`, `count_out_of_date`, `below_reserved`.

    While the stock item is locked nothing of it is paid for or put back, so what is to be picked is told exactly.
    """

    async def decide(conn: Connection) -> tuple[Shelf, Positions]:
        place = (command.sku, command.warehouse)
        item = (await inventory.find_places(conn, [place], lock=True)).get(place)
        if item is None:
            raise UnknownStock(f"{command.sku} is not kept in {command.warehouse}")
        event = inventory.count(item, command, await to_pick(conn, item))
        positions = await inventory.save_counts(conn, [(item, event)], cause)
        return _shelf(item, event.on_hand, event.to_pick), positions

    return await commands.run(pool, decide, call)


def _shelf(item: StockItem, on_hand: int, waiting: int) -> Shelf:
    return Shelf(item.sku, item.warehouse, on_hand, item.reserved, waiting, on_hand + waiting)


async def to_pick(conn: Connection, item: StockItem) -> int:
    """How many were taken off a stock item for orders, and lie on its shelf still: nobody went there for them, nor are
    they sent, refunded, or put back."""
    paid = await orders.deducted_of(conn, item.id)
    taken = await picks.taken(conn, list(paid), item.sku, item.warehouse)
    left = {id_: n - taken.get(id_, 0) for id_, n in paid.items() if n > taken.get(id_, 0)}
    sent = await store.sent_without_lists(conn, list(left), item.sku)
    allocated = await orders.allocated(conn, list(sent), item.sku)
    gone = {id_ for id_, n in sent.items() if n >= allocated[id_]}
    apart = await refunds.given_among(conn, list(left)) | sent.keys()
    plain = sum(n for id_, n in left.items() if id_ not in apart)
    return plain + sum([await _looked_at(conn, id_, item) for id_ in apart - gone])


async def _looked_at(conn: Connection, order_id: UUID, item: StockItem) -> int:
    """The same of one order, by all that became of it: what would be listed, if no list waited."""
    order = await orders.find_order(conn, order_id)
    assert order is not None, "its allocations were just read"
    now = await standing.read(conn, order)
    started = [pick for pick in now.picks if picking.is_holding(pick)]
    listed = picking.list_up(now.due(), started, now.places).get(item.warehouse, [])
    return sum(line.quantity for line in listed if line.sku == item.sku)
