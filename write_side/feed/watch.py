"""Waiting for the log to grow: one look at Postgres for all who wait, and none while nobody does."""

import asyncio

from write_side import event_log
from write_side.database import Pool
from write_side.errors import Refusal

PAUSE = 0.05  # seconds between two looks
MOST_WAITING = 500


class TooManyWaiting(Refusal):
    """So many wait for events already that there is no place for another."""

    status = 503
    code = "too_many_waiting"


class Watch:
    """Knows how far the log is complete while somebody wants to know."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._task: asyncio.Task[None] | None = None

    async def above(self, position: int) -> None:
        """Until the safe position is above this one; whoever asks sets the limit. Raises what Postgres raises."""
        if len(self._waiting) >= MOST_WAITING:
            raise TooManyWaiting("Too many wait for events already.", retry_after=1)
        future = asyncio.get_running_loop().create_future()
        self._waiting[future] = position
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        try:
            await future
        finally:
            self._waiting.pop(future, None)

    async def _look(self) -> None:
        try:
            while self._waiting:
                async with self._pool.acquire() as conn:
                    safe = await event_log.safe_position(conn)
                self._tell(safe)
                await asyncio.sleep(PAUSE if self._waiting else 0)
        except Exception as error:  # theirs to answer: they asked
            for future in [*self._waiting]:
                if not future.done():
                    future.set_exception(error)
        finally:
            self._task = None

    def _tell(self, safe: int) -> None:
        for future, position in [*self._waiting.items()]:
            if safe > position and not future.done():
                future.set_result(None)
                del self._waiting[future]
