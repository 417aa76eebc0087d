"""How good a ranking is: NDCG@10 over people's ratings of real queries.

Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques (2002). Ratings are few, so a good ranking
brings products up that nobody rated: `judged_only` leaves these out, `ndcg` counts them as wrong. Two rankings are
compared query by query, with a bootstrap over the queries (Sakai, Evaluating evaluation metrics based on the bootstrap,
2006).
"""

import csv
import math
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import httpx

from doorbuster.demo.shop import Shop

RATINGS = Path(__file__).parents[3] / "shared" / "data" / "search" / "icecat"
GAINS = {"Exact": 1.0, "Partial": 0.5, "Irrelevant": 0.0}
DEPTH = 100
FIELDS = ["name^3", "description", "attributes_text"]

Search = Callable[[str], Awaitable[Sequence[str]]]  # words → SKUs, best first


class Score(NamedTuple):
    """Means over the queries that have a product that fits, and the judged-only figure of each."""

    ndcg: float
    judged_only: float
    each: dict[str, float]


async def ours(shop: Shop, words: str) -> list[str]:
    """The query API's ranking."""
    page = await shop.query(f"/v1/search?q={quote(words)}&limit={DEPTH}&facets=")
    return [item["sku"] for item in page["items"]]


async def cross_fields(elasticsearch: str, words: str) -> list[str]:
    """Elasticsearch's own, over name, description and features."""
    query = {"multi_match": {"query": words, "type": "cross_fields", "fields": FIELDS}}
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{elasticsearch}/products/_search", json={"query": query, "size": DEPTH, "_source": ["skus"]}
        )
    return [hit["_source"]["skus"][0] for hit in answer.json()["hits"]["hits"]]


async def judged(search: Search) -> Score:
    """A ranking, over all rated queries."""
    ndcg, judged_only = dict[str, float](), dict[str, float]()
    for words, gains in _ratings().items():
        if ideal := _dcg(sorted(gains.values(), reverse=True)):
            found = await search(words)
            ndcg[words] = _dcg([gains.get(sku, 0.0) for sku in found]) / ideal
            judged_only[words] = _dcg([gains[sku] for sku in found if sku in gains]) / ideal
    return Score(_mean(ndcg.values()), _mean(judged_only.values()), judged_only)


def gain(better: Score, worse: Score) -> tuple[float, float, float]:
    """The mean gain of the judged-only figure, and its 95 % interval."""
    choice = random.Random(7)
    gains = [better.each[words] - worse.each[words] for words in better.each]
    drawn = sorted(_mean(choice.choices(gains, k=len(gains))) for _ in range(4000))
    return _mean(gains), drawn[len(drawn) // 40], drawn[-len(drawn) // 40]


def queries() -> list[str]:
    """The words of the rated queries."""
    return list(_ratings())


def _ratings() -> dict[str, dict[str, float]]:
    queries = {row["query_id"]: row["query"] for row in _rows("query.csv")}
    found: dict[str, dict[str, float]] = {words: {} for words in queries.values()}
    for row in _rows("label.csv"):
        found[queries[row["query_id"]]][row["product_id"]] = GAINS[row["label"]]
    return found


def _rows(name: str) -> list[dict[str, str]]:
    with (RATINGS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10]))


def _mean(values: Collection[float]) -> float:
    return sum(values) / len(values)
