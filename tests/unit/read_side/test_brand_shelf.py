"""How often the shop's brands are counted for what a position stands for."""

import asyncio
from typing import Any, cast

from read_side.brands.queries import BrandShelf
from read_side.search.index import Index
from shared.position import Position


class Counting:
    """An index with one brand, that tells how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def search(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(0)
        return {"aggregations": {"brands": {"buckets": [{"key": "Nox", "doc_count": 3}]}}}


async def of_forty(names: list[str]) -> int:
    """How many counts 40 shoppers cost, who come at once, each with a position of their own."""
    index = Counting()
    shelf = BrandShelf(cast(Index, index))
    await shelf.read()
    before = index.asked
    await asyncio.gather(*(shelf.as_spelt(names, Position(7, {0: at, 1: 40 - at})) for at in range(40)))
    return index.asked - before


async def test_many_who_ask_for_a_brand_that_is_gone_are_counted_for_together() -> None:
    assert 1 <= await of_forty(["Gone"]) <= 2


async def test_no_brand_and_a_known_one_are_not_counted_for() -> None:
    assert await of_forty(["", "Nox"]) == 0


async def test_what_came_while_it_was_counted_is_counted_for_again() -> None:
    index = Counting()
    shelf = BrandShelf(cast(Index, index))
    await shelf.read()
    first = asyncio.create_task(shelf.read(Position(7, {0: 1})))
    await asyncio.sleep(0)
    assert index.asked == 2, "it has begun"
    await shelf.read(Position(7, {0: 2}))
    await first
    assert index.asked == 3
