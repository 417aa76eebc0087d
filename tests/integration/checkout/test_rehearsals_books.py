"""What a rehearsal finds oversold, by the log alone: what came back of orders that ended is there once, not twice.

The shop sells no unit twice, so the test says that there were fewer to begin with.
"""

from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import msgspec
import pytest

from doorbuster.rehearsal import reconciling
from tests.integration.checkout.falling_through import WAYS, fall_through
from tests.integration.checkout.shop import Shop

Auditor: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def auditor(shop: Shop, database_url: str) -> AsyncIterator[Auditor]:
    """Whoever reads the log; there are ten lamps."""
    await shop.stock("lamp", 10)
    conn = await asyncpg.connect(database_url)
    yield conn
    await conn.close()


async def oversold(auditor: Auditor, since: reconciling.Before, fewer: int) -> int:
    """How many lamps would be oversold, had there been so many fewer."""
    left = {"lamp": since.left["lamp"] - fewer}
    came = await reconciling.came_in(auditor, since)
    return await reconciling.oversold(auditor, msgspec.structs.replace(since, left=left), came)


@pytest.mark.parametrize("way", WAYS)
async def test_what_an_order_of_the_run_gave_back_is_no_more_than_there_was(
    shop: Shop, auditor: Auditor, way: str
) -> None:
    since = await reconciling.before(auditor)
    await fall_through(shop, await shop.order(lamp=10), way)
    await shop.order(lamp=10)
    assert [await oversold(auditor, since, fewer) for fewer in (0, 3)] == [0, 3]


@pytest.mark.parametrize("way", WAYS)
async def test_what_an_order_of_before_gave_back_is_there_once(shop: Shop, auditor: Auditor, way: str) -> None:
    order = await shop.order(lamp=10)
    since = await reconciling.before(auditor)
    await fall_through(shop, order, way)
    await shop.order(lamp=10)
    assert [await oversold(auditor, since, fewer) for fewer in (0, 3)] == [0, 3]


async def test_what_was_sold_and_paid_back_may_be_promised_again(shop: Shop, auditor: Auditor) -> None:
    since = await reconciling.before(auditor)
    order = await shop.captured(lamp=10)
    await shop.refund(order, restock=True)
    await shop.order(lamp=10)
    assert [await oversold(auditor, since, fewer) for fewer in (0, 3)] == [0, 3]
