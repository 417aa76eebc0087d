"""What Elasticsearch refuses is no outage that passes: it is told, and nobody waits for it."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, BadRequestError

from doorbuster.missing_prices import MissingPrices
from projector.elasticsearch_sink import Index
from projector.price_slots import pricer
from projector.price_slots.filling import Filling
from projector.price_slots.pricer import Pricer
from projector.read_models import product_search
from projector.rebuild import BuildFailed

NONE: Any = None  # of what is not asked here


def answered(kind: type[ApiError], status: int, why: str) -> ApiError:
    node = NodeConfig("http", "elasticsearch", 9200)
    return kind(why, ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, node), {})


REFUSED = answered(BadRequestError, 400, "too many terms")
DOWN = answered(ApiError, 503, "no shard")


class Answered(Pricer):
    """Each of its fillings ends so, one after the other; it is stopped after the last."""

    def __init__(self, *ends: ApiError | None) -> None:
        super().__init__(NONE, "here", 1, lambda _: None)
        self._ends = list(ends)

    async def fill(self, filling: Filling, indices: Sequence[Index], now: datetime) -> None:
        if not self._ends:
            raise asyncio.CancelledError
        if (error := self._ends.pop(0)) is not None:
            raise error


@pytest.mark.parametrize(
    ("ends", "errors"),
    [((REFUSED, REFUSED), 1), ((REFUSED, None, REFUSED), 2), ((REFUSED, DOWN, REFUSED), 1), ((DOWN, None), 0)],
)
async def test_a_refusal_is_an_error_once_until_slots_are_filled_again(
    ends: Sequence[ApiError | None], errors: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pricer, "FILL_SECONDS", 0)
    with suppress(asyncio.CancelledError):
        await Answered(*ends).keep_filling(NONE, lambda: [])
    told = [each.message for each in caplog.records if each.levelno == logging.ERROR]
    assert told == ["Elasticsearch refuses to fill slots"] * errors


class Counted(MissingPrices):
    """It is asked of an Elasticsearch that answers so."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(NONE, NONE, NONE, product_search.MODEL)
        self._error = error

    async def _count(self, *_: object) -> int:
        raise self._error


async def test_who_waits_for_a_rebuild_is_told_of_a_refusal_and_waits_for_an_outage() -> None:
    with pytest.raises(BuildFailed, match="too many terms"):
        await Counted(REFUSED).look()
    assert await Counted(DOWN).look() == 0
