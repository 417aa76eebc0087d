"""How well our query ranks the rated catalog, and what it costs: `python -m tests.relevance [words …]`.

With words it shows the first five products of each, ours beside Elasticsearch's own `cross_fields`.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from elasticsearch import AsyncElasticsearch

from doorbuster import running
from doorbuster.home import Home
from read_side.search import elastic
from read_side.search.parameters import SearchRequest
from read_side.search.results import read
from tests.relevance import catalog, ratings

Body = dict[str, Any]
ROUNDS = 5  # the first ones warm the node up


def ours(words: str, size: int = ratings.DEPTH) -> Body:
    """What the query API asks."""
    asked = SearchRequest(words, (), (), {}, None, None, "EUR", False, "relevance", size, None, ())
    return elastic.body(asked, elastic.filters(asked, None, datetime.now(UTC)), {}, None, size)


def plainly(words: str, size: int = ratings.DEPTH) -> Body:
    """Elasticsearch's own ranking, under the same filters."""
    found = {"multi_match": {"query": words, "type": "cross_fields", "fields": ratings.FIELDS}}
    query = {"bool": {"must": found, "filter": [{"term": {"listed": True}}]}}
    return {**ours("", size), "query": query, "sort": ["_score", "_doc"]}  # a hit is read by its sort


class Measure:
    """Asks one index."""

    def __init__(self, client: AsyncElasticsearch) -> None:
        self._client = client

    async def score(self, body: Callable[[str], Body]) -> ratings.Score:
        """How good a ranking is, over all rated queries."""

        async def search(words: str) -> list[str]:
            return [read(hit).card.sku or "" for hit in await self._hits(body(words))]

        return await ratings.judged(search)

    async def cost(self, body: Callable[[str], Body], queries: list[str]) -> tuple[float, float]:
        """CPU milliseconds of the node and milliseconds waited, a search of 20 products."""
        before, start = await self._cpu(), time.perf_counter()
        for words in queries:
            await self._hits(body(words) | {"size": 20})
        waited = time.perf_counter() - start
        return (await self._cpu() - before) / len(queries), waited * 1000 / len(queries)

    async def names(self, body: Body) -> list[str]:
        """The names of what is found."""
        return [read(hit).card.name for hit in await self._hits(body)]

    async def _hits(self, body: Body) -> list[Body]:
        answer = await self._client.search(index=catalog.INDEX, **body)
        return list(answer["hits"]["hits"])

    async def _cpu(self) -> float:
        stats = await self._client.nodes.stats(metric="process")
        (node,) = stats["nodes"].values()
        return float(node["process"]["cpu"]["total_in_millis"])


async def main(words: list[str]) -> None:
    """The figures, or the names."""
    os.environ.setdefault("DOORBUSTER_CACHE", str(Home.default().cache))
    url = running.start_servers(Home(Home.default().folder / "relevance"), "elasticsearch")["ELASTICSEARCH_URL"]
    async with AsyncElasticsearch(url, request_timeout=60) as client:
        if not await client.indices.exists(index=catalog.INDEX) or not words:
            await catalog.fill(client)
        measure = Measure(client)
        for asked in words:
            for name, body in (("before", plainly), ("after", ours)):
                sys.stdout.write(f"{asked} {name}: {' | '.join(await measure.names(body(asked, 5)))}\n")
        if not words:
            await _figures(measure)


async def _figures(measure: Measure) -> None:
    queries = [*ratings.queries()] * ROUNDS
    after, before = await measure.score(ours), await measure.score(plainly)
    gain, low, high = ratings.gain(after, before)
    for name, score, body in (("cross_fields", before, plainly), ("ours", after, ours)):
        await measure.cost(body, queries)
        cpu, waited = await measure.cost(body, queries)
        told = f"judged only {score.judged_only:.4f}  plain {score.ndcg:.4f}  {cpu:.2f} CPU ms  {waited:.2f} ms"
        sys.stdout.write(f"{name:13} {told}\n")
    sys.stdout.write(f"gain, judged only: {gain:+.4f} ({low:+.4f} to {high:+.4f})\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
