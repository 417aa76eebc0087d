"""GET /v1/events: exactly the log, page by page, whoever writes meanwhile; and who sees what in it."""

import asyncio
import json
import random
import time
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.envelope import Metadata
from shared.events.access import TokenRevoked
from shared.ids import uuid7
from tests.fixtures.databases import execute
from tests.integration.checkout.shop import ADDRESS, MAIL, Shop
from tests.integration.write_api.conftest import Issue
from write_side import event_log
from write_side.database import Connection, Pool
from write_side.event_log import NewEvent
from write_side.feed import Cursor
from write_side.feed.watch import Watch

Json = dict[str, Any]
WRITERS = 12
SECONDS = 2.0
DICE = random.Random(5)


async def page(api: httpx.AsyncClient, headers: dict[str, str], **query: str | int | None) -> Json:
    asked = {name: value for name, value in query.items() if value is not None}
    answer = await api.get("/v1/events", headers=headers, params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def all_events(api: httpx.AsyncClient, headers: dict[str, str], **query: str | int) -> list[Json]:
    found: list[Json] = []
    after = None
    while True:
        got = await page(api, headers, after=after, **query)
        found, after = found + got["events"], got["next"]
        if got["caught_up"]:
            return found


async def ids_in_log(pool: Pool) -> list[str]:
    return [str(row["event_id"]) for row in await pool.fetch("SELECT event_id FROM event_log ORDER BY position")]


async def until_safe(pool: Pool) -> None:
    async with asyncio.timeout(60):
        while await pool.fetchval(
            "SELECT max(position) FROM event_log"
        ) > await pool.fetchval("SELECT safe_position FROM relay_state"):
            await asyncio.sleep(0.005)


async def append(conn: Connection, aggregate: UUID, version: int = 1) -> None:
    event = TokenRevoked(aggregate, "a test")
    await event_log.append(conn, [NewEvent("test", aggregate, version, "test", event)], Metadata("test", "test"))


async def write(pool: Pool, until: float) -> None:
    """Appends, dawdles while it holds its numbers, and rolls one transaction in five back."""
    while time.monotonic() < until:
        async with pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            for _ in range(DICE.randint(1, 3)):
                await append(conn, uuid7())
                await asyncio.sleep(DICE.random() * 0.02)
            await (transaction.rollback() if DICE.random() < 0.2 else transaction.commit())


async def follow(api: httpx.AsyncClient, headers: dict[str, str], limit: int, until: asyncio.Event) -> list[str]:
    """A consumer that forgets all but its cursor after each page."""
    seen: list[str] = []
    after = None
    while True:
        ended = until.is_set()
        got = await page(api, headers, after=after, limit=limit, wait=0 if ended else 1)
        seen += [event["id"] for event in got["events"]]
        after = got["next"]
        if ended and got["caught_up"]:
            return seen


async def test_consumers_that_resume_at_every_page_get_exactly_the_log_while_writers_race(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    headers, ended = await staff("events:read"), asyncio.Event()
    readers = [asyncio.create_task(follow(api, headers, limit, ended)) for limit in (1, 7, 1000)]
    until = time.monotonic() + SECONDS
    await asyncio.gather(*(write(pool, until) for _ in range(WRITERS)))
    await until_safe(pool)
    ended.set()
    log = await ids_in_log(pool)
    assert len(log) > 100
    assert await pool.fetchval("SELECT dead_numbers FROM relay_state") > 0, "no writer rolled back"
    for seen in await asyncio.gather(*readers):
        assert seen == log


async def test_an_event_above_a_number_that_is_still_held_is_not_told_yet(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    headers = await staff("events:read")
    await until_safe(pool)
    before = len(await all_events(api, headers))
    slow, quick = uuid7(), uuid7()
    async with pool.acquire() as holder, holder.transaction():
        await append(holder, slow)
        async with pool.acquire() as conn, conn.transaction():
            await append(conn, quick)
        for _ in range(10):
            assert len(await all_events(api, headers)) == before
            await holder.execute("SELECT 1")  # it is not idle
            await asyncio.sleep(0.02)  # the relay looks every ten milliseconds
    await until_safe(pool)
    told = (await all_events(api, headers))[before:]
    assert [event["aggregateid"] for event in told] == [str(slow), str(quick)]


async def test_an_event_says_what_it_is_about_and_its_cursor_goes_on_behind_it(
    api: httpx.AsyncClient, staff: Issue, shop: Shop, pool: Pool
) -> None:
    headers = await staff("events:read")
    await shop.stock("lamp", 3)
    await until_safe(pool)
    events = await all_events(api, headers)
    row = await pool.fetchrow("SELECT * FROM event_log WHERE type = 'inventory.stock_item_opened.v1'")
    assert row is not None
    [event] = [event for event in events if event["type"] == "inventory.stock_item_opened.v1"]
    assert event["data"] == json.loads(row["payload"])
    assert (event["specversion"], event["source"], event["id"]) == ("1.0", "urn:doorbuster", str(row["event_id"]))
    assert event["subject"] == f"stock_item/{row['aggregate_id']}"
    assert (event["aggregateversion"], event["partitionkey"]) == (1, row["partition_key"])
    assert (event["correlationid"], event["actor"], event["personaldata"]) == ("test", "test", "none")
    behind = await page(api, headers, after=event["cursor"])
    assert behind["events"] == events[events.index(event) + 1 :]


async def test_a_filter_takes_whole_types_and_beginnings(
    api: httpx.AsyncClient, staff: Issue, shop: Shop, pool: Pool
) -> None:
    await shop.stock("lamp", 3)
    await shop.order(lamp=1)
    await until_safe(pool)
    headers = await staff("events:read")
    asked = "orders.*,pricing.price_set.v1,carts.cart_opened.*"
    told = [event["type"] for event in await all_events(api, headers, types=asked, limit=1)]
    assert told == ["pricing.price_set.v1", "carts.cart_opened.v1", "orders.quote_issued.v1", "orders.order_placed.v1"]
    for wrong in ("orders.order_teleported.v1", "order.*", "orders", "", "orders.*,", "orders.order_placed"):
        answer = await api.get("/v1/events", headers=headers, params={"types": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_event_type"), wrong
        assert answer.json()["errors"][0]["pointer"] == "?types"


async def test_a_page_looks_past_what_does_not_fit_and_says_so(
    api: httpx.AsyncClient, staff: Issue, shop: Shop, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("write_side.feed.handlers.SCAN", 2)
    await shop.stock("lamp", 3)
    await shop.order(lamp=1)
    await until_safe(pool)
    headers = await staff("events:read")
    told = [event["type"] for event in await all_events(api, headers, types="orders.*")]
    assert told == ["orders.quote_issued.v1", "orders.order_placed.v1"]
    monkeypatch.setattr("write_side.feed.handlers.LONGEST_LOOK", 0.0)
    got = await page(api, headers, types="orders.*")
    assert (got["events"], got["caught_up"]) == ([], False)


async def test_a_page_ends_where_it_grows_too_large(
    api: httpx.AsyncClient, staff: Issue, shop: Shop, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await staff("events:read")
    await shop.stock("lamp", 3)
    await until_safe(pool)
    whole = await all_events(api, headers)
    monkeypatch.setattr("write_side.feed.handlers.LARGEST_PAGE", 1)
    assert len((await page(api, headers))["events"]) == 1
    await until_safe(pool)
    assert (await all_events(api, headers))[: len(whole)] == whole


async def test_a_cursor_that_is_none_of_ours_is_refused(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("events:read")
    for cursor in ("x", "", "MS4w=", "é", "null", "MS4tMQ", "MQ", "MS45MjIzMzcyMDM2ODU0Nzc1ODA4"):
        answer = await api.get("/v1/events", headers=headers, params={"after": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "broken_cursor"), cursor
        assert answer.json()["errors"][0]["pointer"] == "?after"


async def test_a_cursor_of_another_epoch_is_gone(
    api: httpx.AsyncClient, staff: Issue, database_url: str
) -> None:
    headers = await staff("events:read")
    cursor = (await page(api, headers))["next"]
    execute(database_url, "UPDATE log_settings SET epoch = epoch + 1")
    answer = await api.get("/v1/events", headers=headers, params={"after": cursor})
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_of_another_epoch")


async def test_a_consumer_that_waits_hears_of_the_next_event_at_once(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    headers, aggregate = await staff("events:read"), uuid7()
    await until_safe(pool)
    cursor = (await page(api, headers, after="latest"))["next"]
    waiting = asyncio.create_task(page(api, headers, after=cursor, wait=10, types="access.token_revoked.v1"))
    await asyncio.sleep(0)
    async with pool.acquire() as conn, conn.transaction():
        await append(conn, aggregate)
    async with asyncio.timeout(9):  # a second less than it is waited for
        got = await waiting
    assert [event["aggregateid"] for event in got["events"]] == [str(aggregate)]


async def test_a_hundred_who_wait_cost_one_look_at_a_time(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def looking(_: Connection) -> int:
        nonlocal looks
        looks += 1
        return 1 if looks == 5 else 0

    monkeypatch.setattr(event_log, "safe_position", looking)
    watch = Watch(pool)
    async with asyncio.timeout(5):
        await asyncio.gather(*(watch.above(0) for _ in range(100)))
    assert looks == 5
    assert watch._task is None or watch._task.done() or not watch._waiting, "nobody waits: nobody looks"


async def test_who_finds_no_place_to_wait_is_sent_away(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("write_side.feed.watch.MOST_WAITING", 0)
    headers = await staff("events:read")
    await until_safe(pool)  # the token's own event would be an answer
    answer = await api.get("/v1/events", headers=headers, params={"after": "latest", "wait": 10})
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_waiting")
    assert answer.headers["Retry-After"] == "1"


async def test_personal_data_is_shown_by_scope_and_to_nobody_once_the_person_was_erased(
    api: httpx.AsyncClient, staff: Issue, shop: Shop, pool: Pool
) -> None:
    await shop.stock("lamp", 3)
    order = await shop.order(lamp=1)
    await until_safe(pool)

    async def seen(*scopes: str) -> Json:
        [event] = await all_events(api, await staff(*scopes), types="orders.order_placed.v1")
        return event

    hidden = await seen("events:read")
    assert (hidden["personaldata"], hidden["data"]["mail"], hidden["data"]["address"]) == ("hidden", "", "")
    assert hidden["data"]["number"] == order.number
    shown = await seen("events:read", "events:read_personal")
    assert (shown["personaldata"], shown["data"]["mail"]) == ("shown", MAIL)
    assert json.loads(shown["data"]["address"])["line1"] == ADDRESS.line1
    await shop.keyring._pool.execute("DELETE FROM person_key")
    erased = await seen("events:read", "events:read_personal")
    assert (erased["personaldata"], erased["data"]["mail"], erased["data"]["address"]) == ("erased", "", "")
    refused = await api.get("/v1/events", headers=await staff("events:read_personal"))
    assert (refused.status_code, refused.json()["required_scope"]) == (403, "events:read")


async def test_a_cursor_ahead_of_the_log_waits_for_it(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    """After a crash the stored safe position may be a moment behind what was told."""
    headers = await staff("events:read")
    await until_safe(pool)
    await pool.execute("SELECT nextval('event_position')")
    drawn = await pool.fetchval("SELECT last_value FROM event_position")
    ahead = Cursor(1, drawn).token()
    got = await page(api, headers, after=ahead)
    assert (got["events"], got["next"], got["caught_up"]) == ([], ahead, True)


async def test_a_cursor_that_another_log_has_told_is_refused(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    """Kept by mistake from the shop where it was tried, it said "caught up" until the log had grown so long."""
    headers = await staff("events:read")
    other = Cursor(1, await pool.fetchval("SELECT last_value FROM event_position") + 1).token()
    answer = await api.get("/v1/events", headers=headers, params={"after": other})
    assert (answer.status_code, answer.json()["code"]) == (400, "broken_cursor")
