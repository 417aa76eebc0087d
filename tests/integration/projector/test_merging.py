"""What many writes left in many segments becomes one once it is quiet, and not before."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from elasticsearch import AsyncElasticsearch

from projector import merging
from projector.merging import Merging

LOOK, QUIET = 0.05, 1.0
PATIENT, PAUSE = 3.0, 0.1  # even a busy machine writes again within the one after the other
PARTS, EACH = 6, 20


@pytest.fixture
async def client(elasticsearch_url: str) -> AsyncIterator[AsyncElasticsearch]:
    async with AsyncElasticsearch(elasticsearch_url) as client:
        yield client


@pytest.fixture
async def index(client: AsyncElasticsearch, index_prefix: str) -> str:
    """An index of products that were written in several goes."""
    name = f"{index_prefix}merging"
    await client.indices.create(index=name, settings={"refresh_interval": "-1"})
    for part in range(PARTS):
        await write(client, name, part * EACH, EACH)
    return name


async def write(client: AsyncElasticsearch, index: str, first: int, number: int) -> None:
    ids = range(first, first + number)
    lines = [line for id_ in ids for line in ({"index": {"_id": str(id_)}}, {"name": f"lamp {id_}"})]
    await client.bulk(index=index, operations=lines, refresh=True)


@contextmanager
def at_work(client: AsyncElasticsearch, index: str, quiet: float = QUIET) -> Iterator[None]:
    task = asyncio.create_task(Merging(client, lambda: [index], look=LOOK, quiet=quiet).run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()


async def segments(client: AsyncElasticsearch, index: str) -> int:
    told = await client.indices.stats(index=index, metric="segments")
    count: int = told["_all"]["primaries"]["segments"]["count"]
    return count


async def becomes_one(client: AsyncElasticsearch, index: str) -> None:
    async with asyncio.timeout(20):
        while await segments(client, index) > 1:
            await asyncio.sleep(LOOK)


async def test_segments_become_one_when_it_is_quiet(client: AsyncElasticsearch, index: str) -> None:
    assert await segments(client, index) == PARTS
    with at_work(client, index):
        await becomes_one(client, index)
    assert (await client.count(index=index))["count"] == PARTS * EACH


async def test_nothing_is_merged_while_somebody_writes(
    client: AsyncElasticsearch, index: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "projector.merging")
    with at_work(client, index, PATIENT):
        for part in range(int(PATIENT * 2 / PAUSE)):
            await asyncio.sleep(PAUSE)
            await write(client, index, 1_000 + part * EACH, EACH)
            said = [record.name for record in caplog.records]
            assert merging.__name__ not in said  # Elasticsearch itself may merge some of them


async def test_what_comes_later_is_merged_later_and_a_little_is_let_be(client: AsyncElasticsearch, index: str) -> None:
    with at_work(client, index):
        await becomes_one(client, index)
        await write(client, index, 1_000, EACH)
        await becomes_one(client, index)
        await write(client, index, 2_000, 3)
        await asyncio.sleep(QUIET * 2)
        assert await segments(client, index) == 2


async def test_an_index_that_is_gone_for_a_while_is_seen_to_when_it_is_back(
    client: AsyncElasticsearch, index: str
) -> None:
    await client.indices.delete(index=index)
    with at_work(client, index):
        await asyncio.sleep(QUIET)
        await client.indices.create(index=index, settings={"refresh_interval": "-1"})
        for part in range(PARTS):
            await write(client, index, part * EACH, EACH)
        await becomes_one(client, index)


@pytest.mark.parametrize(
    ("segments", "worth"),
    [
        ([], False),
        ([(100, 0)], False),
        ([(100, 11)], False),
        ([(100, 12)], True),  # dead ones
        ([(100, 0), (10, 0)], False),
        ([(100, 0), (10, 2)], True),
    ],
)
def test_a_tenth_outside_of_the_greatest_segment_is_worth_it(segments: list[tuple[int, int]], worth: bool) -> None:
    assert merging.worthwhile(segments) is worth
