"""Product types: one document, kept decoded for as long as it stays the same."""

import contextlib
import time
from collections.abc import Mapping

import msgspec
from redis.exceptions import RedisError

from read_side.answers import CATALOG, Answer
from read_side.documents import Documents, Found
from shared.documents.product_types import MODEL, THE_ONE, ProductTypes
from shared.events.product_types import Attribute
from shared.http.problems import Problem
from shared.position import Position
from shared.shards import PRODUCT_TYPES

KEPT_SECONDS = 1.0
_types = msgspec.json.Decoder(ProductTypes)


class Types:
    """The types as last seen."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._declared: Mapping[str, Attribute] = {}
        self._etag, self._until = "", 0.0

    async def declared(self) -> Mapping[str, Attribute]:
        """Attributes by name, whatever types declare them; while they can't be read the last ones seen."""
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + KEPT_SECONDS
            with contextlib.suppress(Problem, RedisError, OSError):
                await self._refresh()
        return self._declared

    async def _refresh(self) -> None:
        found = await self._find(None)
        if found is None:
            self._declared = {}
        elif found.etag != self._etag:
            told = _types.decode(found.body).types
            self._declared = {attribute.name: attribute for each in told for attribute in each.attributes}
            self._etag = found.etag

    async def _find(self, position: Position | None) -> Found | None:
        return await self._documents.find(MODEL, THE_ONE, PRODUCT_TYPES, position)

    async def all(self, position: Position | None) -> Answer[ProductTypes]:
        """All of them."""
        found = await self._find(position)
        return Answer.made(ProductTypes([]), CATALOG) if found is None else Answer.of(found, CATALOG)
