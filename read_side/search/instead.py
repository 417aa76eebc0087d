"""What a search offers while Elasticsearch is down: what Redis has. The answer stays a 503, so that nobody takes it for
a result, keeps it, or counts it as one.
"""

import contextlib
from collections.abc import Sequence
from uuid import UUID

from redis.exceptions import RedisError

from read_side.documents import Documents
from read_side.products.queries import AsAsked, kept_form
from read_side.recommendations.queries import Adviser, Recommended
from shared.documents.products import PAGE
from shared.http.problems import Problem, unavailability

DOWN = unavailability("elasticsearch").code
OFFERED = 8


class Instead:
    """Finds something to offer."""

    def __init__(self, documents: Documents, adviser: Adviser) -> None:
        self._documents, self._adviser = documents, adviser

    async def offered(self, text: str, category: UUID | None, as_asked: AsAsked) -> Sequence[Recommended]:
        """The product whose SKU or EAN was typed, then what is popular in the category and everywhere. Nothing if Redis
        can't tell."""
        with contextlib.suppress(Problem, RedisError, OSError):
            return await self._adviser.at_hand(await self._named(text), category, as_asked, OFFERED)
        return ()

    async def _named(self, text: str) -> list[UUID]:
        if not text or " " in text:
            return []
        found = [
            await self._documents.look_up(PAGE, "sku", text),
            await self._documents.look_up(PAGE, "ean", kept_form("ean", text)),
        ]
        return [UUID(id_) for id_ in found if id_]
