"""What others searched for and found something by: suggested to whoever begins to type it.

Only what visitors who consented told of their searches, only what several of them asked on one day, and only texts all
of whose words one product says: so no name, address or number of a person gets in, nor what somebody would like to
see written in our search box. (What a search finds is less strict: of three words one may be anything.) Looked up
beside the requests: none waits for it.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from read_side.behaviour.domain import MASK
from read_side.search import elastic
from read_side.search.index import Index
from read_side.search.names import Names
from read_side.search.relevance import EVERYWHERE
from shared.http.problems import Problem

Json = dict[str, Any]

SECONDS = 300.0  # between two looks
WITHIN = "now-7d/d"
LEAST_VISITORS = 3  # on one day: their marks change every day, so more can't be told apart
MOST_TEXTS = 500
MOST_SHOWN = 4


def asked_by() -> Json:
    """A question to `behaviour`: by how many visitors each text was asked, day by day."""
    visitors = {"visitors": {"cardinality": {"field": "session"}}}
    day = {"date_histogram": {"field": "at", "calendar_interval": "day", "min_doc_count": 1}, "aggs": visitors}
    texts = {"terms": {"field": "text", "size": MOST_TEXTS}, "aggs": {"days": day}}
    told = {"bool": {"filter": [{"range": {"at": {"gte": WITHIN}}}, {"exists": {"field": "text"}}]}}
    return elastic.counting({"texts": texts}, told)


def by_several(found: Json) -> dict[str, int]:
    """Texts that several visitors asked on some day, with how many did on the best one."""
    texts: Sequence[Json] = found["aggregations"]["texts"]["buckets"]
    most = {text["key"]: max(day["visitors"]["value"] for day in text["days"]["buckets"]) for text in texts}
    return {text: visitors for text, visitors in most.items() if visitors >= LEAST_VISITORS and MASK not in text}


def findable(texts: Sequence[str], now: datetime) -> Json:
    """A question to the products: how many that are listed say all words of each text, named by place."""
    asked = {
        str(place): {"match": {EVERYWHERE: {"query": text, "operator": "and"}}} for place, text in enumerate(texts)
    }
    return elastic.counting({"texts": {"filters": {"filters": asked}}}, elastic.whole_shop(now))


def found_by(texts: Sequence[str], found: Json) -> list[str]:
    """The texts whose words some product has all of."""
    buckets: Mapping[str, Json] = found["aggregations"]["texts"]["buckets"]
    return [text for place, text in enumerate(texts) if buckets[str(place)]["doc_count"]]


class Texts:
    """Texts with how many asked each."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = weights
        self._names = Names((text, text) for text in weights)

    def beginning(self, typed: str) -> list[str]:
        """Those that begin so at any word, a slip forgiven, those asked by most first; not what was typed itself."""
        found = [text for text in self._names.beginning(typed) if text != typed]
        return sorted(found, key=lambda text: (-self._weights[text], text))[:MOST_SHOWN]


class PastSearches:
    """The texts as last looked up."""

    def __init__(self, behaviour: Index, products: Index) -> None:
        self._behaviour, self._products = behaviour, products
        self._texts = Texts({})
        self._stopped = asyncio.Event()

    def beginning(self, typed: str) -> list[str]:
        """What others searched for that begins so."""
        return self._texts.beginning(typed)

    async def look(self) -> None:
        """Look anew; answers 503 while Elasticsearch is down or nothing was observed yet."""
        asked = by_several(await self._behaviour.search(**asked_by()))
        texts = list(asked)
        known = found_by(texts, await self._products.search(**findable(texts, datetime.now(UTC)))) if texts else []
        self._texts = Texts({text: asked[text] for text in known})

    async def run(self) -> None:
        """For ever. Where there is no answer, what is known goes on."""
        while not self._stopped.is_set():
            with contextlib.suppress(Problem):
                await self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), SECONDS)

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()
