"""What Elasticsearch shows of stock items, compared with what the log says."""

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx

from shared.documents.observations import RECORDS
from tests.faults.stock_load import PATIENCE, Connection

FIELDS = ("sku", "warehouse", "on_hand", "reserved", "position")


class SearchView:
    """The indices of one test."""

    def __init__(self, url: str, prefix: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=30)
        self._prefix = prefix

    async def stock(self) -> dict[str, Any]:
        """stock item id → its figures, by search."""
        body = {"size": 10_000, "query": {"match_all": {}}}
        answer = (await self._client.post(f"/{self._prefix}stock/_search", json=body)).json()
        hits = answer.get("hits", {}).get("hits", [])
        return {hit["_id"]: {name: hit["_source"][name] for name in FIELDS} for hit in hits}

    async def product(self, id_: UUID) -> dict[str, Any]:
        """A product's document, as last written; empty while there is none."""
        answer = (await self._client.get(f"/{self._prefix}products/_doc/{id_}")).json()
        return dict(answer.get("_source", {}))

    async def delete(self, index: str) -> None:
        """An operator's mistake."""
        (await self._client.delete(f"/{self._prefix}{index}")).raise_for_status()

    async def leads_to(self, model: str) -> set[str]:
        """The indices behind a model's alias, without the prefix."""
        found = (await self._client.get(f"/_alias/{self._prefix}{model}")).raise_for_status().json()
        return {index.removeprefix(self._prefix) for index in found}

    async def refresh(self, index: str) -> None:
        """Have searches see all that is in it, as Elasticsearch does by itself now and then."""
        (await self._client.post(f"/{self._prefix}{index}/_refresh")).raise_for_status()

    async def indices(self) -> set[str]:
        """Their names, without the prefix; of read models: those of a day hold what is in no log."""
        found = (await self._client.get(f"/_cat/indices/{self._prefix}*", params={"format": "json"})).json()
        names = {index["index"].removeprefix(self._prefix) for index in found}
        return {name for name in names if not name.startswith(tuple(RECORDS))}

    async def block_writes(self, blocked: bool) -> None:
        """As a full disk does: every write to the stock index is refused."""
        setting = {"index.blocks.write": blocked}
        (await self._client.put(f"/{self._prefix}stock-v1/_settings", json=setting)).raise_for_status()

    async def settled(self, conn: Connection, seconds: float = PATIENCE) -> float:
        """Waits until a search finds what the log says; answers how long that took."""
        want = await expected_items(conn)
        clock = asyncio.get_running_loop().time
        started = clock()
        while (got := await self._stock_or_nothing()) != want:
            wrong = [(want[id_], got.get(id_)) for id_ in want if want[id_] != got.get(id_)]
            assert clock() - started < seconds, f"{len(wrong)} of {len(want)} differ: {wrong[:1]}"
            await asyncio.sleep(0.05)
        return clock() - started

    async def _stock_or_nothing(self) -> dict[str, Any]:
        try:
            return await self.stock()
        except httpx.HTTPError:
            return {}

    async def close(self) -> None:
        """No more questions."""
        await self._client.aclose()


async def expected_items(conn: Connection) -> dict[str, Any]:
    """stock item id → its figures, folded here from the whole log."""
    query = """SELECT aggregate_id, position, payload FROM event_log
               WHERE aggregate_type = 'stock_item' ORDER BY position"""
    items = {}
    for row in await conn.fetch(query):
        event = json.loads(row["payload"])
        items[str(row["aggregate_id"])] = {
            "sku": event["sku"],
            "warehouse": event["warehouse"],
            "on_hand": event["on_hand"],
            "reserved": event["reserved"],
            "position": row["position"],
        }
    return items
