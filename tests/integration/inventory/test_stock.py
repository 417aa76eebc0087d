"""Stock commands through their handlers on real Postgres; the pool fixture compares rows and fold afterwards."""

import asyncio
from collections import Counter
from uuid import UUID

import msgspec
import pytest

from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.patience import until_waiting
from write_side import commands
from write_side.commands import Answer, KeyInFlight, KeyReused
from write_side.database import Pool
from write_side.inventory import handlers, store
from write_side.inventory.domain import (
    MOST_ON_HAND,
    BelowReserved,
    CountOutOfDate,
    CountStock,
    Demand,
    MoveStock,
    OpenStockItem,
    OutOfStock,
    StockItemExists,
    StockTooLarge,
    TransferStock,
    UnknownStock,
)
from write_side.inventory.warehouses.domain import OpenWarehouse, UnknownWarehouse, WarehouseExists


async def stocked(pool: Pool, sku: str, on_hand: int, warehouse: str = "BER", product_id: UUID | None = None) -> None:
    """A SKU kept in a warehouse, which is opened if need be."""
    try:
        command = OpenWarehouse(warehouse, warehouse, "DE", 1 if warehouse == "BER" else 2)
        await handlers.open_warehouse(pool, command, CAUSE, new_call())
    except WarehouseExists:
        pass
    item = OpenStockItem(sku, warehouse, product_id or uuid7(), on_hand)
    await handlers.open_stock_item(pool, item, CAUSE, new_call())


async def figures(pool: Pool, sku: str, warehouse: str = "BER") -> tuple[int, int]:
    async with pool.acquire() as conn:
        item = await store.find_item(conn, sku, warehouse)
    assert item is not None
    return item.on_hand, item.reserved


async def reserve(pool: Pool, reservation_id: UUID, **wanted: int) -> Answer[handlers.ReservationState]:
    lines = [Demand(sku, quantity) for sku, quantity in wanted.items()]
    return await handlers.reserve_stock(pool, reservation_id, lines, CAUSE, new_call())


async def test_receipts_and_adjustments_move_the_count(pool: Pool) -> None:
    await stocked(pool, "lamp", 3)
    await handlers.receive_stock(pool, MoveStock("lamp", "BER", 4, "delivery"), CAUSE, new_call())
    answer = await handlers.adjust_stock(pool, MoveStock("lamp", "BER", -2, "broken"), CAUSE, new_call())
    assert msgspec.json.decode(answer.body)["on_hand"] == 5
    assert len(answer.positions) == 1


async def test_no_count_rises_above_a_billion_and_what_comes_back_always_fits(pool: Pool) -> None:
    await stocked(pool, "lamp", MOST_ON_HAND)
    await stocked(pool, "lamp", 5, "HAM")
    for move in (handlers.receive_stock, handlers.adjust_stock):
        with pytest.raises(StockTooLarge):
            await move(pool, MoveStock("lamp", "BER", 1, "a slip"), CAUSE, new_call())
    with pytest.raises(StockTooLarge):
        await handlers.transfer_stock(pool, TransferStock("lamp", "HAM", "BER", 1, "a slip"), CAUSE, new_call())
    async with pool.acquire() as conn, conn.transaction():
        [item] = [item for item in await store.find_items(conn, ["lamp"]) if item.warehouse == "BER"]
        await store.put_back(conn, uuid7(), [(item.id, 3)], "refund", CAUSE)
    assert await figures(pool, "lamp") == (MOST_ON_HAND + 3, 0)
    await handlers.adjust_stock(pool, MoveStock("lamp", "BER", -1, "broken"), CAUSE, new_call())


async def test_a_sku_is_kept_in_a_warehouse_that_there_is(pool: Pool) -> None:
    with pytest.raises(UnknownWarehouse):
        await handlers.open_stock_item(pool, OpenStockItem("lamp", "ULM", uuid7()), CAUSE, new_call())


async def test_a_count_never_falls_below_what_is_promised(pool: Pool) -> None:
    await stocked(pool, "lamp", 3)
    await reserve(pool, uuid7(), lamp=2)
    with pytest.raises(BelowReserved):
        await handlers.adjust_stock(pool, MoveStock("lamp", "BER", -2, "count"), CAUSE, new_call())
    assert await figures(pool, "lamp") == (3, 2)


async def test_what_is_not_kept_is_refused(pool: Pool) -> None:
    await stocked(pool, "lamp", 3)
    for command in (MoveStock("ghost", "BER", 1, "?"), MoveStock("lamp", "HAM", 1, "?")):
        with pytest.raises(UnknownStock):
            await handlers.receive_stock(pool, command, CAUSE, new_call())
    with pytest.raises(StockItemExists):
        await stocked(pool, "lamp", 1)


async def test_a_reservation_takes_all_lines_or_none(pool: Pool) -> None:
    await stocked(pool, "lamp", 3)
    await stocked(pool, "bulb", 1)
    with pytest.raises(OutOfStock):
        await reserve(pool, uuid7(), lamp=2, bulb=2)
    assert (await figures(pool, "lamp"), await figures(pool, "bulb")) == ((3, 0), (1, 0))


async def test_a_refused_line_seen_only_by_the_row_gives_back_the_others(pool: Pool) -> None:
    await stocked(pool, "bulb", 1)
    await stocked(pool, "lamp", 3)
    async with pool.acquire() as conn, conn.transaction():
        items = sorted(await store.find_items(conn, ["bulb", "lamp"]), key=lambda i: i.id)
        taken = [(i.id, i.available + (i is items[-1])) for i in items]  # the last one lacks one
        moved = await store.reserve(conn, uuid7(), taken, CAUSE)
    assert [line["sku"] for line in moved.refusals] == [items[-1].sku]
    assert (moved.items, dict(moved.positions)) == ([], {})
    assert (await figures(pool, "lamp"), await figures(pool, "bulb")) == ((3, 0), (1, 0))


async def test_a_repeat_with_the_same_reservation_id_holds_nothing_more(pool: Pool) -> None:
    await stocked(pool, "lamp", 9)
    reservation_id = uuid7()
    first = await reserve(pool, reservation_id, lamp=2)
    again = await reserve(pool, reservation_id, lamp=2)
    assert await figures(pool, "lamp") == (9, 2)
    assert again.body == first.body, "where it is held, as one that is released holds nothing"
    with pytest.raises(handlers.ReservationMismatch):
        await reserve(pool, reservation_id, lamp=3)


async def test_a_release_frees_once(pool: Pool) -> None:
    """Five at once, all of them at it before the first gets on; somebody else's hold is not let go in its place."""
    await stocked(pool, "lamp", 6)
    await stocked(pool, "lamp", 6, "HAM", product_id=uuid7())
    reservation_id = uuid7()
    await reserve(pool, reservation_id, lamp=8)
    await reserve(pool, uuid7(), lamp=4)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM stock_item FOR UPDATE")
        releasing = [
            asyncio.create_task(handlers.release_stock(pool, reservation_id, "gave up", CAUSE, new_call()))
            for _ in range(5)
        ]
        await until_waiting(pool, 5, releasing)
    outcomes = await asyncio.gather(*releasing)
    assert sorted(len(outcome.positions) > 0 for outcome in outcomes) == [False] * 4 + [True]
    assert (await figures(pool, "lamp"), await figures(pool, "lamp", "HAM")) == ((6, 0), (6, 4))


async def test_stock_is_held_in_the_order_of_its_ids_however_postgres_finds_it(pool: Pool) -> None:
    """Whoever held it in another order would wait for those who wait for it."""
    for sku in ("lamp", "bulb"):
        await stocked(pool, sku, 5)
    first, last = await pool.fetch("SELECT id, sku FROM stock_item ORDER BY id")
    for sku in ("elsewhere", first["sku"]):  # its row lies behind the other one from here on
        await pool.execute("UPDATE stock_item SET sku = $2 WHERE id = $1", first["id"], sku)
    lock = "SELECT FROM stock_item WHERE id = $1 FOR UPDATE"

    async def hold() -> None:
        async with pool.acquire() as conn, conn.transaction():
            await conn.execute("SET LOCAL enable_indexscan = off")  # as it lies there
            await store.reserve(conn, uuid7(), [(first["id"], 1), (last["id"], 1)], CAUSE)

    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(lock, first["id"])
        holding = asyncio.create_task(hold())
        await until_waiting(pool, 1, [holding])
        await conn.execute(lock + " NOWAIT", last["id"])
    await holding


async def move(pool: Pool, source: str, target: str, quantity: int) -> Answer[handlers.TransferState]:
    command = TransferStock("lamp", source, target, quantity, "nearer")
    return await handlers.transfer_stock(pool, command, CAUSE, new_call())


async def test_a_transfer_moves_both_counts_and_both_items_tell_of_it(pool: Pool) -> None:
    await stocked(pool, "lamp", 5)
    await stocked(pool, "lamp", 1, "HAM")
    answer = msgspec.json.decode((await move(pool, "BER", "HAM", 3)).body)
    assert (answer["source"]["on_hand"], answer["target"]["on_hand"]) == (2, 4)
    assert (await figures(pool, "lamp"), await figures(pool, "lamp", "HAM")) == ((2, 0), (4, 0))
    for source, target in (("BER", "ULM"), ("ULM", "BER")):
        with pytest.raises(UnknownStock, match="not kept in ULM"):
            await move(pool, source, target, 1)


async def test_transfers_and_buyers_at_once_never_move_what_is_promised(pool: Pool) -> None:
    """To and fro, so that two transfers want the same rows the other way round, while buyers reserve in both."""
    await stocked(pool, "lamp", 8)
    await stocked(pool, "lamp", 8, "HAM")
    moves = [move(pool, *ways, 5) for ways in [("BER", "HAM"), ("HAM", "BER")] * 10]
    buyers = [reserve(pool, uuid7(), lamp=1) for _ in range(20)]
    outcomes = await asyncio.gather(*moves, *buyers, return_exceptions=True)
    assert {type(o) for o in outcomes[:20]} <= {Answer, BelowReserved}
    assert {type(o) for o in outcomes[20:]} <= {Answer, OutOfStock}
    (here, held), (there, held_there) = await figures(pool, "lamp"), await figures(pool, "lamp", "HAM")
    assert here + there == 16
    assert held + held_there == sum(isinstance(o, Answer) for o in outcomes[20:])


@pytest.mark.parametrize("back", [False, True])
async def test_a_transfer_locks_its_rows_in_the_order_of_their_ids(pool: Pool, back: bool) -> None:
    """Like a reservation over both does, or the two would wait for each other."""
    await stocked(pool, "lamp", 5)
    await stocked(pool, "lamp", 5, "HAM")
    first, last = await pool.fetch("SELECT id, warehouse FROM stock_item ORDER BY id")
    ways = (last, first) if back else (first, last)
    lock = "SELECT FROM stock_item WHERE id = $1 FOR UPDATE"
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(lock, first["id"])
        moving = asyncio.create_task(move(pool, ways[0]["warehouse"], ways[1]["warehouse"], 1))
        await until_waiting(pool, 1, [moving])
        await conn.execute(lock + " NOWAIT", last["id"])
    await moving


async def test_a_count_is_set_once_and_a_second_that_saw_the_same_is_refused(pool: Pool) -> None:
    await stocked(pool, "lamp", 9)
    found = [CountStock("lamp", "BER", counted, 9, "inventory") for counted in (7, 8)]
    outcomes = await asyncio.gather(
        *(handlers.count_stock(pool, command, CAUSE, new_call()) for command in found), return_exceptions=True
    )
    assert Counter(type(o) for o in outcomes) == {Answer: 1, CountOutOfDate: 1}
    now, _ = await figures(pool, "lamp")
    assert now in (7, 8)
    await reserve(pool, uuid7(), lamp=3)
    with pytest.raises(BelowReserved):
        await handlers.count_stock(pool, CountStock("lamp", "BER", 2, now, "inventory"), CAUSE, new_call())
    with pytest.raises(UnknownStock):
        await handlers.count_stock(pool, CountStock("lamp", "ULM", 2, now, "inventory"), CAUSE, new_call())


async def test_forty_buyers_cannot_share_seven_lamps(pool: Pool) -> None:
    await stocked(pool, "lamp", 7)
    buyers = (reserve(pool, uuid7(), lamp=1) for _ in range(40))
    outcomes = await asyncio.gather(*buyers, return_exceptions=True)
    assert Counter(type(o) for o in outcomes) == {Answer: 7, OutOfStock: 33}
    assert await figures(pool, "lamp") == (7, 7)


async def test_buyers_of_the_same_two_skus_in_any_order_never_deadlock(pool: Pool) -> None:
    await stocked(pool, "lamp", 1000)
    await stocked(pool, "bulb", 1000)
    orders = [("lamp", "bulb"), ("bulb", "lamp")] * 20
    outcomes = await asyncio.gather(
        *(reserve(pool, uuid7(), **{first: 1, second: 2}) for first, second in orders), return_exceptions=True
    )
    assert Counter(type(o) for o in outcomes) == {Answer: 40}


async def test_the_row_behind_the_decision_cannot_be_oversold(pool: Pool) -> None:
    """The CHECK stands behind the conditional update."""
    await stocked(pool, "lamp", 1)
    async with pool.acquire() as conn:
        with pytest.raises(Exception, match="never_oversold"):
            await conn.execute("UPDATE stock_item SET reserved = 2")


async def test_one_key_is_one_command(pool: Pool) -> None:
    await stocked(pool, "lamp", 0)
    command = MoveStock("lamp", "BER", 5, "delivery")
    call = new_call("key-1", body=commands.request_hash(command))
    outcomes = await asyncio.gather(
        *(handlers.receive_stock(pool, command, CAUSE, call) for _ in range(12)), return_exceptions=True
    )
    answers = [o for o in outcomes if isinstance(o, Answer)]
    assert await figures(pool, "lamp") == (5, 0)
    assert all(isinstance(o, Answer | KeyInFlight) for o in outcomes)
    assert len([a for a in answers if not a.replayed]) == 1
    assert len({(a.body, tuple(a.positions.items())) for a in answers}) == 1
    repeated = await handlers.receive_stock(pool, command, CAUSE, call)
    assert repeated.replayed


async def test_a_key_used_for_another_body_is_refused(pool: Pool) -> None:
    await stocked(pool, "lamp", 0)
    for quantity, key_is_free in ((5, True), (6, False)):
        command = MoveStock("lamp", "BER", quantity, "delivery")
        call = new_call("key-1", body=commands.request_hash(command))
        if key_is_free:
            await handlers.receive_stock(pool, command, CAUSE, call)
        else:
            with pytest.raises(KeyReused):
                await handlers.receive_stock(pool, command, CAUSE, call)


async def test_a_refusal_is_not_kept_under_its_key(pool: Pool) -> None:
    await stocked(pool, "lamp", 0)
    call, reservation_id = new_call("key-1"), uuid7()
    with pytest.raises(OutOfStock):
        await handlers.reserve_stock(pool, reservation_id, [Demand("lamp", 1)], CAUSE, call)
    await handlers.receive_stock(pool, MoveStock("lamp", "BER", 1, "delivery"), CAUSE, new_call())
    answer = await handlers.reserve_stock(pool, reservation_id, [Demand("lamp", 1)], CAUSE, call)
    assert not answer.replayed
