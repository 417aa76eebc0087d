"""What lies in the stores, in bytes."""

import asyncio
from typing import Any

import msgspec
from redis import Redis

from doorbuster.bench import http_client
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import Answer, request

_TABLES = """
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY bytes DESC LIMIT 6
"""


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
