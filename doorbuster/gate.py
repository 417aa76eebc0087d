"""`python -m doorbuster.gate`: the comparison of a rebuild, in a process of its own.

It folds the log and renders while the new versions are being filled, on another core and with nothing of the filling's
in its memory, and compares when it is told to. One line of JSON in at the beginning, one when all is filled, one out.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec
from msgspec import Struct

from doorbuster.invariants import read_models
from doorbuster.invariants.folding import Parked, fold_log
from doorbuster.invariants.prepared import prepared
from doorbuster.invariants.read_models import Beforehand
from doorbuster.invariants.sinks import Stores
from projector.keyring import Keyring
from projector.model import ReadModel
from projector.read_models.all import READ_MODELS
from projector.rebuild import BuildFailed
from projector.versions import of_version


class Asked(Struct, frozen=True):
    """Which versions are to be compared, and where they and the log lie."""

    stores: Stores
    versions: dict[str, str]  # read model → version


class Gate:
    """The comparison, as whoever rebuilds asks for it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def differences(self, parked: Parked) -> list[str]:
        """What differs from the log; events of `parked` keys are known to wait. `BuildFailed`: it broke off."""
        said, _ = await self._process.communicate(msgspec.json.encode(parked) + b"\n")
        if self._process.returncode:
            raise BuildFailed(f"the comparison ended with {self._process.returncode}")
        return msgspec.json.decode(said, type=list[str])


@asynccontextmanager
async def opened(stores: Stores, models: Sequence[ReadModel]) -> AsyncIterator[Gate]:
    """It begins to fold; at the end it is gone, however that came."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "doorbuster.gate", stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(Asked(stores, {model.name: model.version for model in models})) + b"\n")
    try:
        yield Gate(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _work(asked: Asked) -> list[str] | None:
    """None if nobody asks any more."""
    gc.disable()  # what is folded stays, and makes no rings: the collector would walk through it for nothing
    models = [of_version(model, asked.versions[model.name]) for model in READ_MODELS if model.name in asked.versions]
    beforehand = await _beforehand(asked.stores, models)
    told = await asyncio.to_thread(sys.stdin.buffer.readline)
    if not told:
        return None
    parked = msgspec.json.decode(told, type=dict[str, dict[str, int]])
    found = await read_models.differences(asked.stores, models=models, parked=parked, beforehand=beforehand)
    return [str(difference) for difference in found]


async def _beforehand(stores: Stores, models: Sequence[ReadModel]) -> Beforehand:
    """All that can be worked out while the versions are being filled."""
    keyring = Keyring(stores.keyring_url, bytes.fromhex(stores.master_key))
    conn = await asyncpg.connect(stores.database_url)
    try:
        folded = await fold_log(conn, models)
        return Beforehand(folded, await prepared(folded, models, keyring))
    finally:
        await conn.close()
        await keyring.close()


def main() -> None:
    """Read, fold, wait, compare, answer."""
    import uvloop

    found = uvloop.run(_work(msgspec.json.decode(sys.stdin.buffer.readline(), type=Asked)))
    if found is not None:
        sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
