"""How old a category tree may be that is given without asking."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.json import encode

from read_side.categories import queries
from read_side.categories.queries import CategoryShelf
from read_side.documents import Documents, Found
from shared.documents.products import CategoryTree


class Slow:
    """Documents that answer when they are let."""

    def __init__(self) -> None:
        self.let, self.asked = asyncio.Event(), 0

    async def find(self, *_: Any) -> Found:
        self.asked += 1
        await self.let.wait()
        return Found(str(self.asked), encode(CategoryTree([])))


async def test_who_comes_second_after_a_long_pause_waits_for_the_tree_as_it_is_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, slow = [1000.0], Slow()
    monkeypatch.setattr(queries, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    shelf = CategoryShelf(cast(Documents, slow))
    slow.let.set()
    old = await shelf.last_known(fresh=False)
    assert await shelf.last_known(fresh=False) is old
    clock[0] += 3600
    slow.let.clear()
    both = asyncio.gather(*(shelf.last_known(fresh=False) for _ in range(2)))
    await asyncio.sleep(0)
    slow.let.set()
    assert old not in await both
