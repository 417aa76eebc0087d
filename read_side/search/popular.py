"""What is bought most, as the recommender counted it: a gentle signal, looked at now and then."""

import contextlib
import time
from collections.abc import Sequence

import msgspec
from redis.exceptions import RedisError

from read_side.documents import Documents
from shared.documents.recommendations import EVERYWHERE, popular_key
from shared.http.problems import Problem

KEPT_SECONDS = 10.0
_ids = msgspec.json.Decoder(list[str])


class PopularShelf:
    """The products that are bought most, the most bought first, as last seen."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._last: Sequence[str] = ()
        self._until = 0.0

    async def read(self) -> Sequence[str]:
        """Their ids; none as long as nothing was counted. While Redis is gone, those last seen."""
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + KEPT_SECONDS  # before the question: whoever comes meanwhile need not ask
            with contextlib.suppress(Problem, RedisError, OSError):
                [found] = await self._documents.raw([popular_key(EVERYWHERE)])
                self._last = _ids.decode(found) if found else ()
        return self._last
