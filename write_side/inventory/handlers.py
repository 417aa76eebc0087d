"""Stock commands: load, decide, save. Each takes the pool and opens the one transaction."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.inventory import WarehouseEvent
from shared.events.orders import Allocation
from shared.ids import uuid7
from write_side import commands, event_log
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.errors import Refusal
from write_side.event_log import Positions
from write_side.inventory import allocating, domain, holding, nearness, store
from write_side.inventory.domain import (
    BelowReserved,
    CountStock,
    Demand,
    MoveStock,
    OpenStockItem,
    SetThreshold,
    StockItem,
    StockItemExists,
    StockTooLarge,
    TransferStock,
    UnknownStock,
)
from write_side.inventory.nearness import LocateWarehouse
from write_side.inventory.warehouses import domain as places
from write_side.inventory.warehouses import store as warehouses
from write_side.inventory.warehouses.domain import (
    NameManager,
    OpenWarehouse,
    ReviseWarehouse,
    UnknownWarehouse,
    Warehouse,
)

MAIN = "MAIN"  # the warehouse of those who name none


class StockState(Struct, frozen=True):
    """A stock item as a command leaves it."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    available: int


class TransferState(Struct, frozen=True):
    """A transfer: both stock items as it left them."""

    transfer_id: UUID
    sku: str
    quantity: int
    source: StockState
    target: StockState


class ReservationState(Struct, frozen=True):
    """A reservation as a command leaves it; no lines once it is released."""

    reservation_id: UUID
    lines: list[Allocation]


class ReservationOfOrder(Refusal):
    """An order holds it: it ends when the order is paid, cancelled or expired, and in no other way."""

    code = "reservation_of_order"


class ReservationMismatch(Refusal):
    """The reservation holds something else already."""

    code = "reservation_mismatch"


async def open_warehouse(pool: Pool, command: OpenWarehouse, cause: Metadata, call: Call) -> Answer[Warehouse]:
    """A new warehouse; refuses `warehouse_exists`."""

    async def decide(conn: Connection) -> tuple[Warehouse, Positions]:
        existing = await warehouses.find(conn, command.code)
        event = places.open_warehouse(existing, command, uuid7())
        return places.evolve_warehouse(None, event, 1), await warehouses.insert(conn, event, cause)

    return await commands.run(pool, decide, call)


async def revise_warehouse(pool: Pool, code: str, command: ReviseWarehouse, cause: Metadata) -> Answer[Warehouse]:
    """Another name or place in the order in which warehouses ship; refuses `unknown_warehouse`."""
    return await _change(pool, code, lambda warehouse: places.revise_warehouse(warehouse, command), cause)


async def name_manager(pool: Pool, code: str, command: NameManager, cause: Metadata) -> Answer[Warehouse]:
    """Who is told what runs low there; refuses `unknown_warehouse`. The present one changes nothing."""
    return await _change(pool, code, lambda warehouse: places.name_manager(warehouse, command), cause)


async def locate_warehouse(pool: Pool, code: str, command: LocateWarehouse, cause: Metadata) -> Answer[Warehouse]:
    """Where it is, and which places it serves; refuses `unknown_warehouse`, `invalid`. The same changes nothing."""
    return await _change(pool, code, lambda warehouse: nearness.locate(warehouse, command), cause)


async def _change(
    pool: Pool, code: str, change: Callable[[Warehouse], WarehouseEvent | None], cause: Metadata
) -> Answer[Warehouse]:
    async def decide(conn: Connection) -> tuple[Warehouse, Positions]:
        warehouse = await warehouses.lock(conn, code)
        if warehouse is None:
            raise UnknownWarehouse(f"there is no warehouse {code}")
        event = change(warehouse)
        return (warehouse, {}) if event is None else await warehouses.save(conn, warehouse, event, cause)

    return await commands.run(pool, decide)


async def find_nearest(conn: Connection, country: str, postcode: str) -> list[str]:
    """The codes of all warehouses, the nearest to an address first."""
    return nearness.by_nearness(await warehouses.all_warehouses(conn), country, postcode)


async def ensure_warehouse(conn: Connection, code: str | None, cause: Metadata) -> str:
    """The code of a warehouse that exists: the one named, or `MAIN`, made if need be. Refuses `unknown_warehouse`.

    Never "the first one that ships": which that is changes when a warehouse is opened, and a repeated import would
    then open everything once more.
    """
    if await warehouses.find(conn, code or MAIN) is not None:
        return code or MAIN
    if code is not None:
        raise UnknownWarehouse(f"there is no warehouse {code}")
    event = places.open_warehouse(None, OpenWarehouse(MAIN, "Main warehouse", "DE"), uuid7())
    await warehouses.insert(conn, event, cause)
    return MAIN


async def open_stock_item(pool: Pool, command: OpenStockItem, cause: Metadata, call: Call) -> Answer[StockState]:
    """Keep a SKU in a warehouse; refuses `unknown_warehouse`, `stock_item_exists`."""

    async def decide(conn: Connection) -> tuple[StockState, Positions]:
        if await warehouses.find(conn, command.warehouse) is None:
            raise UnknownWarehouse(f"there is no warehouse {command.warehouse}", pointer="/warehouse")
        new = await store.insert_items(conn, [command])
        if not new:
            raise StockItemExists(f"{command.sku} is kept in {command.warehouse} already")
        return _state(command.sku, command.warehouse, command.on_hand, 0), await event_log.append(conn, new, cause)

    return await commands.run(pool, decide, call)


async def receive_stock(pool: Pool, command: MoveStock, cause: Metadata, call: Call) -> Answer[StockState]:
    """Goods came in; refuses `unknown_stock`, `stock_too_large`."""
    return await _move(pool, "inventory.stock_received.v1", command, cause, call)


async def adjust_stock(pool: Pool, command: MoveStock, cause: Metadata, call: Call) -> Answer[StockState]:
    """The count was wrong; refuses `unknown_stock`, `below_reserved`, `stock_too_large`."""
    domain.check_adjustment(command)
    return await _move(pool, "inventory.stock_adjusted.v1", command, cause, call)


async def _move(pool: Pool, type_: str, command: MoveStock, cause: Metadata, call: Call) -> Answer[StockState]:
    async def decide(conn: Connection) -> tuple[StockState, Positions]:
        item = await store.find_item(conn, command.sku, command.warehouse)
        if item is None:
            raise UnknownStock(f"{command.sku} is not kept in {command.warehouse}")
        moved = await store.move(conn, item, type_, command, cause)
        if moved.refusals:
            raise _not_moved(command, moved.refusals[0])
        [after] = moved.items
        return _state(item.sku, item.warehouse, int(after["on_hand"]), int(after["reserved"])), moved.positions

    return await commands.run(pool, decide, call)


async def transfer_stock(pool: Pool, command: TransferStock, cause: Metadata, call: Call) -> Answer[TransferState]:
    """Goods go to another warehouse; refuses `unknown_stock`, `below_reserved`, `stock_too_large`."""
    domain.check_transfer(command)

    async def decide(conn: Connection) -> tuple[TransferState, Positions]:
        here, there = await _lock(conn, command.sku, command.from_warehouse, command.to_warehouse)
        out, into = domain.transfer(here, there, command, uuid7())
        positions = await store.save_counts(conn, [(here, out), (there, into)], cause)
        source = _state(out.sku, out.warehouse, out.on_hand, out.reserved)
        target = _state(into.sku, into.warehouse, into.on_hand, into.reserved)
        return TransferState(out.transfer_id, command.sku, command.quantity, source, target), positions

    return await commands.run(pool, decide, call)


async def count_stock(pool: Pool, command: CountStock, cause: Metadata, call: Call) -> Answer[StockState]:
    """So many were found; refuses `unknown_stock`, `count_out_of_date`, `below_reserved`."""

    async def decide(conn: Connection) -> tuple[StockState, Positions]:
        [item] = await _lock(conn, command.sku, command.warehouse)
        event = domain.count(item, command)
        positions = await store.save_counts(conn, [(item, event)], cause)
        return _state(event.sku, event.warehouse, event.on_hand, event.reserved), positions

    return await commands.run(pool, decide, call)


async def set_threshold(pool: Pool, command: SetThreshold, cause: Metadata, call: Call) -> Answer[StockState]:
    """From how many on a stock item is low; refuses `unknown_stock`. The present threshold changes nothing."""

    async def decide(conn: Connection) -> tuple[StockState, Positions]:
        [item] = await _lock(conn, command.sku, command.warehouse)
        event = domain.set_threshold(item, command.low_at)
        positions = await store.save_counts(conn, [(item, event)], cause) if event else {}
        return _state(item.sku, item.warehouse, item.on_hand, item.reserved), positions

    return await commands.run(pool, decide, call)


async def _lock(conn: Connection, sku: str, *codes: str) -> list[StockItem]:
    items = await store.lock_items(conn, sku, codes)
    missing = next((code for code in codes if code not in items), None)
    if missing is not None:
        raise UnknownStock(f"{sku} is not kept in {missing}")
    return [items[code] for code in codes]


async def reserve_stock(
    pool: Pool, reservation_id: UUID, demand: Sequence[Demand], cause: Metadata, call: Call
) -> Answer[ReservationState]:
    """Hold stock under an id of the caller's; all lines or none. Refuses `out_of_stock`, `unknown_stock`.

    The same id with the same demand is the same reservation; with another it is refused.
    """
    wanted = allocating.summed(demand)

    async def decide(conn: Connection) -> tuple[ReservationState, Positions]:
        await _refuse_orders(conn, reservation_id)
        held = await store.held(conn, reservation_id)
        if held and (holds := allocating.summed(held)) != wanted:
            raise ReservationMismatch(f"{reservation_id} holds something else", held=holds)
        if held:
            return ReservationState(reservation_id, held), {}
        places, positions = await holding.hold(conn, reservation_id, wanted, "priority", cause)
        return ReservationState(reservation_id, places), positions

    return await commands.run(pool, decide, call)


async def release_stock(
    pool: Pool, reservation_id: UUID, reason: str, cause: Metadata, call: Call
) -> Answer[ReservationState]:
    """Let go of a reservation; one that holds nothing (any more) is a success that changes nothing."""

    async def decide(conn: Connection) -> tuple[ReservationState, Positions]:
        await _refuse_orders(conn, reservation_id)
        moved = await store.release(conn, reservation_id, reason, cause)
        return ReservationState(reservation_id, []), moved.positions

    return await commands.run(pool, decide, call)


async def _refuse_orders(conn: Connection, reservation_id: UUID) -> None:
    if await store.is_held_by_order(conn, reservation_id):
        raise ReservationOfOrder("an order holds this stock; cancel the order instead")


def _state(sku: str, warehouse: str, on_hand: int, reserved: int) -> StockState:
    return StockState(sku, warehouse, on_hand, reserved, on_hand - reserved)


def _not_moved(command: MoveStock, figures: Mapping[str, int | str]) -> Refusal:
    facts = {name: figures[name] for name in ("sku", "on_hand", "reserved")}
    if command.change > 0:
        return StockTooLarge(f"{command.sku}: more than {domain.MOST_ON_HAND:,} would lie there", **facts)
    return BelowReserved(f"{command.sku}: the count would fall below what is reserved", **facts)
