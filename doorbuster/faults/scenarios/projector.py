"""Faults of the projector: killed before its checkpoint, asleep through its takeover, twice at once."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from msgspec import structs

from doorbuster import processes
from doorbuster.faults.scenario import Scenario, Scene
from doorbuster.faults.scenarios.log import connected
from doorbuster.home import free_port

ROUNDS = 2
BOTH = 5.0


async def _killed_before_its_checkpoint(scene: Scene) -> None:
    """The table of checkpoints is locked: what goes into Elasticsearch meanwhile is not remembered anywhere else."""
    for _ in range(scene.rounds(ROUNDS)):
        await asyncio.to_thread(scene.stage.well)
        owner = await scene.stage.leader("projector")
        async with connected(scene, 1) as (locker,), locker.transaction():
            await locker.execute("LOCK TABLE checkpoint IN SHARE MODE")
            await asyncio.sleep(1)
            scene.stage.kill(owner)
        scene.did("killed", owner=owner)
        scene.did("taken over", owner=await scene.stage.taken_over("projector", owner))


async def _asleep_through_its_takeover(scene: Scene) -> None:
    sleeper = await scene.stage.leader("projector")
    with scene.stage.paused(sleeper):
        scene.did("asleep", owner=sleeper)
        await scene.stage.taken_over("projector", sleeper)
        await asyncio.sleep(3)
    scene.did("awake")
    await asyncio.sleep(2)
    scene.promise(await scene.stage.leader("projector") != sleeper, "the sleeper took the lease back")


async def _two_own_all_shards(scene: Scene) -> None:
    with _twin(scene) as url:
        async with httpx.AsyncClient() as client, asyncio.timeout(20):
            while "doorbuster_projector_owner 1.0" not in await _metrics(client, url):
                await asyncio.sleep(0.05)
        scene.did("two owners")
        await asyncio.sleep(BOTH)
        owner = scene.stage.programs[await scene.stage.leader("projector")]
        async with httpx.AsyncClient() as client:
            told = [await _metrics(client, each) for each in (url, owner.address)]
        scene.promise(all("doorbuster_projector_owner 1.0" in each for each in told), "there were no two owners")
    scene.did("one owner")


@contextmanager
def _twin(scene: Scene) -> Iterator[str]:
    """A projector under another lease; its address."""
    port, home = free_port(), scene.stage.home
    first = scene.stage.programs["projector"]
    environment = {**first.environment, "PORT": str(port), "FAULTS_LEASE": "projector-twin"}
    command = [sys.executable, "-m", "doorbuster.faults.projector"]
    twin = structs.replace(first, name="projector-twin", environment=environment, command=command)
    child = processes.spawn(twin, home.folder, home.log(twin.name))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait()


async def _metrics(client: httpx.AsyncClient, url: str) -> str:
    try:
        return (await client.get(f"{url}/metrics")).text
    except httpx.HTTPError:
        return ""


SCENARIOS = (
    Scenario(
        12, "projector killed before its checkpoint",
        "what comes again changes nothing; its standby takes over at once",
        _killed_before_its_checkpoint, lag_ms=1000,
    ),
    Scenario(
        12, "projector asleep, then awake", "a sleeper's writes are refused by the sinks",
        _asleep_through_its_takeover, lag_ms=4000,
    ),
    Scenario(
        13, "two projectors own all shards", "versions only rise, the final state is the fold",
        _two_own_all_shards, lag_ms=4000,
    ),
)  # fmt: skip
