"""What lies in Redis and Elasticsearch: states, documents and names, as they were written."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import msgspec
from elasticsearch import AsyncElasticsearch, NotFoundError
from elasticsearch.helpers import async_scan
from msgspec import Struct
from redis.asyncio import Redis

from projector import elasticsearch_sink, redis_sink
from projector.model import ReadModel
from shared.documents.layout import document_key, index_name, lookup_key, shards_key, state_key

CHUNK = 500


class Stores(Struct, frozen=True, rename=str.upper):
    """Where log, keys of persons and read models are: some of the settings, by their names."""

    database_url: str
    keyring_url: str
    redis_url: str
    elasticsearch_url: str
    master_key: str
    index_prefix: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Raises `msgspec.ValidationError` naming what is missing."""
        return msgspec.convert(dict(environment), cls)


class Lying(NamedTuple):
    """What was found of one state: where it stands (0: nowhere), the state, and its documents."""

    position: int
    state: Any
    documents: dict[str, Any]


class RedisView:
    """The read models in Redis."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def checkpoints(self, model: ReadModel) -> dict[int, int]:
        """Shard → up to where it was applied. Those of Elasticsearch's models are told here, too."""
        found = await self._redis.hgetall(shards_key(model.slot))
        return {int(field): int(value) for field, value in found.items() if field.isdigit()}

    async def read(self, model: ReadModel, wanted: Mapping[str, Iterable[str]]) -> dict[str, Lying]:
        """Of each id its state and these documents, read at one moment."""
        names = [(id_, document) for id_, documents in wanted.items() for document in documents]
        keys = [state_key(model.slot, id_) for id_ in wanted] + [document_key(model.slot, name) for _, name in names]
        values = await self._redis.mget(keys)
        found = {}
        for id_, value in zip(wanted, values, strict=False):
            found[id_] = Lying(*_state(value), {})
        for (id_, name), value in zip(names, values[len(wanted) :], strict=True):
            if value is not None:
                found[id_].documents[name] = value
        return found

    async def documents(self, model: ReadModel) -> set[str]:
        """Ids of all documents that lie there."""
        return {key async for key in self._names(document_key(model.slot, ""))}

    async def states(self, model: ReadModel) -> set[str]:
        """Ids of all states that lie there."""
        return {key async for key in self._names(state_key(model.slot, ""))}

    async def claims(self, model: ReadModel) -> dict[tuple[str, str], int]:
        """(field, value) → the position at which this name was claimed."""
        found: dict[tuple[str, str], int] = {}
        for name, position in (await self._redis.hgetall(f"{model.slot}:claims")).items():
            field, _, value = _text(name).partition(":")
            found[field, value] = int(position)
        return found

    async def names(self, model: ReadModel) -> dict[tuple[str, str], str]:
        """(field, value) → the id that this name leads to."""
        prefix = lookup_key(model.slot, "", "")[:-1]  # without the colon behind the field
        found = {}
        for names in in_chunks([name async for name in self._names(prefix)]):
            for name, id_ in zip(names, await self._redis.mget([prefix + name for name in names]), strict=True):
                field, _, value = name.partition(":")
                if id_ is not None:  # given up since it was listed
                    found[field, value] = _text(id_)
        return found

    async def _names(self, prefix: str) -> AsyncIterator[str]:
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", prefix) + "*"
        async for key in self._redis.scan_iter(match=pattern, count=1000):
            yield _text(key).removeprefix(prefix)


def _state(value: bytes | str | None) -> tuple[int, Any]:
    """Position and state; 0 where there is none, or none that can be read."""
    if value is None:
        return 0, None
    try:
        state = msgspec.json.decode(value)
        return int(state["position"]), state
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 0, repr(value)


def _text(value: bytes | str) -> str:
    """The client's types know both; ours answers bytes."""
    return value.decode() if isinstance(value, bytes) else value


class ElasticsearchView:
    """The read models in Elasticsearch."""

    def __init__(self, client: AsyncElasticsearch, prefix: str) -> None:
        self._client, self._prefix = client, prefix

    async def read(self, model: ReadModel, ids: Sequence[str] | None = None) -> dict[str, Lying] | None:
        """All documents of the model, or some; None if there is no index."""
        index = index_name(self._prefix, model.name, model.version)
        try:
            if ids is not None:
                return await self._read(index, ids)
            await self._client.indices.refresh(index=index)
            pages = async_scan(self._client, index=index, query={"version": True}, size=CHUNK)
            return {hit["_id"]: _lying(hit) async for hit in pages}
        except NotFoundError:
            return None


    async def _read(self, index: str, ids: Sequence[str]) -> dict[str, Lying]:
        found: dict[str, Lying] = {}
        for some in in_chunks(ids):
            answer = await self._client.mget(index=index, ids=list(some))
            if any("error" in hit for hit in answer["docs"]):
                await self._client.indices.refresh(index=index)  # raises what is wrong with it
            found |= {hit["_id"]: _lying(hit) for hit in answer["docs"] if hit["found"]}
        return found


def _lying(hit: Mapping[str, Any]) -> Lying:
    document = dict(hit["_source"])
    state = document.pop("fold", None)
    return Lying(hit["_version"], state, {hit["_id"]: document})


def connect(stores: Stores) -> tuple["Redis", AsyncElasticsearch]:
    """Clients as the projector has them."""
    return redis_sink.connect(stores.redis_url), elasticsearch_sink.connect(stores.elasticsearch_url)


def in_chunks(ids: Sequence[str]) -> list[Sequence[str]]:
    """Ids in handy portions."""
    return [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)]
