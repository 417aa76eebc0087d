"""What lies in Redis and Elasticsearch: states, documents and names, as they were written."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeVar

import msgspec
from elasticsearch import AsyncElasticsearch
from msgspec import Raw, Struct
from redis.asyncio import Redis

from projector import elasticsearch_sink, redis_sink
from projector.model import ReadModel, Rendered
from projector.raw_hits import Hit, Page, Pages
from shared.documents.layout import claims_key, document_key, index_name, lookup_key, shards_key, state_key

T = TypeVar("T")

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


Name = tuple[str, str]  # (field, value): the SKU, "4711"


class Kept(NamedTuple):
    """The bytes of one state as Redis has them, None where there are none, and of its documents; where its names lead,
    and since which positions."""

    state: bytes | None
    documents: dict[str, bytes]
    names: dict[Name, str]
    claims: dict[Name, int]

    def lying(self) -> Lying:
        """Decoded."""
        return Lying(*_state(self.state), dict(self.documents))


def of_hit(hit: Hit) -> Lying:
    """A document of Elasticsearch and the state in it, decoded."""
    document = msgspec.json.decode(hit.source)
    state = document.pop("fold", None)
    for beside in ("shown", "priced"):  # prices by the clock: of no event, and written again whenever they change
        document.pop(beside, None)
    return Lying(hit.version, state, {hit.id: document})


class Beside(NamedTuple):
    """What lies in Redis under one version's names beside what is expected."""

    states: set[str]
    documents: set[str]
    names: set[Name]


class RedisView:
    """The read models in Redis."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def checkpoints(self, model: ReadModel) -> dict[int, int]:
        """Shard → up to where it was applied. Those of Elasticsearch's models are told here, too."""
        found = await self._redis.hgetall(shards_key(model.slot))
        return {int(field): int(value) for field, value in found.items() if field.isdigit()}

    async def read(self, model: ReadModel, wanted: Mapping[str, Rendered]) -> dict[str, Kept]:
        """Of each id its state, the documents and the names that it is shown by."""
        documents = [(id_, name) for id_, shown in wanted.items() for name in shown.documents]
        names = [(id_, name) for id_, shown in wanted.items() for name in shown.lookups]
        keys = [state_key(model.slot, id_) for id_ in wanted]
        keys += [document_key(model.slot, name) for _, name in documents]
        values = await self._redis.mget(keys)  # at one moment
        found = {id_: Kept(_bytes(value), {}, {}, {}) for id_, value in zip(wanted, values, strict=False)}
        for (id_, document), value in zip(documents, values[len(wanted) :], strict=True):
            if value is not None:
                found[id_].documents[document] = _bytes(value) or b""
        there, claims = await self.names(model, [name for _, name in names])
        for id_, name in names:
            if name in there:
                found[id_].names[name] = there[name]
            if name in claims:
                found[id_].claims[name] = claims[name]
        return found

    async def values(
        self, model: ReadModel, keys: Sequence[bytes], names: Sequence[Name]
    ) -> tuple[list[bytes | None], list[int]]:
        """What lies under these keys, and since which positions names are claimed (0: not at all), at one moment."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.mget(keys)
            if names:
                pipe.hmget(_claims(model), [":".join(name) for name in names])
            values, *claims = await pipe.execute()
        return values, [int(at or 0) for each in claims for at in each]

    async def names(self, model: ReadModel, wanted: Sequence[Name]) -> tuple[dict[Name, str], dict[Name, int]]:
        """Where these names lead, and the positions at which they were claimed."""
        there: dict[Name, str] = {}
        claimed: dict[Name, int] = {}
        for names in in_chunks(wanted, PAGE):
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.mget([lookup_key(model.slot, *name) for name in names])
                pipe.hmget(_claims(model), [":".join(name) for name in names])
                ids, positions = await pipe.execute()
            there |= {name: _text(id_) for name, id_ in zip(names, ids, strict=True) if id_ is not None}
            claimed |= {name: int(at) for name, at in zip(names, positions, strict=True) if at is not None}
        return there, claimed

    async def claimed_beside(self, model: ReadModel, known: Collection[Name]) -> set[Name]:
        """Names that are claimed, without these, which are."""
        if await self._redis.hlen(_claims(model)) == len(known):
            return set()
        return {_name(_text(name)) for name in await self._redis.hkeys(_claims(model))}.difference(known)

    async def beside(self, model: ReadModel, expected: Collection[bytes]) -> Beside:
        """What lies there beside these keys, in one walk through all."""
        prefixes = [state_key(model.slot, ""), document_key(model.slot, ""), lookup_key(model.slot, "", "")[:-1]]
        found: list[set[str]] = [set(), set(), set()]
        cursor, pattern = -1, _literally(f"{model.slot}:") + "*"
        while cursor:
            cursor, keys = await self._redis.scan(max(cursor, 0), match=pattern, count=PAGE)
            for key in map(_text, set(keys).difference(expected)):
                for kind, prefix in zip(found, prefixes, strict=True):
                    if key.startswith(prefix):
                        kind.add(key[len(prefix) :])
        return Beside(found[0], found[1], {_name(name) for name in found[2]})


def _claims(model: ReadModel) -> str:
    return claims_key(model.slot)


def _name(told: str) -> Name:
    field_, _, value = told.partition(":")
    return field_, value


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

    async def pages(self, model: ReadModel, ids: Sequence[str] | None = None) -> AsyncIterator[Sequence[Hit]]:
        """All documents of the model, or some, page by page. Raises `NotFoundError` if there is no index.

        The next page is on its way while one is looked at, as long as whoever looks lets the loop go round.
        """
        index = index_name(self._prefix, model.name, model.version)
        if ids is not None:
            for some in in_chunks(ids):
                yield await self._read(index, some)
            return
        await self._client.indices.refresh(index=index)
        answer = await self._client.search(index=index, scroll=SCROLL, size=PAGE, sort="_doc", version=True)
        page: Page = answer.body
        try:
            while page.hits.hits:
                coming = asyncio.create_task(self._client.scroll(scroll_id=page.scroll_id, scroll=SCROLL))
                yield page.hits.hits
                page = (await coming).body
        finally:
            await self._client.clear_scroll(scroll_id=page.scroll_id)

    async def _read(self, index: str, ids: Sequence[str]) -> list[Hit]:
        answer = await self._client.mget(index=index, ids=list(ids))
        if any("error" in hit for hit in answer["docs"]):
            await self._client.indices.refresh(index=index)  # raises what is wrong with it
        return [
            Hit(hit["_id"], hit["_version"], Raw(msgspec.json.encode(hit["_source"])))
            for hit in answer["docs"]
            if hit["found"]
        ]


def connect(stores: Stores) -> tuple["Redis", AsyncElasticsearch]:
    """Clients as the projector has them."""
    client = AsyncElasticsearch(
        stores.elasticsearch_url,
        request_timeout=elasticsearch_sink.REQUEST_TIMEOUT,
        max_retries=0,
        serializers={Pages.mimetype: Pages()},
    )
    return redis_sink.connect(stores.redis_url), client


def in_chunks(ids: Sequence[T], size: int = CHUNK) -> list[Sequence[T]]:
    """Ids, or whatever else there are many of, in handy portions."""
    return [ids[at : at + size] for at in range(0, len(ids), size)]
