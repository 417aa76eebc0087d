"""Transfers that take their time, on real Postgres: what is on the road is in no warehouse, and nothing gets lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
import pytest

from doorbuster.invariants import transfers as conserved
from doorbuster.rehearsal import reconciling
from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.patience import until_waiting
from tests.integration.inventory.test_stock import figures, move, reserve, stocked
from tests.integration.write_api.conftest import Issue, api, staff, write_settings
from write_side import commands
from write_side.commands import Answer
from write_side.database import Pool
from write_side.errors import Invalid, Refusal
from write_side.inventory import handlers as stock
from write_side.inventory.domain import (
    MOST_ON_HAND,
    BelowReserved,
    CountStock,
    Demand,
    MoveStock,
    OutOfStock,
    StockTooLarge,
    UnknownStock,
)
from write_side.inventory.transfers import handlers
from write_side.inventory.transfers.domain import (
    CloseTransfer,
    DifferenceUnexplained,
    MoreThanInTransit,
    PlanTransfer,
    ReceiveTransfer,
    ToldDifference,
    TransferNotOpen,
    UnknownTransfer,
)
from write_side.inventory.transfers.handlers import RoadTransferState
from write_side.inventory.warehouses.domain import UnknownWarehouse

__all__ = ["api", "staff", "write_settings"]
Auditor: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_state = msgspec.json.Decoder(RoadTransferState)


@pytest.fixture
async def auditor(pool: Pool, database_url: str) -> AsyncIterator[Auditor]:
    """A superuser, who may do what the application never could; at the end all units are accounted for."""
    conn = await asyncpg.connect(database_url)
    yield conn
    assert await conserved.differences(conn) == []
    await conn.close()


def lines(**quantities: int) -> list[Demand]:
    return [Demand(sku, quantity) for sku, quantity in quantities.items()]


async def planned(pool: Pool, *ends: str, **quantities: int) -> UUID:
    """From Berlin to Hamburg, unless told."""
    source, target = ends or ("BER", "HAM")
    command = PlanTransfer(source, target, lines(**quantities), "T-17", date(2026, 12, 1))
    return _state.decode((await handlers.plan(pool, command, CAUSE, new_call())).body).id


async def dispatched(pool: Pool, **quantities: int) -> UUID:
    id_ = await planned(pool, **quantities)
    await handlers.dispatch(pool, id_, CAUSE, new_call())
    return id_


async def received(pool: Pool, id_: UUID, **quantities: int) -> RoadTransferState:
    command = ReceiveTransfer(lines(**quantities))
    return _state.decode((await handlers.receive(pool, id_, command, CAUSE, new_call())).body)


async def closed(pool: Pool, id_: UUID, *told: tuple[str, int, Any]) -> RoadTransferState:
    command = CloseTransfer([ToldDifference(*each) for each in told], "asked the carrier")
    return _state.decode((await handlers.close(pool, id_, command, CAUSE, new_call())).body)


async def cancelled(pool: Pool, id_: UUID) -> RoadTransferState:
    return _state.decode((await handlers.cancel(pool, id_, "the truck broke down", CAUSE, new_call())).body)


async def both(pool: Pool, sku: str = "lamp") -> tuple[int, int]:
    """What lies in both warehouses."""
    return (await figures(pool, sku))[0], (await figures(pool, sku, "HAM"))[0]


async def told(pool: Pool, kind: str) -> list[str]:
    rows = await pool.fetch("SELECT type FROM event_log WHERE aggregate_type = $1 ORDER BY position", kind)
    return [row["type"].split(".")[1] for row in rows]


@pytest.fixture
async def shelves(pool: Pool) -> None:
    """Ten lamps and four bulbs in Berlin, none in Hamburg."""
    for sku, count in (("lamp", 10), ("bulb", 4)):
        product_id = uuid7()
        await stocked(pool, sku, count, product_id=product_id)
        await stocked(pool, sku, 0, "HAM", product_id=product_id)


@pytest.mark.usefixtures("shelves", "auditor")
async def test_what_is_on_the_road_is_in_no_warehouse_until_it_is_received(pool: Pool) -> None:
    id_ = await planned(pool, lamp=6, bulb=2)
    assert (await both(pool), await both(pool, "bulb")) == ((10, 0), (4, 0)), "nothing has moved"
    for _ in range(2):  # a repeat changes nothing
        state = _state.decode((await handlers.dispatch(pool, id_, CAUSE, new_call())).body)
    assert (state.state, state.in_transit, state.expected_on) == ("in_transit", 8, date(2026, 12, 1))
    assert (await both(pool), await both(pool, "bulb")) == ((4, 0), (2, 0))
    with pytest.raises(OutOfStock):
        await reserve(pool, uuid7(), lamp=5)
    assert (await received(pool, id_, lamp=4)).state == "in_transit"
    assert await both(pool) == (4, 4)
    state = await received(pool, id_, bulb=2, lamp=2)
    assert (state.state, state.in_transit, [line.received for line in state.lines]) == ("received", 0, [2, 6])
    assert (await both(pool), await both(pool, "bulb")) == ((4, 6), (2, 2))
    assert await told(pool, "transfer") == [
        "transfer_planned", "transfer_dispatched", "transfer_received", "transfer_received",
    ]  # fmt: skip
    item_events = await told(pool, "stock_item")
    assert (item_events.count("stock_transferred_out"), item_events.count("stock_transferred_in")) == (2, 3)


@pytest.mark.usefixtures("shelves", "auditor")
async def test_what_did_not_arrive_is_explained_and_what_came_beyond_it_is_counted_in(pool: Pool) -> None:
    id_ = await dispatched(pool, lamp=6, bulb=2)
    await received(pool, id_, lamp=3)
    for wrong in ([("lamp", 2, "lost")], [("lamp", 3, "lost")], [("lamp", 4, "lost"), ("bulb", 2, "lost")],
                  [("lamp", 3, "lost"), ("bulb", 2, "lost"), ("chair", 1, "surplus")]):  # fmt: skip
        with pytest.raises(DifferenceUnexplained):
            await closed(pool, id_, *wrong)
    explained: Any = [("lamp", 2, "lost"), ("lamp", 1, "damaged"), ("bulb", 2, "lost"), ("bulb", 1, "surplus")]
    for _ in range(2):  # a repeat changes nothing
        state = await closed(pool, id_, *explained)
    assert (state.state, state.in_transit) == ("closed", 0)
    bulb, lamp = state.lines
    assert (bulb.lost, bulb.surplus, lamp.received, lamp.lost, lamp.damaged) == (2, 1, 3, 2, 1)
    assert (await both(pool), await both(pool, "bulb")) == ((4, 3), (2, 1))
    with pytest.raises(TransferNotOpen):
        await closed(pool, id_, ("lamp", 1, "surplus"))
    with pytest.raises(TransferNotOpen):
        await received(pool, id_, lamp=1)
    with pytest.raises(TransferNotOpen):
        await cancelled(pool, id_)


@pytest.mark.usefixtures("shelves", "auditor")
async def test_what_came_beyond_all_that_was_sent_is_told_after_all_was_received(pool: Pool) -> None:
    id_ = await dispatched(pool, lamp=6)
    await received(pool, id_, lamp=6)
    state = await closed(pool, id_, ("lamp", 1, "surplus"))
    assert (state.lines[0].surplus, await both(pool)) == (1, (4, 7))
    [reason] = await pool.fetch(
        """SELECT convert_from(payload, 'UTF8')::jsonb ->> 'reason' AS said FROM event_log
           WHERE type LIKE 'inventory.stock_adjusted.%'"""
    )
    assert reason["said"] == "surplus of transfer T-17"


@pytest.mark.usefixtures("shelves", "auditor")
async def test_a_cancel_brings_back_what_has_not_arrived(pool: Pool) -> None:
    never, early = await planned(pool, lamp=2), await dispatched(pool, lamp=6)
    await received(pool, early, lamp=2)
    for _ in range(2):  # a repeat changes nothing
        assert (await cancelled(pool, never)).state == "cancelled"
        state = await cancelled(pool, early)
    assert (state.state, state.in_transit, state.lines[0].received, state.lines[0].returned) == ("cancelled", 0, 2, 4)
    assert await both(pool) == (8, 2)
    with pytest.raises(TransferNotOpen):
        await handlers.dispatch(pool, never, CAUSE, new_call())
    with pytest.raises(TransferNotOpen):
        await received(pool, early, lamp=4)


@pytest.mark.usefixtures("shelves", "auditor")
async def test_what_is_promised_stays_and_what_is_not_kept_is_refused(pool: Pool) -> None:
    await reserve(pool, uuid7(), lamp=8)
    id_ = await planned(pool, bulb=2, lamp=3)
    with pytest.raises(BelowReserved):
        await handlers.dispatch(pool, id_, CAUSE, new_call())
    assert (await both(pool), await both(pool, "bulb")) == ((10, 0), (4, 0)), "all or none"
    assert (await handlers.show(pool, id_)).state == "planned"
    with pytest.raises(TransferNotOpen):
        await received(pool, id_, lamp=1)
    with pytest.raises(UnknownStock):
        await planned(pool, chair=1)
    with pytest.raises(UnknownWarehouse):
        command = PlanTransfer("BER", "ULM", lines(lamp=1), "T-18")
        await handlers.plan(pool, command, CAUSE, new_call())
    for wrong in (PlanTransfer("BER", "BER", lines(lamp=1), "T"), PlanTransfer("BER", "HAM", lines(lamp=1) * 2, "T")):
        with pytest.raises(Invalid):
            await handlers.plan(pool, wrong, CAUSE, new_call())
    with pytest.raises(UnknownTransfer):
        await received(pool, uuid7(), lamp=1)


@pytest.mark.usefixtures("shelves")
async def test_what_comes_back_always_fits_and_what_arrives_up_to_a_billion(pool: Pool) -> None:
    id_ = await dispatched(pool, lamp=6)
    for warehouse in ("BER", "HAM"):
        on_hand, _ = await figures(pool, "lamp", warehouse)
        count = CountStock("lamp", warehouse, MOST_ON_HAND, on_hand, "inventory")
        await stock.count_stock(pool, count, CAUSE, new_call())
    with pytest.raises(StockTooLarge):
        await received(pool, id_, lamp=1)
    await cancelled(pool, id_)
    assert await both(pool) == (MOST_ON_HAND + 6, MOST_ON_HAND)


@pytest.mark.usefixtures("shelves", "auditor")
async def test_receipts_at_once_never_add_more_than_was_sent(pool: Pool) -> None:
    id_ = await dispatched(pool, lamp=6)
    outcomes = await asyncio.gather(*(received(pool, id_, lamp=4) for _ in range(6)), return_exceptions=True)
    assert Counter(type(each) for each in outcomes) == {RoadTransferState: 1, MoreThanInTransit: 5}
    assert await both(pool) == (4, 4)
    state = await handlers.show(pool, id_)
    assert (state.in_transit, state.version) == (2, 3)


@pytest.mark.usefixtures("shelves")
async def test_receipts_at_once_wait_for_one_another_and_all_arrive(pool: Pool, auditor: Auditor) -> None:
    """Without the lock on the transfer all have read it before the first is through, and some give up in the end."""
    id_ = await dispatched(pool, lamp=6)
    async with auditor.transaction():
        await auditor.execute("SELECT FROM stock_item FOR UPDATE")
        receiving = [asyncio.create_task(received(pool, id_, lamp=1)) for _ in range(6)]
        await until_waiting(pool, len(receiving), receiving)
    assert sorted(state.in_transit for state in await asyncio.gather(*receiving)) == [0, 1, 2, 3, 4, 5]
    assert await both(pool) == (4, 6)


@pytest.mark.usefixtures("shelves", "auditor")
async def test_whoever_comes_first_decides_whether_it_arrives_or_comes_back(pool: Pool) -> None:
    id_ = await planned(pool, lamp=6)
    await asyncio.gather(*(handlers.dispatch(pool, id_, CAUSE, new_call()) for _ in range(4)))
    assert await both(pool) == (4, 0)
    ends = [received(pool, id_, lamp=6), cancelled(pool, id_), closed(pool, id_, ("lamp", 6, "lost"))]
    outcomes = await asyncio.gather(*ends, return_exceptions=True)
    assert sum(isinstance(each, RoadTransferState) for each in outcomes) == 1
    assert all(isinstance(each, RoadTransferState | Refusal) for each in outcomes)


@pytest.mark.usefixtures("shelves", "auditor")
async def test_transfers_both_ways_and_buyers_at_once_never_deadlock(pool: Pool) -> None:
    for sku, warehouse in (("lamp", "BER"), ("bulb", "BER"), ("lamp", "HAM"), ("bulb", "HAM")):
        await stock.receive_stock(pool, MoveStock(sku, warehouse, 20, "delivery"), CAUSE, new_call())
    ids = [await planned(pool, *ends, lamp=1, bulb=1) for ends in [("BER", "HAM"), ("HAM", "BER")] * 3]
    moving = [handlers.dispatch(pool, id_, CAUSE, new_call()) for id_ in ids]
    buying = [reserve(pool, uuid7(), bulb=1, lamp=1) for _ in range(5)]
    outcomes = await asyncio.gather(*moving, *buying, return_exceptions=True)
    assert {type(each) for each in outcomes} == {Answer}


@pytest.mark.usefixtures("shelves", "auditor")
async def test_one_key_is_one_receipt(pool: Pool) -> None:
    id_, command = await dispatched(pool, lamp=6), ReceiveTransfer(lines(lamp=2))
    call = new_call("key-1", body=commands.request_hash(command))
    answers = [await handlers.receive(pool, id_, command, CAUSE, call) for _ in range(2)]
    assert ([each.replayed for each in answers], answers[0].body == answers[1].body) == ([False, True], True)
    assert await both(pool) == (4, 2)


@pytest.mark.usefixtures("shelves")
async def test_staff_list_transfers_by_their_state_and_warehouse(pool: Pool, api: Any, staff: Issue) -> None:
    first, second = await planned(pool, lamp=1), await dispatched(pool, lamp=1)
    reader, writer = await staff("stock:read"), await staff("stock:write")

    async def found(query: str) -> list[str]:
        answer = await api.get(f"/v1/transfers?{query}", headers=reader)
        return [each["id"] for each in answer.json()["transfers"]]

    assert await found("") == [str(second), str(first)]
    assert (await found("state=in_transit"), await found("state=planned")) == ([str(second)], [str(first)])
    assert (await found("warehouse=HAM&limit=1"), await found("warehouse=ULM")) == ([str(second)], [])
    assert await found(f"after={second}") == [str(first)]
    assert (await api.get(f"/v1/transfers/{first}", headers=reader)).json()["state"] == "planned"
    assert (await api.get(f"/v1/transfers/{uuid7()}", headers=reader)).json()["code"] == "unknown_transfer"
    assert (await api.get("/v1/transfers?state=gone", headers=reader)).status_code == 400
    address = f"/v1/transfers/{second}/receipts"
    body = {"lines": [{"sku": "lamp", "quantity": 2}]}
    refused = await api.post(address, json=body, headers=writer)
    assert (refused.status_code, refused.json()["code"]) == (409, "more_than_in_transit")
    assert refused.json()["lines"] == [{"sku": "lamp", "wanted": 2, "in_transit": 1}]
    assert (await api.post(address, json=body)).status_code == 401
    assert (await api.post(address, json=body, headers=reader)).status_code == 403
    assert (await api.get("/v1/transfers")).status_code == 401
    assert (await api.get("/v1/transfers", headers=await staff("orders:read"))).status_code == 403


@pytest.mark.usefixtures("shelves")
async def test_the_books_of_a_rehearsal_know_what_was_counted_and_what_went_on_the_road(
    pool: Pool, auditor: Auditor
) -> None:
    since = await reconciling.before(auditor)
    id_ = await dispatched(pool, lamp=6)
    assert await reconciling.came_in(auditor, since) == {"lamp": -6}
    await received(pool, id_, lamp=2)
    await move(pool, "BER", "HAM", 1)
    await stock.count_stock(pool, CountStock("bulb", "BER", 3, 4, "inventory"), CAUSE, new_call())
    assert await reconciling.came_in(auditor, since) == {"lamp": -4, "bulb": -1}
    now = await reconciling.before(auditor)
    assert now.on_hand - since.on_hand == -5


@pytest.mark.usefixtures("shelves")
async def test_units_that_come_from_nowhere_or_get_lost_on_the_road_are_found(pool: Pool, auditor: Auditor) -> None:
    id_ = await dispatched(pool, lamp=6)
    await auditor.execute("UPDATE transfer_line SET lost = 1")
    assert await conserved.differences(auditor) == [], "what is lost is explained"
    await auditor.execute("UPDATE transfer_line SET lost = 0")
    await auditor.execute("UPDATE transfer_line SET received = 1")
    assert await conserved.differences(auditor) == [
        f"transfer {id_} (lamp): 6 left and did not arrive, 5 are on the road or explained"
    ]
    await auditor.execute("UPDATE transfer_line SET received = 0")
    await auditor.execute("UPDATE stock_item SET on_hand = 5 WHERE sku = 'lamp' AND warehouse = 'BER'")
    [found] = await conserved.differences(auditor)
    assert found.endswith("(lamp): 5 on hand, its events brought 4")
    await auditor.execute("UPDATE stock_item SET on_hand = 4 WHERE sku = 'lamp' AND warehouse = 'BER'")


@pytest.mark.usefixtures("shelves")
async def test_the_row_refuses_what_a_mistake_of_ours_would_let_through(pool: Pool) -> None:
    await dispatched(pool, lamp=6)
    for column in ("received", "lost", "damaged", "returned"):
        with pytest.raises(asyncpg.CheckViolationError, match="never_more_than_sent"):
            await pool.execute(f"UPDATE transfer_line SET {column} = 7")
