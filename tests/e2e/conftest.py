"""Everything running, as `doorbuster up` starts it; tests are web clients.

The tests of a file share its stack: use SKUs of your own. It ends with them: one that nobody asks anything costs a
fifth of a core all the same.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from doorbuster import running, state, tokens
from doorbuster.demo.shop import Shop
from doorbuster.home import Home

SCOPES = ["catalog:write", "stock:write", "stock:read", "orders:read", "orders:write"]


@pytest.fixture(scope="module")
def stack(own_home: Home) -> dict[str, str]:
    """The environment of a running stack that no test of the file mistreats."""
    found = state.read(own_home)
    assert found is not None
    return found.environment


@pytest.fixture
async def shop(stack: dict[str, str]) -> AsyncIterator[Shop]:
    """A web client."""
    async with Shop(stack) as shop:
        yield shop


@pytest.fixture
async def bearer(stack: dict[str, str]) -> str:
    """A token of staff who may do everything with catalog, stock and orders."""
    return await tokens.issue(stack["DATABASE_URL"], "e2e", SCOPES)


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The home of a stack of one's own, to be mistreated."""
    home = Home(Path(tmp_path_factory.mktemp("stack")))
    running.up(home, "all")
    yield home
    running.down(home)
