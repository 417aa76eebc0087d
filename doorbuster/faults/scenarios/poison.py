"""A key that a read model can't take: it is parked, everything else flows, and once mended it heals."""

import asyncio

import httpx

from doorbuster.faults.scenario import Scenario, Scene
from write_side import parked
from write_side.database import open_pool

PARKED = 4.0


async def _a_key_is_poisoned(scene: Scene) -> None:
    """A bug in one model's code, met by one SKU's events; the log itself is sound, so everything can heal."""
    sku = scene.skus[0]
    scene.stage.bug.write_text(sku)
    await _until_parked(scene, 1)
    keys = await scene.stage.fetchval("SELECT array_agg(read_model || ' ' || partition_key) FROM parked_key")
    scene.did("parked", keys=keys)
    async with httpx.AsyncClient(base_url=scene.stage.environment["READ_API_URL"]) as client:
        async with asyncio.timeout(5):  # the query API looks five times a second
            while (await client.get(f"/v1/stock/{sku}")).headers.get("Stale") != "parked":
                await asyncio.sleep(0.05)
        others = [await client.get(f"/v1/stock/{other}") for other in scene.skus[1:]]
    scene.promise(all("Stale" not in answer.headers for answer in others), "other SKUs are marked stale, too")
    await asyncio.sleep(PARKED)
    await _retried(scene)
    await asyncio.sleep(1)
    left = await scene.stage.fetchval("SELECT count(*) FROM parked_key")
    scene.promise(left == 1, f"with the bug still there, {left} keys are parked after a retry")
    scene.stage.bug.unlink()
    await _retried(scene)
    await _until_parked(scene, 0)
    scene.did("healed")


async def _until_parked(scene: Scene, keys: int) -> None:
    async with asyncio.timeout(20):
        while await scene.stage.fetchval("SELECT count(*) FROM parked_key") != keys:
            await asyncio.sleep(0.05)


async def _retried(scene: Scene) -> None:
    async with open_pool(scene.stage.environment["DATABASE_URL"], 1, "faults") as pool, pool.acquire() as conn:
        await parked.request_retry(conn)


SCENARIOS = (
    Scenario(
        15, "a key is poisoned", "that key waits and says so, no other does; once mended it heals",
        _a_key_is_poisoned, lag_ms=1000,
    ),
)  # fmt: skip
