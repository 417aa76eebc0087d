"""Faults of Elasticsearch: refusals of some items, silence, death, and a straggler's write to what is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from doorbuster.demo.shop import Shop
from doorbuster.faults.scenario import Scenario, Scene
from doorbuster.faults.scenarios.log import connected
from projector.read_models import product_search, stock_records
from shared.documents.layout import index_name

STOCK = index_name("", stock_records.MODEL.name, stock_records.MODEL.version)
PRODUCTS = index_name("", product_search.MODEL.name, product_search.MODEL.version)
BLOCKED, SILENT = 5.0, 4.0


async def _some_items_refused(scene: Scene) -> None:
    """As on a disk above the flood stage: 429 for each item of one index, while the others of the same bulk go in."""
    async with _setting(scene, STOCK, "index.blocks.read_only_allow_delete", True):
        scene.did("one index takes no writes")
        await asyncio.sleep(BLOCKED)
    scene.did("it does again")
    parked = await scene.stage.fetchval("SELECT count(*) FROM parked_key")
    scene.promise(parked == 0, f"an outage was taken for poison: {parked} keys are parked")


async def _silent_then_killed(scene: Scene) -> None:
    with scene.stage.paused("elasticsearch"):
        scene.did("silent")
        await asyncio.sleep(SILENT)
    scene.did("answers")
    await asyncio.sleep(1)
    scene.stage.kill("elasticsearch")
    scene.did("killed")
    await asyncio.sleep(1)
    await asyncio.to_thread(scene.stage.well)
    parked = await scene.stage.fetchval("SELECT count(*) FROM parked_key")
    scene.promise(parked == 0, f"an outage was taken for poison: {parked} keys are parked")


async def _archived_then_replayed(scene: Scene) -> None:
    """A hard delete would be forgotten after `gc_deletes`, and an older write would bring the product back."""
    sku = scene.skus[0]
    async with Shop(scene.stage.environment) as shop, _setting(scene, PRODUCTS, "index.gc_deletes", "1s"):
        page = await shop.query(f"/v1/products/by-sku/{sku}")
        before = await _document(scene, page["id"])
        staff = {"Authorization": f"Bearer {scene.bearer}"}
        _, position = await shop.command("PATCH", f"/v1/products/{page['id']}", {"status": "archived"}, **staff)
        await shop.query("/v1/search?limit=0&facets=", position)
        archived = await _document(scene, page["id"])
        scene.promise(not archived["_source"]["listed"], "the archived product is listed")
        await asyncio.sleep(2)  # beyond gc_deletes
        scene.promise(await _straggler(scene, before) == 409, "an older write to the archived product was taken")
        await _replay(scene)
        found = await shop.query(f"/v1/search?q={sku}&limit=5&facets=", position)
        scene.promise(all(item["id"] != page["id"] for item in found["items"]), "the archived product is found again")
        scene.promise(not (await _document(scene, page["id"]))["_source"]["listed"], "it is listed again")


async def _replay(scene: Scene) -> None:
    """The owner dies, and its successor finds that nothing of Elasticsearch's read models was ever saved."""
    owner = await scene.stage.leader("projector")
    async with connected(scene, 1) as (conn,):
        async with conn.transaction():
            await conn.execute("LOCK TABLE checkpoint")  # whoever wants to save waits
            scene.stage.kill(owner)
            await conn.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE wait_event_type = 'Lock' AND query LIKE '%checkpoint%' AND pid <> pg_backend_pid()"""
            )
            await conn.execute("UPDATE checkpoint SET position = 0")
        async with asyncio.timeout(30):
            while await conn.fetchval("SELECT min(position) FROM checkpoint WHERE read_model = 'products'") == 0:
                await asyncio.sleep(0.05)
    scene.did("replayed from 0", owner=owner)


async def _straggler(scene: Scene, before: dict[str, Any]) -> int:
    """The status of a write of the document as it was, under the version that it had."""
    version = {"version": before["_version"], "version_type": "external"}
    async with scene.stage.elasticsearch() as client:
        path = f"/{PRODUCTS}/_doc/{before['_id']}"
        return (await client.put(path, params=version, json=before["_source"])).status_code


async def _document(scene: Scene, id_: str) -> dict[str, Any]:
    async with scene.stage.elasticsearch() as client:
        return dict((await client.get(f"/{PRODUCTS}/_doc/{id_}")).raise_for_status().json())


@asynccontextmanager
async def _setting(scene: Scene, index: str, name: str, value: object) -> AsyncIterator[None]:
    """An index setting while this lasts."""
    async with scene.stage.elasticsearch() as client:
        await _put(client, index, {name: value})
        try:
            yield
        finally:
            await _put(client, index, {name: None})


async def _put(client: httpx.AsyncClient, index: str, settings: dict[str, object]) -> None:
    (await client.put(f"/{index}/_settings", json=settings)).raise_for_status()


SCENARIOS = (
    Scenario(
        14, "Elasticsearch refuses some items (429)", "they are written again; all others, and Redis, do not wait",
        _some_items_refused, lag_ms=1000, elasticsearch_away=True,
    ),
    Scenario(
        14, "Elasticsearch silent, then killed", "its models catch up; those in Redis do not wait",
        _silent_then_killed, lag_ms=1000, elasticsearch_away=True,
    ),
    Scenario(
        16, "archived, then replayed from 0", "the product stays away, whatever comes late or again",
        _archived_then_replayed,
    ),
)  # fmt: skip
