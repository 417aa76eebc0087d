"""A long history is answered from snapshots: few events are read, and the answers are those of the whole fold."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from doorbuster.invariants import snapshots as invariant
from shared.envelope import Recorded
from tests.integration.checkout.shop import Shop
from tests.integration.history.conftest import Ask
from tests.integration.history.long_item import grow
from write_side import event_log
from write_side.history import handlers, snapshots
from write_side.history.snapshots import EVERY

EVENTS = 5 * EVERY + 100
ITEM = "history/stock_item/lamp@BER"


class Read:
    """How many events of aggregates were read."""

    events = 0


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Counts them."""
    counted, really = Read(), event_log.read_aggregate

    async def counting(*args: Any) -> list[Recorded]:
        found = await really(*args)
        counted.events += len(found)
        return found

    monkeypatch.setattr(event_log, "read_aggregate", counting)
    return counted


async def work(shop: Shop) -> None:
    """The worker's step until there is nothing more to do."""
    while await snapshots.advance(shop.pool):
        pass


Settle = Callable[[], Awaitable[int]]


async def test_a_long_history_is_answered_by_few_events_and_as_the_fold_would(
    shop: Shop, ask: Ask, settled: Settle, read: Read
) -> None:
    await grow(shop, EVENTS)
    await settled()
    positions = {told["event"]["version"]: told["event"] for told in await _all_events(ask)}
    asked: list[tuple[str, dict[str, Any]]] = [(ITEM, {"version": v}) for v in (1, EVERY - 1, EVERY, EVERY + 1, EVENTS)]
    asked += [(ITEM, {"position": positions[v]["position"]}) for v in (1, 2 * EVERY, 3 * EVERY + 7)]
    asked += [(ITEM, {"at": positions[v]["at"]}) for v in (2 * EVERY, 4 * EVERY - 1)]
    asked += [(f"{ITEM}/changes", {"from_version": 2, "to_version": EVENTS})]
    asked += [(f"{ITEM}/explanation", {"figure": "/on_hand", "order": "newest", "limit": 50})]
    plain = [await ask(path, **parameters) for path, parameters in asked]
    await work(shop)
    for (path, parameters), expected in zip(asked, plain, strict=True):
        read.events = 0
        assert await ask(path, **parameters) == expected
        assert read.events <= 4 * EVERY, (path, parameters)
    read.events = 0
    assert (await ask(ITEM, version=EVENTS))["state"]["on_hand"] == EVENTS - 1
    assert read.events <= EVERY + 1


async def test_who_changed_a_place_long_ago_is_not_looked_for(
    shop: Shop, ask: Ask, settled: Settle, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "LOOKED_AT", EVERY)
    await grow(shop, 5 * EVERY)
    await settled()
    await work(shop)
    read.events = 0
    told = await ask(f"{ITEM}/changes", from_version=0, to_version=5 * EVERY)
    by = {change["path"]: change["by"] and change["by"]["version"] for change in told["changes"]}
    assert (by["/on_hand"], by["/sku"]) == (5 * EVERY, None)
    assert read.events <= 4 * EVERY, "what a page costs does not go by the length of the history"


async def _all_events(ask: Ask) -> list[Any]:
    found, page = [], await ask(f"{ITEM}/events", limit=500)
    while True:
        found += page["events"]
        if page["next"] is None:
            return found
        page = await ask(f"{ITEM}/events", limit=500, cursor=page["next"])


async def test_the_worker_goes_on_where_it_was_and_never_past_the_safe_position(
    shop: Shop, settled: Settle
) -> None:
    await grow(shop, 2 * EVERY)
    await shop.pool.execute("UPDATE relay_state SET safe_position = (SELECT max(position) - 1 FROM event_log)")
    await work(shop)
    assert await _versions(shop) == [EVERY]
    await settled()
    await work(shop)
    assert await _versions(shop) == [EVERY, 2 * EVERY]
    assert await snapshots.advance(shop.pool) == 0


async def test_a_snapshot_of_another_shape_is_ignored_and_made_anew(
    shop: Shop, ask: Ask, settled: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grow(shop, EVERY + 10)
    await settled()
    await work(shop)
    await shop.pool.execute("UPDATE aggregate_snapshot SET state = '{}'")  # as other code may have kept it
    monkeypatch.setattr("write_side.history.kinds.FOLDS", 2)
    assert (await ask(ITEM, version=EVERY + 1))["state"]["on_hand"] == EVERY
    await work(shop)
    assert await _versions(shop) == [EVERY]
    async with shop.pool.acquire() as conn:
        assert await invariant.differences(conn) == []


async def test_a_snapshot_that_is_not_the_fold_is_found(shop: Shop, settled: Settle) -> None:
    item = await grow(shop, EVERY)
    await settled()
    await work(shop)
    async with shop.pool.acquire() as conn:
        assert await invariant.differences(conn) == []
        changed = """UPDATE aggregate_snapshot
                     SET state = convert_to(replace(convert_from(state, 'UTF8'), $1, $2), 'UTF8')"""
        await conn.execute(changed, f'"on_hand":{EVERY - 1}', f'"on_hand":{EVERY}')
        [found] = await invariant.differences(conn)
    assert found.startswith(f"snapshot of stock_item {item} at version {EVERY}")


async def _versions(shop: Shop) -> list[int]:
    rows = await shop.pool.fetch("SELECT version FROM aggregate_snapshot ORDER BY version")
    return [row["version"] for row in rows]


async def test_while_events_come_the_step_pauses_between_its_looks(shop: Shop, settled: Settle) -> None:
    await grow(shop, EVERY + 1)
    await settled()
    step = snapshots.step(shop.pool)
    assert 0 < await step.run() < step.full  # it has seen all that there was
    assert await shop.pool.fetchval("SELECT count(*) FROM aggregate_snapshot") == 1


async def test_behind_it_goes_on_at_once(shop: Shop, settled: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    await grow(shop, 2 * EVERY)
    await settled()
    monkeypatch.setattr(snapshots, "SCAN", EVERY)
    assert await snapshots.advance(shop.pool) == EVERY
