"""Why products stand where they do: what each part of the score brought, told by Elasticsearch."""

from typing import Literal, get_args
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from read_side.search import elastic, relevance
from read_side.search.elastic import Json
from read_side.search.index import Index
from read_side.search.plan import Plan
from read_side.search.results import Page

Name = Literal["text", "at_hand", "popular", "lifted", "lowered", "model", "exact", "pinned"]
_PART = "part/"


class Part(Struct, frozen=True):
    """What one part brings to a score. `text`: the words, and synonyms; `at_hand`: it can be had; `popular`: it is
    bought often; `lifted`: by rules; `model`, `exact`: its number was typed; `pinned`: by a rule.

    `lowered` brings nothing: text, at_hand, popular and lifted are divided for it, by strength and 1 for each rule.
    """

    part: Name
    score: float


class Why(Struct, frozen=True):
    """What the score of a product is made of, the most first."""

    product_id: UUID
    parts: list[Part]


async def explained(plan: Plan, page: Page, index: Index) -> list[Why]:
    """Of each item of a page in its order; nothing where it is not sorted by relevance. Answers 503 while Elasticsearch
    is down."""
    if page.wording is None or plan.asked.sort != "relevance" or not page.items:
        return []
    found = await index.search(**_question(plan, page, page.wording.text), named_scores="true")
    by_id = {hit["_id"]: hit.get("matched_queries", {}) for hit in found["hits"]["hits"]}
    return [Why(item.id, _parts(by_id.get(str(item.id), {}))) for item in page.items]


def _question(plan: Plan, page: Page, text: str) -> Json:
    applied = replace(plan, asked=replace(plan.asked, text=text)).applied
    parts = relevance.parts(text, applied) | {"exact": elastic.exactly(text, carded=True)}
    named = [{"bool": {"should": queries, "_name": f"{_PART}{name}"}} for name, queries in parts.items() if queries]
    ids = [str(item.id) for item in page.items]
    return {
        "query": {"bool": {"filter": [{"terms": {"product_id": ids}}], "should": named}},
        "size": len(ids),
        "source": False,
        "track_total_hits": False,
        "timeout": elastic.TIMEOUT,
    }


def _parts(scores: Json) -> list[Part]:
    told = [Part(name, scores[_PART + name]) for name in get_args(Name) if _PART + name in scores]
    return sorted(told, key=lambda part: -part.score)
