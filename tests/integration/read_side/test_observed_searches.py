"""Searches are told to analysts by the query API, beside its answers."""

import json
from typing import Any

import httpx
from redis.asyncio import Redis

from shared.documents.observations import SEARCHES, stream_key
from tests.fixtures.private_server import PrivateServer
from tests.integration.projector.test_documents import until


async def test_a_search_is_told_by_the_query_api_and_costs_its_answer_nothing(
    shopping: httpx.AsyncClient, valkey: PrivateServer
) -> None:
    first = await shopping.get("/v1/search?q=%20PRODUCT%20%20nosuchword&price_max=9000&limit=1")
    assert first.status_code == 200, first.text
    await shopping.get("/v1/search", params={"q": "product", "limit": 1, "cursor": first.json()["next_cursor"] or ""})
    async with Redis.from_url(valkey.url) as redis:

        async def told() -> list[Any]:
            found: Any = await redis.xrange(stream_key(SEARCHES))
            return [json.loads(fields[b"body"]) for _, fields in found]

        [search] = await until(told)
    assert (search["text"], search["ignored"], search["filters"]) == ("product nosuchword", ["nosuchword"], ["price"])
    assert (search["results"], search["weight"]) == (first.json()["total"]["value"], 1.0)
