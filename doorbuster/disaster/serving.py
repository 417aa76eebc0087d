"""From restored databases to full service: everything up, and the read models filled."""

import asyncio
import os
import time
from collections.abc import Mapping

from redis.exceptions import RedisError

from doorbuster import running
from doorbuster.disaster.archive import VARIABLE, Archive
from doorbuster.home import Home
from doorbuster.state import State
from projector.read_models.all import READ_MODELS
from projector.redis_sink import connect
from read_side.watch import Watch

FILL_SECONDS = 3600.0


class NotFilled(RuntimeError):
    """The read models are not complete in time."""


def start(home: Home, archive: Archive, epoch: int) -> State:
    """Everything up, and every read model complete under this epoch. Raises `StartFailed`, `NotFilled`."""
    os.environ[VARIABLE] = str(archive.folder)  # the supervisor goes on archiving there
    found = running.up(home, "all")
    asyncio.run(_until_filled(found.environment, epoch))
    return found


async def _until_filled(environment: Mapping[str, str], epoch: int) -> None:
    deadline = time.monotonic() + FILL_SECONDS
    async with connect(environment["REDIS_URL"]) as redis:
        watch = Watch(redis)
        while True:
            try:
                await watch.look()
            except (RedisError, OSError):
                pass  # it reads its own file first
            else:
                board = watch.board
                if board.epoch == epoch and all(board.is_ready(model.name) for model in READ_MODELS):
                    return
            if time.monotonic() > deadline:
                raise NotFilled(f"not every read model is complete after {FILL_SECONDS:.0f} seconds")
            await asyncio.sleep(0.1)
