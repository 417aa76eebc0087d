"""Searches and behaviour on their way to Elasticsearch, over real servers: all of it arrives once, or is counted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from elasticsearch import AsyncElasticsearch, TransportError
from redis.asyncio import Redis

from projector import elasticsearch_sink, metrics, redis_sink
from projector.observations import Observations
from read_side.app import create_app
from shared.documents.observations import BEHAVIOUR, index_of, reader_key, stream_key
from shared.ids import uuid7
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.integration.projector.test_documents import until
from tests.integration.read_side.conftest import settings_of

SESSION = "visit-of-somebody-0001"
TODAY = datetime.now(UTC).replace(hour=12)  # entries are of this day, though midnight pass while the tests run


def batch(*whats: str, session: str = SESSION, **more: Any) -> dict[str, Any]:
    events = [{"what": what, "product_id": str(uuid7())} for what in whats]
    return {"consent": True, "session": session, "events": events} | more


class Bringing:
    """The projector's part, step by step."""

    def __init__(self, settings: Settings, redis: "Redis", client: AsyncElasticsearch) -> None:
        self.settings, self.redis, self.elasticsearch = settings, redis, client
        self.observations = Observations(settings)

    async def bring(self, kind: str) -> None:
        await self.observations.bring(kind, self.redis, self.elasticsearch)

    async def found(self, kind: str) -> list[Any]:
        """All documents behind the alias."""
        index = self.settings.index_prefix + kind
        await self.elasticsearch.indices.refresh(index=index)
        hits = (await self.elasticsearch.search(index=index, size=100, sort="_doc"))["hits"]["hits"]
        return [hit["_source"] for hit in hits]

    async def waiting(self, kind: str) -> int:
        """How many entries lie in the stream."""
        return int(await self.redis.xlen(stream_key(kind)))

    async def put(self, kind: str, count: int) -> None:
        """As many entries as if the query API had put them there."""
        body = b'{"at":"2026-11-27T00:00:00Z","what":"view","product_id":"%d","session":"s","rank":null,"text":null}'
        for n in range(count):
            await self.redis.xadd(stream_key(kind), {"body": body % n}, id=f"{TODAY.timestamp() * 1000:.0f}-*")


@pytest.fixture
def settings(redis_url: str, elasticsearch_url: str, index_prefix: str) -> Settings:
    return settings_of(redis_url, elasticsearch_url, index_prefix)


@pytest.fixture
async def bringing(settings: Settings) -> AsyncIterator[Bringing]:
    async with (
        redis_sink.connect(settings.redis_url) as redis,
        elasticsearch_sink.connect(settings.elasticsearch_url) as client,
    ):
        yield Bringing(settings, redis, client)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(settings)) as client:
        yield client


def lost(kind: str, why: str) -> float:
    return float(metrics.UNOBSERVED.labels(kind, why)._value.get())


async def test_what_visitors_did_arrives_once_and_names_no_session(api: httpx.AsyncClient, bringing: Bringing) -> None:
    answer = await api.post("/v1/behaviour", json=batch("view", "click", "add"))
    assert (answer.status_code, answer.json()) == (202, {"taken": 3})

    async def has_come() -> bool:
        return await bringing.waiting(BEHAVIOUR) == 3

    await until(has_come)
    await bringing.bring(BEHAVIOUR)
    await bringing.redis.delete(reader_key(BEHAVIOUR))  # as if it had died before it noted where it was
    await bringing.bring(BEHAVIOUR)
    found = await bringing.found(BEHAVIOUR)
    assert sorted(each["what"] for each in found) == ["add", "click", "view"]
    assert {len(each["session"]) for each in found} == {24}
    assert SESSION not in str(found)


async def test_nothing_is_taken_without_consent_nor_more_than_may_come(api: httpx.AsyncClient) -> None:
    async def refused(body: dict[str, Any]) -> tuple[int, str]:
        answer = await api.post("/v1/behaviour", json=body)
        return answer.status_code, answer.json()["code"]

    assert await refused(batch("view", consent=False)) == (403, "consent_required")
    assert await refused(batch(*["view"] * 51)) == (400, "invalid_input")
    assert await refused(batch()) == (400, "invalid_input")
    assert await refused(batch("bought")) == (400, "invalid_input")
    assert await refused(batch("view", session="short")) == (400, "invalid_input")
    assert await refused(batch("view", mail="ada@example.org")) == (400, "invalid_input")
    codes = [(await api.post("/v1/behaviour", json=batch("view", session="y" * 20))).status_code for _ in range(12)]
    assert codes[0] == 202
    assert codes[-1] == 429


async def test_what_was_trimmed_before_it_was_taken_is_counted_as_lost(bringing: Bringing) -> None:
    before = lost(BEHAVIOUR, "trimmed")
    await bringing.put(BEHAVIOUR, 10)
    await bringing.bring(BEHAVIOUR)
    await bringing.put(BEHAVIOUR, 20)
    await bringing.redis.xtrim(stream_key(BEHAVIOUR), maxlen=5, approximate=False)
    for _ in range(3):
        await bringing.bring(BEHAVIOUR)
    await bringing.put(BEHAVIOUR, 1)
    await bringing.bring(BEHAVIOUR)
    assert lost(BEHAVIOUR, "trimmed") - before == 15
    assert len(await bringing.found(BEHAVIOUR)) == 10 + 5 + 1


async def test_days_that_are_too_long_ago_are_deleted_and_a_lost_index_is_made_again(bringing: Bringing) -> None:
    client, today = bringing.elasticsearch, TODAY.date()
    await bringing.observations.sweep(client, today - timedelta(days=bringing.settings.observed_days + 1))
    await bringing.observations.sweep(client, today - timedelta(days=bringing.settings.observed_days))
    assert await days(bringing) == 2
    await bringing.observations.sweep(client, today)
    assert await days(bringing) == 2, "the last day that is kept, and today"
    await client.indices.delete(index=index_of(bringing.settings.index_prefix, BEHAVIOUR, today))
    await bringing.put(BEHAVIOUR, 1)
    with pytest.raises(TransportError, match="404"):
        await bringing.bring(BEHAVIOUR)
    await bringing.bring(BEHAVIOUR)
    assert len(await bringing.found(BEHAVIOUR)) == 1


async def days(bringing: Bringing) -> int:
    """How many days of behaviour there are."""
    return len(await bringing.elasticsearch.indices.get_alias(name=bringing.settings.index_prefix + BEHAVIOUR))
