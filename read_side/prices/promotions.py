"""Promotions that pages show, as last seen: all of them, at most once a second, since any may concern a page."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from redis.exceptions import RedisError

from read_side.documents import BEHIND, Documents, Found
from shared.documents.promotions import ON_PAGES, PROMOTIONS, ShownPromotion, told
from shared.http.problems import Problem
from shared.position import Position
from shared.promotion_rule import Offer
from shared.shown_promotions import NO_PROMOTIONS, Promotions

KEPT_SECONDS = 1.0  # so long an announcement may go unseen; beginning and end of one that is known are known before

_document = msgspec.json.Decoder(ShownPromotion)


class Known(NamedTuple):
    """The promotions, something that tells this state from others, and why they may be out of date, if they may."""

    promotions: Promotions = NO_PROMOTIONS
    mark: str = ""
    stale: str | None = None

    def running(self, now: datetime) -> bool:
        """Whether any is in force."""
        return bool(self.offers(now))

    def offers(self, now: datetime) -> list[Offer]:
        """Those in force."""
        return self.promotions.in_force(now)


class PromotionShelf:
    """All there are."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._last = Known(stale=BEHIND)
        self._until = 0.0
        self._looking = asyncio.Lock()

    def none_runs(self) -> bool:
        """Whether it is known, without asking, that none is in force."""
        if time.monotonic() >= self._until or self._last.stale is not None:
            return False
        return not self._last.promotions.every or not self._last.running(datetime.now(UTC))

    async def known(self, position: Position | None = None) -> Known:
        """The promotions; while they can't be read those last seen, `behind`."""
        if position is not None:
            return await self._look(position)
        if time.monotonic() >= self._until:
            async with self._looking:  # who comes meanwhile waits: it is one small question a second
                if time.monotonic() >= self._until:
                    await self._look(None)
        return self._last

    async def _look(self, position: Position | None) -> Known:
        try:
            behind = None if position is None else await self._documents.behind(PROMOTIONS, None, position)
            ids = told(await self._documents.all_named(PROMOTIONS, ON_PAGES), datetime.now(UTC))
            found = await self._documents.find_all(PROMOTIONS, ids) if ids else []
            filled = self._documents.board.is_ready(PROMOTIONS)
            known = self._read([each for each in found if each is not None])
            self._last = known._replace(stale=None if filled else BEHIND)
        except (Problem, RedisError, OSError):
            self._last, behind = self._last._replace(stale=BEHIND), None
        self._until = time.monotonic() + KEPT_SECONDS
        return self._last._replace(stale=behind or self._last.stale)

    def _read(self, found: Sequence[Found]) -> Known:
        """What was last read, if these are the same: there may be hundreds, which hardly ever change."""
        mark = blake2b("".join(each.etag for each in found).encode(), digest_size=16).hexdigest() if found else ""
        if mark == self._last.mark:
            return self._last
        return Known(Promotions(_document.decode(each.body) for each in found), mark)
