"""A read model is built anew while orders flow, searches run and the projector dies in the middle of it."""

import asyncio
import sys
from collections import Counter
from contextlib import suppress

import httpx

from doorbuster.faults.scenario import Scenario, Scene

MODELS = ("products", "product_page")  # one in each store
SEARCH = "/v1/search?q=doorbuster&limit=1"
WELL = 20  # searches answered in a row


async def _rebuilt_while_the_projector_dies(scene: Scene) -> None:
    answers: Counter[int] = Counter()
    await _warmed_up(scene)
    asking = asyncio.create_task(_ask(scene, answers))
    rebuilding = asyncio.create_task(_rebuild(scene, *MODELS))
    await _until_beside(scene, rebuilding)
    owner = await scene.stage.leader("projector")
    scene.stage.kill(owner)
    scene.did("killed", owner=owner)
    scene.promise(await rebuilding == 0, "the rebuild failed")
    served = await scene.stage.fetchval(
        "SELECT count(*) FROM read_model_version WHERE state = 'live' AND version LIKE '%.%'"  # a rebuild's number
    )
    scene.promise(served == len(MODELS), f"{served} of {len(MODELS)} new versions are served")
    await asyncio.sleep(1)
    scene.promise(await _rebuild(scene, *MODELS, "--rollback") == 0, "there was no way back")
    await asyncio.sleep(1)
    scene.promise(await _rebuild(scene, *MODELS, "--clean-up") == 0, "the new versions did not go")
    await asyncio.sleep(1)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    scene.did("queries", answers=dict(answers))
    scene.promise(set(answers) == {200}, f"queries were answered {dict(answers)}")


async def _rebuild(scene: Scene, *words: str) -> int:
    """`doorbuster rebuild …` of this shop; its exit code. What it says goes into the history."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "doorbuster.cli", "rebuild", *words,
        env=scene.stage.shell, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await child.communicate()
    scene.did("rebuild", words=words, code=child.returncode, said=said.decode(errors="replace").splitlines())
    return child.returncode or 0


async def _until_beside(scene: Scene, rebuilding: "asyncio.Task[int]") -> None:
    """The new versions follow the log, and are not served yet."""
    async with asyncio.timeout(60):
        while not await scene.stage.fetchval("SELECT count(*) FROM read_model_version WHERE state = 'beside'"):
            if rebuilding.done():
                return
            await asyncio.sleep(0.01)


async def _warmed_up(scene: Scene) -> None:
    """A JVM's first searches take longer than the query API waits: that is no matter of a rebuild."""
    async with httpx.AsyncClient(base_url=scene.stage.environment["READ_API_URL"], timeout=10) as client:
        well = 0
        async with asyncio.timeout(60):
            while well < WELL:
                well = well + 1 if (await client.get(SEARCH)).status_code == 200 else 0


async def _ask(scene: Scene, answers: Counter[int]) -> None:
    """Searches and pages, all the time."""
    paths = [SEARCH, *(f"/v1/products/by-sku/{sku}" for sku in scene.skus)]
    async with httpx.AsyncClient(base_url=scene.stage.environment["READ_API_URL"], timeout=10) as client:
        while True:
            for path in paths:
                answer = await client.get(path)
                answers[answer.status_code] += 1
                if answer.status_code != 200:
                    scene.did("refused", path=path, status=answer.status_code, body=answer.text)
                await asyncio.sleep(0.02)


SCENARIOS = (
    Scenario(
        17, "rebuilt while the projector dies", "no query fails; both versions are the fold",
        _rebuilt_while_the_projector_dies,
    ),
)  # fmt: skip
