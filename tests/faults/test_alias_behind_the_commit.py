"""The swap of a search index is committed, and then its alias can't be set: nobody sees an older state, ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from doorbuster.faults.proxy import Proxies, Proxy
from doorbuster.home import free_port
from tests.faults.processes import Lab
from tests.faults.search_view import SearchView
from tests.faults.stock_load import PATIENCE, Load
from tests.faults.test_rebuild import start_rebuild, until, versions, view
from tests.integration.invariants.test_read_models import differences

pytestmark = pytest.mark.slow

__all__ = ["view"]

ALIASES = b"POST /_aliases"


@asynccontextmanager
async def watched(view: SearchView, load: Load) -> AsyncIterator[dict[str, int]]:
    """The oracle: each search answers with all stock items, none of them older than it was seen before."""
    newest: dict[str, int] = {}

    async def watch() -> None:
        while True:
            shown = {id_: figures["position"] for id_, figures in (await view.stock()).items()}
            assert len(shown) >= len(load.skus), "a search found less than there is"
            older = {id_: at for id_, at in shown.items() if at < newest.get(id_, 0)}
            assert not older, f"a search went back: {older}"
            newest.update(shown)
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    try:
        yield newest
    finally:
        watching.cancel()
        [ended] = await asyncio.gather(watching, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError), ended


@asynccontextmanager
async def written(lab: Lab, load: Load) -> AsyncIterator[None]:
    """Stock moves all the time."""
    conn = await asyncpg.connect(lab.environment["DATABASE_URL"])
    writing = asyncio.create_task(load.write_for(conn, 300, pause=0.02))
    try:
        yield
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await conn.close()


async def test_searches_never_go_back_when_the_alias_fails_behind_the_commit(
    search_lab: Lab, view: SearchView
) -> None:
    proxy, load = Proxy(free_port(), urlsplit(search_lab.environment["ELASTICSEARCH_URL"]).port or 80), Load(12)
    with Proxies(proxy):
        search_lab.relay()
        search_lab.start("projector", ELASTICSEARCH_URL=f"http://127.0.0.1:{proxy.port}")
        await load.open(search_lab.conn)
        await view.settled(search_lab.conn)
        async with watched(view, load) as newest, written(search_lab, load):
            proxy.refuse(ALIASES)
            rebuilding = await start_rebuild(search_lab, "stock")
            await until(lambda: proxy.refused >= 2, PATIENCE)
            new = (await versions(search_lab, "live"))["stock"]
            unserved = "SELECT served_at IS NULL FROM read_model_version WHERE read_model = 'stock' AND version = $1"
            assert new != "v1", "the swap is committed"
            assert await search_lab.conn.fetchval(unserved, new)
            assert await view.leads_to("stock") == {"stock-v1"}
            await _shown_further(view, newest)  # by an index that is the served one no longer

            proxy.behave()
            proxy.lose(ALIASES)  # it is set now, and who set it doesn't hear of that
            await until(lambda: proxy.lost == 1, PATIENCE)
            said, _ = await rebuilding.communicate()
            assert rebuilding.returncode == 0, said
            assert await view.leads_to("stock") == {f"stock-{new}"}
            assert not await search_lab.conn.fetchval(unserved, new)
        await view.settled(search_lab.conn)
        assert await differences(search_lab) == []


async def _shown_further(view: SearchView, newest: dict[str, int]) -> None:
    before = max(newest.values())

    async def moved() -> bool:
        await view.refresh("stock-v1")
        return max(newest.values()) > before

    await until(moved, PATIENCE)
