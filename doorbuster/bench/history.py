"""What a stock item of ten thousand events was at any of its versions, against one row of the same API.

The worker has made its snapshots before, as it does within a second. `target_ms` is what any answer may take.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from uuid import UUID

import asyncpg

from doorbuster import tokens
from doorbuster.bench import frame, wrk
from doorbuster.bench import ground as grounds
from doorbuster.bench.frame import Invalid, Result, Side
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import request
from doorbuster.bench.options import Options
from shared.events.inventory import StockAdjusted
from shared.shards import product_key
from write_side import event_log
from write_side.commands import cause_of
from write_side.event_log import NewEvent
from write_side.history.snapshots import EVERY

EVENTS = 10_000
CHUNK = 1_000
ASKED = 200  # different questions
CLIENTS = 1  # what one answer takes; what many at once take follows from its CPU
TARGET_MS = 50.0
PATIENCE = 60.0


def run(ground: Ground, options: Options) -> list[Result]:
    """Random versions; the other questions about the same item stand in `further`."""
    ground.use("history")
    [item] = ground.fetch("SELECT * FROM stock_item ORDER BY version, id LIMIT 1")
    asyncio.run(_grow(ground.environment["DATABASE_URL"], item))
    ground.only("worker")
    _wait_for_snapshots(ground, item["id"])
    ground.only("write-api")
    sides: dict[str, Side] = {
        name: _side(ground, options, name, asked) for name, asked in _questions(ground, item["id"], item["product_id"])
    }
    done = frame.in_turns(options.turns(), sides, ground.roots, ground.until_quiet)
    setting = {"events": EVENTS, "connections": CLIENTS, "seconds": options.seconds, "target_ms": TARGET_MS}
    return [frame.result("history", done, unit="ms, p99", better="lower", setting=setting)]


async def _grow(url: str, item: asyncpg.Record) -> None:
    """As many adjustments as are missing, row and events, as the commands would leave them."""
    conn = await asyncpg.connect(url)
    try:
        for first in range(item["version"] + 1, EVENTS + 1, CHUNK):
            last = min(first + CHUNK - 1, EVENTS)
            async with conn.transaction():
                query = "UPDATE stock_item SET on_hand = $2, version = $3 WHERE id = $1"
                await conn.execute(query, item["id"], item["on_hand"] + last - item["version"], last)
                await event_log.append(conn, list(_adjusted(item, first, last)), cause_of("cli", "bench"))
    finally:
        await conn.close()


def _adjusted(item: asyncpg.Record, first: int, last: int) -> Iterator[NewEvent]:
    for version in range(first, last + 1):
        on_hand = item["on_hand"] + version - item["version"]
        event = StockAdjusted(item["sku"], item["warehouse"], 1, on_hand, item["reserved"], "counted")
        yield NewEvent("stock_item", item["id"], version, product_key(item["product_id"]), event)


def _wait_for_snapshots(ground: Ground, item: UUID) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        [row] = ground.fetch("SELECT count(*) AS kept FROM aggregate_snapshot WHERE aggregate_id = $1", item)
        if row["kept"] == EVENTS // EVERY:
            return
        time.sleep(0.1)
    raise Invalid("the worker makes no snapshots")


def _questions(ground: Ground, item: UUID, product: UUID) -> Iterator[tuple[str, list[bytes]]]:
    """What each side asks: a state at a version; a row; what changed in a hundred versions; the last hundred steps."""
    scopes = ["history:read", "catalog:write"]
    token = asyncio.run(tokens.issue(ground.environment["DATABASE_URL"], "bench", scopes))
    chance, url = random.Random(5), ground.environment["WRITE_API_URL"]
    address = f"{url}/v1/history/stock_item/{item}"
    versions = [chance.randint(101, EVENTS) for _ in range(ASKED)]
    for name, asked in {
        "ours": [f"{address}?version={version}" for version in versions],
        "limit": [f"{url}/v1/products/{product}"],
        "changes": [f"{address}/changes?from_version={version - 100}&to_version={version}" for version in versions],
        "explanation": [f"{address}/explanation?figure=/on_hand&order=newest&limit=100"],
    }.items():
        yield name, [request("GET", one, {"Authorization": f"Bearer {token}"}) for one in asked]


def _side(ground: Ground, options: Options, name: str, asked: list[bytes]) -> Side:
    target = wrk.Target(grounds.own_folder(ground, "history"), name, ground.environment["WRITE_API_URL"], asked)
    target.check(lambda answer: answer.body.startswith(b"{"))
    return lambda: target.run(CLIENTS, options.seconds, lambda facts: float(facts["p99_ms"]))
