"""Commands about transfers that take their time: load, decide, save. The transfer is held first, then the stock."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from msgspec import Struct, structs

from shared.envelope import Metadata
from shared.events.inventory import StockItemEvent
from shared.events.transfers import TransferEvent, TransferLine
from shared.ids import uuid7
from write_side import commands
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.event_log import Positions
from write_side.inventory import store as stock
from write_side.inventory.domain import StockItem, UnknownStock, adjusted, check_figure, sent, taken_in
from write_side.inventory.transfers import domain, store
from write_side.inventory.transfers.domain import (
    CloseTransfer,
    PlanTransfer,
    ReceiveTransfer,
    State,
    Transfer,
    UnknownTransfer,
)
from write_side.inventory.warehouses import store as warehouses
from write_side.inventory.warehouses.domain import UnknownWarehouse

Changed = list[tuple[StockItem, StockItemEvent]]


class LineState(Struct, frozen=True):
    """A SKU of a transfer: of the `quantity` that was sent so many are on the road, or became one of the others."""

    sku: str
    quantity: int
    in_transit: int
    received: int
    lost: int
    damaged: int
    returned: int
    surplus: int


class RoadTransferState(Struct, frozen=True):
    """A transfer that takes its time."""

    id: UUID
    from_warehouse: str
    to_warehouse: str
    reference: str
    expected_on: date | None
    state: State
    in_transit: int  # units of all lines
    lines: list[LineState]
    version: int


class TransferList(Struct, frozen=True):
    """Transfers, the newest first; `next`: where the next page begins, null on the last one."""

    transfers: list[RoadTransferState]
    next: UUID | None


async def plan(pool: Pool, command: PlanTransfer, cause: Metadata, call: Call) -> Answer[RoadTransferState]:
    """Goods are to go to another warehouse; refuses `unknown_warehouse`, `unknown_stock`, `invalid`."""
    event = domain.plan(command, uuid7())

    async def decide(conn: Connection) -> tuple[RoadTransferState, Positions]:
        for code, pointer in ((event.from_warehouse, "/from_warehouse"), (event.to_warehouse, "/to_warehouse")):
            if await warehouses.find(conn, code) is None:
                raise UnknownWarehouse(f"there is no warehouse {code}", pointer=pointer)
            await _items(conn, event.lines, code, lock=False)
        return await _save(conn, None, event, [], cause)

    return await commands.run(pool, decide, call)


async def dispatch(pool: Pool, transfer_id: UUID, cause: Metadata, call: Call) -> Answer[RoadTransferState]:
    """It leaves: the counts here fall, and nothing of it can be sold before it arrives. A repeat changes nothing.

    Refuses `unknown_transfer`, `transfer_not_open`, `unknown_stock`, `below_reserved`.
    """

    async def decide(conn: Connection) -> tuple[RoadTransferState, Positions]:
        transfer = _known(await store.lock(conn, transfer_id))
        event = domain.dispatch(transfer)
        if event is None:
            return _shown(transfer), {}
        items = await _items(conn, event.lines, transfer.from_warehouse)
        changed: Changed = [
            (item, sent(item, transfer.to_warehouse, line.quantity, transfer.id, transfer.reference))
            for line, item in zip(event.lines, items, strict=True)
        ]
        return await _save(conn, transfer, event, changed, cause)

    return await commands.run(pool, decide, call)


async def receive(
    pool: Pool, transfer_id: UUID, command: ReceiveTransfer, cause: Metadata, call: Call
) -> Answer[RoadTransferState]:
    """Some of it arrived, or the rest: the counts there rise.

    Refuses `unknown_transfer`, `transfer_not_open`, `more_than_in_transit`, `stock_too_large`, `invalid`.
    """

    async def decide(conn: Connection) -> tuple[RoadTransferState, Positions]:
        transfer = _known(await store.lock(conn, transfer_id))
        event = domain.receive(transfer, command)
        items = await _items(conn, event.lines, transfer.to_warehouse)
        changed: Changed = []
        for line, item in zip(event.lines, items, strict=True):
            check_figure(item, item.on_hand + line.quantity)
            came = taken_in(item, transfer.from_warehouse, line.quantity, transfer.id, transfer.reference)
            changed.append((item, came))
        return await _save(conn, transfer, event, changed, cause)

    return await commands.run(pool, decide, call)


async def close(
    pool: Pool, transfer_id: UUID, command: CloseTransfer, cause: Metadata, call: Call
) -> Answer[RoadTransferState]:
    """Nothing more is waited for: the rest was lost or damaged, and what came beyond it is counted in. The same again
    changes nothing.

    Refuses `unknown_transfer`, `transfer_not_open`, `difference_unexplained`, `stock_too_large`.
    """

    async def decide(conn: Connection) -> tuple[RoadTransferState, Positions]:
        transfer = _known(await store.lock(conn, transfer_id))
        event = domain.close(transfer, command)
        if event is None:
            return _shown(transfer), {}
        more = domain.surplus(event)
        items = await _items(conn, more, transfer.to_warehouse)
        reason = f"surplus of transfer {transfer.reference}"
        changed: Changed = [
            (item, adjusted(item, line.quantity, reason)) for line, item in zip(more, items, strict=True)
        ]
        return await _save(conn, transfer, event, changed, cause)

    return await commands.run(pool, decide, call)


async def cancel(
    pool: Pool, transfer_id: UUID, reason: str, cause: Metadata, call: Call
) -> Answer[RoadTransferState]:
    """What has not arrived comes back to where it had left. A repeat changes nothing.

    Refuses `unknown_transfer`, `transfer_not_open`.
    """

    async def decide(conn: Connection) -> tuple[RoadTransferState, Positions]:
        transfer = _known(await store.lock(conn, transfer_id))
        event = domain.cancel(transfer, reason)
        if event is None:
            return _shown(transfer), {}
        items = await _items(conn, event.lines, transfer.from_warehouse)
        changed: Changed = [  # it has lain here before: it always goes in
            (item, taken_in(item, transfer.from_warehouse, line.quantity, transfer.id, reason))
            for line, item in zip(event.lines, items, strict=True)
        ]
        return await _save(conn, transfer, event, changed, cause)

    return await commands.run(pool, decide, call)


async def show(pool: Pool, transfer_id: UUID) -> RoadTransferState:
    """As it stands; refuses `unknown_transfer`."""
    async with pool.acquire() as conn:
        return _shown(_known(await store.find(conn, transfer_id)))


async def list_transfers(
    pool: Pool, state: State | None, warehouse: str | None, after: UUID | None, limit: int
) -> TransferList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, state, warehouse, after, limit + 1)
    transfers, last = first_of(found, limit)
    return TransferList([_shown(each) for each in transfers], last.id if last else None)


async def _items(
    conn: Connection, lines: Sequence[TransferLine], warehouse: str, *, lock: bool = True
) -> list[StockItem]:
    """The stock items of lines in a warehouse; refuses `unknown_stock`."""
    items = await stock.find_places(conn, [(line.sku, warehouse) for line in lines], lock=lock)
    missing = next((line.sku for line in lines if (line.sku, warehouse) not in items), None)
    if missing is not None:
        raise UnknownStock(f"{missing} is not kept in {warehouse}")
    return [items[line.sku, warehouse] for line in lines]


async def _save(
    conn: Connection, transfer: Transfer | None, event: TransferEvent, changed: Changed, cause: Metadata
) -> tuple[RoadTransferState, Positions]:
    now, new = await store.save(conn, transfer, event)
    return _shown(now), await stock.save_counts(conn, changed, cause, [new])


def _known(found: Transfer | None) -> Transfer:
    if found is None:
        raise UnknownTransfer("there is no such transfer")
    return found


def _shown(transfer: Transfer) -> RoadTransferState:
    road = transfer.on_the_road
    lines = [LineState(in_transit=road.get(line.sku, 0), **structs.asdict(line)) for line in transfer.lines]
    return RoadTransferState(
        transfer.id, transfer.from_warehouse, transfer.to_warehouse, transfer.reference, transfer.expected_on,
        transfer.state, sum(road.values()), lines, transfer.version,
    )  # fmt: skip
