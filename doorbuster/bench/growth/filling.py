"""Growing the shop: an import of what is missing, the real projection of its events, and what lies in the stores."""

import asyncio
import time
from typing import Any

import msgspec
from redis import Redis

from doorbuster.bench import children, cpu, ground, http_client
from doorbuster.bench.ground import STOCK, Ground
from doorbuster.bench.growth.lines import Filling
from doorbuster.bench.http_client import Answer, request
from doorbuster.sample_catalog import write_catalog

PATIENCE = 4 * 3600.0  # seconds for a million products on a machine that is busy
_TABLES = """
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY bytes DESC LIMIT 6
"""


def grow(ground_: Ground, products: int) -> Filling:
    """Make it a shop of so many products: imported with prices and stock, then projected by worker and projector."""
    had = _count(ground_, "product")
    events = _count(ground_, "event_log")
    file = ground.own_folder(ground_, "growth") / "catalog.tsv"
    write_catalog(file, products, 1, after=had)
    given = {"url": ground_.environment["DATABASE_URL"], "file": str(file), "stock": STOCK}
    ground_.only()
    before = cpu.used(ground_.roots())
    imported = children.call("import_rows:load", given)
    file.unlink()
    seconds = _project(ground_)
    spent = cpu.used(ground_.roots()).since(before).programs | {"import": imported["cpu_ms"]}
    added = products - had
    cpu_ms = {name: round(used / added, 4) for name, used in spent.items() if used / added >= 0.0005}
    grown = _count(ground_, "event_log") - events
    return Filling(added, grown, round(imported["seconds"], 1), round(seconds, 1), cpu_ms)


def _project(ground_: Ground) -> float:
    began = time.monotonic()
    ground_.filled(PATIENCE)
    seconds = time.monotonic() - began
    ground_.until_quiet(patience=PATIENCE)  # segments are merged behind the last checkpoint
    return seconds


def _count(ground_: Ground, table: str) -> int:
    [row] = ground_.fetch(f"SELECT count(*) AS rows FROM {table}")  # noqa: S608 (two names of ours)
    found: int = row["rows"]
    return found


# --- what lies where --------------------------------------------------------------------------------------------------


def stores(ground_: Ground) -> dict[str, dict[str, int]]:
    """Bytes of each store, the greatest parts told apart; `all` is all of it."""
    return {
        "elasticsearch": _of_elasticsearch(ground_.environment["ELASTICSEARCH_URL"]),
        "valkey": _of_valkey(ground_.environment["REDIS_URL"]),
        "postgres": _of_postgres(ground_),
    }


def _of_elasticsearch(url: str) -> dict[str, int]:
    answer = ask(url, "GET", "/_cat/indices?format=json&bytes=b&h=index,store.size")
    found: list[dict[str, Any]] = msgspec.json.decode(answer.body)
    sizes = {index["index"]: int(index["store.size"]) for index in found}
    return {"all": sum(sizes.values()), **dict(sorted(sizes.items(), key=lambda size: -size[1])[:4])}


def _of_valkey(url: str) -> dict[str, int]:
    with Redis.from_url(url) as redis:
        told: dict[str, Any] = redis.info("memory")
        streams = list(redis.scan_iter(count=10_000, _type="stream"))
        held = sum(int(redis.memory_usage(key) or 0) for key in streams)
    return {"all": int(told["used_memory"]), "streams": held, "resident": int(told["used_memory_rss"])}


def _of_postgres(ground_: Ground) -> dict[str, int]:
    [row] = ground_.fetch("SELECT pg_database_size(current_database()) AS bytes")
    return {"all": row["bytes"], **{table["name"]: table["bytes"] for table in ground_.fetch(_TABLES)}}


def ask(url: str, method: str, path: str) -> Answer:
    """One request, one answer."""
    [timed] = asyncio.run(http_client.ask_all(url, [request(method, url + path)], 1))
    return timed.answer
