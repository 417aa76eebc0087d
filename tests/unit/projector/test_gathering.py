"""Events of what only analysts ask gather for a moment, so that most documents are written once."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest

from projector import pipeline as pipeline_module
from projector.chain import stretches
from projector.model import Batch, Folded, ReadModel, Written
from projector.pipeline import Pipeline
from projector.read_models import (
    gift_card_records,
    invoice_records,
    order_records,
    order_status,
    product_search,
    stock_records,
    transfer_records,
)
from shared.shards import order_key
from tests.unit.projector.events import HISTORY, ORDER, placed, recorded


class Sink:
    """Takes everything, and tells what it took."""

    name = "elasticsearch"

    def __init__(self) -> None:
        self.taken: list[Batch] = []

    async def open(self, model: ReadModel) -> None: ...

    async def checkpoint(self, _model: ReadModel, _shard: int) -> int:
        return 0

    async def load(self, _model: ReadModel, _shard: int, _ids: Sequence[str]) -> Mapping[str, Folded]:
        return {}

    async def write(self, batch: Batch) -> Written:
        if batch.upto != batch.expected:
            self.taken.append(batch)
        return Written(batch.upto)


async def nothing(*_: Any) -> dict[Any, Any]:
    return {}


@asynccontextmanager
async def running(model: ReadModel, sink: Sink, *, caught_up: bool = True) -> AsyncIterator[Pipeline]:
    parking: Any = SimpleNamespace(of=lambda _: {}, skipped=SimpleNamespace(of=nothing))
    pipeline = Pipeline(model, 0, sink, SimpleNamespace(), parking, nothing, asyncio.Semaphore(1))  # type: ignore[arg-type]  # no log
    work = asyncio.create_task(pipeline.run())
    await pipeline.opened.wait()
    if caught_up:
        pipeline.seen_head(0)
    await asyncio.sleep(0.01)
    yield pipeline
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


@pytest.fixture(autouse=True)
def a_long_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gathers does so until all is there, however slow the machine is."""
    monkeypatch.setattr(pipeline_module, "until_next", lambda _every, _now: 0.5)


async def offered_one_by_one(pipeline: Pipeline, sink: Sink) -> None:
    """An order's events, each a moment after the one before it, until all are written."""
    pipeline.offer(stretches([recorded(placed(), order_key(ORDER), 1)]))  # a shop that was quiet
    await reached(pipeline, 1)
    sink.taken.clear()
    for position, event in enumerate(HISTORY[:3], start=2):
        pipeline.offer(stretches([recorded(event, order_key(ORDER), position)]))
        await asyncio.sleep(0.02)
    await reached(pipeline, 4)


async def reached(pipeline: Pipeline, position: int) -> None:
    async with asyncio.timeout(2):
        while pipeline.at < position:
            await asyncio.sleep(0.005)


async def test_what_analysts_ask_is_written_once_for_what_happens_within_a_moment() -> None:
    sink = Sink()
    async with running(order_records.MODEL, sink) as pipeline:
        await offered_one_by_one(pipeline, sink)
    assert [(batch.expected, batch.upto) for batch in sink.taken] == [(1, 4)]
    [change] = sink.taken[0].changes
    assert change.after.position == 4


async def test_what_customers_see_waits_for_nothing() -> None:
    sink = Sink()
    async with running(order_status.MODEL, sink) as pipeline:
        await offered_one_by_one(pipeline, sink)
    assert [(batch.expected, batch.upto) for batch in sink.taken] == [(1, 2), (2, 3), (3, 4)]


async def test_whoever_is_behind_waits_for_nothing() -> None:
    sink = Sink()
    async with running(order_records.MODEL, sink, caught_up=False) as pipeline:
        await offered_one_by_one(pipeline, sink)
    assert len(sink.taken) == 3


@pytest.mark.parametrize(
    "model",
    [each.MODEL for each in (order_records, invoice_records, gift_card_records, stock_records, transfer_records)],
)
def test_it_is_less_than_searches_of_analysts_are_behind_anyway(model: ReadModel) -> None:
    assert 0 < model.gather < 1


def test_what_shoppers_search_waits_for_nothing() -> None:
    assert product_search.MODEL.gather == 0
