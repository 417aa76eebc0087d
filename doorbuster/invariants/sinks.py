"""What lies in Redis and Elasticsearch: states, documents and names, as they were written."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import msgspec
from elasticsearch import AsyncElasticsearch, NotFoundError
from elasticsearch.serializer import CompatibilityModeJsonSerializer
from msgspec import Raw, Struct, field
from redis.asyncio import Redis

from projector import elasticsearch_sink, redis_sink
from projector.model import ReadModel
from shared.documents.layout import document_key, index_name, lookup_key, shards_key, state_key

CHUNK = 500
PAGE = 1_000  # documents of one answer where all are read: a few megabytes, which a small heap has room for
SCROLL = "5m"


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


class Kept(NamedTuple):
    """The bytes of one state as Redis has them, None where there are none, and of its documents."""

    state: bytes | None
    documents: dict[str, bytes]

    def lying(self) -> Lying:
        """Decoded."""
        return Lying(*_state(self.state), dict(self.documents))


class Hit(Struct, frozen=True):
    """A document of Elasticsearch and the state in it, as the bytes that were sent."""

    id: str = field(name="_id")
    version: int = field(name="_version")
    source: Raw = field(name="_source")

    def lying(self) -> Lying:
        """Decoded."""
        document = msgspec.json.decode(self.source)
        state = document.pop("fold", None)
        return Lying(self.version, state, {self.id: document})


class _Hits(Struct, frozen=True):
    hits: list[Hit]


class _Page(Struct, frozen=True):
    hits: _Hits
    scroll_id: str = field(name="_scroll_id")


class _Pages(CompatibilityModeJsonSerializer):
    """Reads pages of hits without taking documents apart: whoever compares bytes needs no more."""

    def loads(self, data: bytes) -> Any:
        return msgspec.json.decode(data, type=_Page) if data.startswith(b'{"_scroll_id"') else super().loads(data)


class Everything(NamedTuple):
    """What lies in Redis under one version's names."""

    states: set[str]
    documents: set[str]
    names: dict[tuple[str, str], str]  # (field, value) → the id that this name leads to


class RedisView:
    """The read models in Redis."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def checkpoints(self, model: ReadModel) -> dict[int, int]:
        """Shard → up to where it was applied. Those of Elasticsearch's models are told here, too."""
        found = await self._redis.hgetall(shards_key(model.slot))
        return {int(field): int(value) for field, value in found.items() if field.isdigit()}

    async def read(self, model: ReadModel, wanted: Mapping[str, Iterable[str]]) -> dict[str, Kept]:
        """Of each id its state and these documents, read at one moment."""
        names = [(id_, document) for id_, documents in wanted.items() for document in documents]
        keys = [state_key(model.slot, id_) for id_ in wanted] + [document_key(model.slot, name) for _, name in names]
        values = await self._redis.mget(keys)
        found = {}
        for id_, value in zip(wanted, values, strict=False):
            found[id_] = Kept(_bytes(value), {})
        for (id_, name), value in zip(names, values[len(wanted) :], strict=True):
            if value is not None:
                found[id_].documents[name] = _bytes(value) or b""
        return found

    async def claims(self, model: ReadModel) -> dict[tuple[str, str], int]:
        """(field, value) → the position at which this name was claimed."""
        found: dict[tuple[str, str], int] = {}
        for name, position in (await self._redis.hgetall(f"{model.slot}:claims")).items():
            field, _, value = _text(name).partition(":")
            found[field, value] = int(position)
        return found

    async def everything(self, model: ReadModel) -> Everything:
        """All that lies there, in one walk through the keys."""
        prefixes = [state_key(model.slot, ""), document_key(model.slot, ""), lookup_key(model.slot, "", "")[:-1]]
        found: list[list[str]] = [[], [], []]
        async for key in self._redis.scan_iter(match=_literally(f"{model.slot}:") + "*", count=PAGE):
            name = _text(key)
            for kind, prefix in enumerate(prefixes):
                if name.startswith(prefix):
                    found[kind].append(name[len(prefix) :])
        return Everything(set(found[0]), set(found[1]), await self._leading(prefixes[2], found[2]))

    async def _leading(self, prefix: str, listed: Sequence[str]) -> dict[tuple[str, str], str]:
        found = {}
        for names in in_chunks(listed, PAGE):
            for name, id_ in zip(names, await self._redis.mget([prefix + name for name in names]), strict=True):
                field_, _, value = name.partition(":")
                if id_ is not None:  # given up since it was listed
                    found[field_, value] = _text(id_)
        return found


def _literally(pattern: str) -> str:
    return re.sub(r"([*?\[\]\\])", r"\\\1", pattern)


def _state(value: bytes | str | None) -> tuple[int, Any]:
    """Position and state; 0 where there is none, or none that can be read."""
    if value is None:
        return 0, None
    try:
        state = msgspec.json.decode(value)
        return int(state["position"]), state
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 0, repr(value)


def _bytes(value: bytes | str | None) -> bytes | None:
    """The client's types know both; ours answers bytes."""
    return value.encode() if isinstance(value, str) else value


def _text(value: bytes | str) -> str:
    """The client's types know both; ours answers bytes."""
    return value.decode() if isinstance(value, bytes) else value


class ElasticsearchView:
    """The read models in Elasticsearch."""

    def __init__(self, client: AsyncElasticsearch, prefix: str) -> None:
        self._client, self._prefix = client, prefix

    async def read(self, model: ReadModel, ids: Sequence[str] | None = None) -> dict[str, Hit] | None:
        """All documents of the model, or some; None if there is no index."""
        index = index_name(self._prefix, model.name, model.version)
        try:
            if ids is not None:
                return await self._read(index, ids)
            await self._client.indices.refresh(index=index)
            return {hit.id: hit async for hit in self._all(index)}
        except NotFoundError:
            return None

    async def _all(self, index: str) -> AsyncIterator[Hit]:
        """The next page is fetched while this one is looked at."""
        answer = await self._client.search(index=index, scroll=SCROLL, size=PAGE, sort="_doc", version=True)
        page: _Page = answer.body
        try:
            while page.hits.hits:
                coming = asyncio.create_task(self._client.scroll(scroll_id=page.scroll_id, scroll=SCROLL))
                for hit in page.hits.hits:
                    yield hit
                page = (await coming).body
        finally:
            await self._client.clear_scroll(scroll_id=page.scroll_id)

    async def _read(self, index: str, ids: Sequence[str]) -> dict[str, Hit]:
        found: dict[str, Hit] = {}
        for some in in_chunks(ids):
            answer = await self._client.mget(index=index, ids=list(some))
            if any("error" in hit for hit in answer["docs"]):
                await self._client.indices.refresh(index=index)  # raises what is wrong with it
            for hit in answer["docs"]:
                if hit["found"]:
                    found[hit["_id"]] = Hit(hit["_id"], hit["_version"], Raw(msgspec.json.encode(hit["_source"])))
        return found


def connect(stores: Stores) -> tuple["Redis", AsyncElasticsearch]:
    """Clients as the projector has them."""
    client = AsyncElasticsearch(
        stores.elasticsearch_url,
        request_timeout=elasticsearch_sink.REQUEST_TIMEOUT,
        max_retries=0,
        serializers={_Pages.mimetype: _Pages()},
    )
    return redis_sink.connect(stores.redis_url), client


def in_chunks(ids: Sequence[str], size: int = CHUNK) -> list[Sequence[str]]:
    """Ids in handy portions."""
    return [ids[at : at + size] for at in range(0, len(ids), size)]
