"""Price lists as last seen, so that a page asks Redis for each at most once a second."""

import time
from collections.abc import Iterable

import msgspec
from redis.exceptions import RedisError

from read_side.documents import BEHIND, Documents
from shared.documents.prices import LISTS, ShownPriceList
from shared.http.problems import Problem
from shared.position import Position
from shared.shown_prices import Lists

KEPT_SECONDS = 1.0  # so long a change of a list's terms may go unseen; its beginning and end are known before
MOST = 10_000  # lists that are kept

_document = msgspec.json.Decoder(ShownPriceList)


class PriceListShelf:
    """The lists that pages name."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._kept: dict[str, tuple[float, ShownPriceList | None]] = {}

    async def lists(self, ids: Iterable[str], position: Position | None) -> tuple[Lists, str | None]:
        """Lists by id, and `behind` if one can't be told: an unknown one asks nothing."""
        now, wanted = time.monotonic(), list(ids)
        missing = [id_ for id_ in wanted if position is not None or self._kept.get(id_, (0.0, None))[0] <= now]
        seen = self._seen(wanted)  # before others may be dropped to make room, as last seen is better than none
        stale = await self._read(missing, position, now + KEPT_SECONDS) if missing else None
        seen |= self._seen(wanted)
        return {id_: known for id_, known in seen.items() if known is not None}, stale

    def _seen(self, ids: list[str]) -> dict[str, ShownPriceList | None]:
        return {id_: self._kept[id_][1] for id_ in ids if id_ in self._kept}

    async def _read(self, ids: list[str], position: Position | None, until: float) -> str | None:
        try:
            behind = None if position is None else await self._documents.behind(LISTS, None, position)
            found = await self._documents.find_all(LISTS, ids)
        except (Problem, RedisError, OSError):  # as last seen is better than no page
            return BEHIND
        if len(self._kept) > MOST:
            self._kept.clear()
        for id_, each in zip(ids, found, strict=True):
            self._kept[id_] = (until, None if each is None else _document.decode(each.body))
        return behind
