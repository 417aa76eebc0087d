"""Promotions that pages show, as last seen: all of them, at most once a second, since any may concern a page."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from redis.exceptions import RedisError

from read_side.documents import BEHIND, Documents, Found
from shared.documents.promotions import ON_PAGES, PROMOTIONS, ShownPromotion, told
from shared.http.problems import Problem
from shared.position import Position
from shared.promotion_rule import Offer, is_running
from shared.shown_prices import Promotions

KEPT_SECONDS = 1.0  # so long an announcement may go unseen; beginning and end of one that is known are known before

_document = msgspec.json.Decoder(ShownPromotion)


class Known(NamedTuple):
    """The promotions, something that tells this state from others, and why they may be out of date, if they may."""

    promotions: Promotions = ()
    mark: str = ""
    stale: str | None = None

    def running(self, now: datetime) -> bool:
        """Whether any is in force."""
        return bool(self.offers(now))

    def offers(self, now: datetime) -> list[Offer]:
        """Those in force."""
        terms = ((each.id, each.steps[-1].terms) for each in self.promotions)
        return [Offer(id_, said) for id_, said in terms if said and is_running(said, now)]

    def moments(self) -> list[datetime]:
        """When one begins or ends."""
        terms = (each.steps[-1].terms for each in self.promotions)
        return [moment for said in terms if said for moment in (said.starts_at, said.ends_at) if moment]


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
        return not self._last.promotions or not self._last.running(datetime.now(UTC))

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
            there = [each for each in found if each is not None]
            self._last = Known(self._decoded(there), "".join(each.etag for each in there), None if filled else BEHIND)
        except (Problem, RedisError, OSError):
            self._last, behind = self._last._replace(stale=BEHIND), None
        self._until = time.monotonic() + KEPT_SECONDS
        return self._last._replace(stale=behind or self._last.stale)

    def _decoded(self, found: Iterable[Found]) -> Promotions:
        return [_document.decode(each.body) for each in found]
