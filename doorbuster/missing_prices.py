"""How many prices an index of products lacks before it may be served: for who waits for that."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from elasticsearch import ApiError, AsyncElasticsearch, BadRequestError, TransportError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from projector.elasticsearch_sink import Index
from projector.indices import Indices
from projector.model import ReadModel
from projector.price_slots.filling import Filling, connect
from projector.price_slots.pricer import lacking_in
from projector.price_slots.shown import Pricing
from projector.rebuild import BuildFailed
from shared.documents.products import SEARCH
from shared.settings import Settings

SECONDS = 2.0  # each look has the index refreshed


class MissingPrices:
    """Of the index of products among these models, if one is."""

    def __init__(self, client: AsyncElasticsearch, redis: "Redis", indices: Indices, model: ReadModel | None) -> None:
        self._client, self._redis, self._indices, self._model = client, redis, indices, model
        self._filling = Filling(client, Pricing)
        self._looked_at, self._found = 0.0, 0

    async def look(self) -> int:
        """How many, as of a moment ago; what was found last while Elasticsearch or Redis does not answer. Raises
        `BuildFailed` where Elasticsearch refuses to count them: it is not to be served before they are."""
        if self._model is not None and time.monotonic() - self._looked_at >= SECONDS:
            try:
                self._found = await self._count(self._model)
            except BadRequestError as error:
                raise BuildFailed(f"Elasticsearch refuses to count the prices that are missing: {error}") from error
            except (ApiError, TransportError, RedisError):
                pass
            self._looked_at = time.monotonic()
        return self._found

    async def _count(self, model: ReadModel) -> int:
        name = self._indices.name(model)
        life = (await self._indices.uuids([model])).get(name)
        if life is None:
            return 0
        return await lacking_in(self._redis, self._filling, Index(name, life, served=False), datetime.now(UTC))


@asynccontextmanager
async def missing_prices(
    settings: Settings, redis: "Redis", models: Sequence[ReadModel]
) -> AsyncIterator[MissingPrices]:
    """Nothing is asked where no index of products is among the models."""
    client = connect(settings.elasticsearch_url)
    try:
        model = next((model for model in models if model.name == SEARCH), None)
        yield MissingPrices(client, redis, Indices(client, settings.index_prefix, ""), model)
    finally:
        await client.close()
