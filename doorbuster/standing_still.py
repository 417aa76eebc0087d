"""Read models that stand still: they are served as another release wrote them, and ours can't go on with that.

Whoever waits for what they never come to show waits in vain: that is said before, with what puts it right.
"""

import asyncio
import sys
from collections.abc import Sequence

from msgspec import Struct

from doorbuster.running import StartFailed
from projector.log import open_pool
from projector.read_models.all import READ_MODELS
from projector.versions import Version, Versions, left_behind
from shared.http.pools import POSTGRES_FAILS

SECONDS = 3.0  # that a warning may take to find out


class StandStill(StartFailed):
    """The shop is up, and what it shows stays as it is."""


class Still(Struct, frozen=True):
    """A read model, the version that is served, and the one that this release writes."""

    read_model: str
    version: str
    ours: str


async def standing_still(database_url: str) -> list[Still]:
    """All that stand still; none before a projector ever ran. Raises one of `POSTGRES_FAILS`."""
    async with await open_pool(database_url, 1, "status") as pool:
        return of_versions(await Versions(pool).look())


def of_versions(found: Sequence[Version]) -> list[Still]:
    """Those of these versions that stand still."""
    ours = {model.name: model.version for model in READ_MODELS}
    return [Still(each.read_model, each.version, ours[each.read_model]) for each in left_behind(READ_MODELS, found)]


def words(stand_still: Sequence[Still]) -> str:
    """What an operator is told of them: which are of which version, and what to type."""
    which = (f"{each.read_model} is {each.version}, this release writes {each.ours}" for each in stand_still)
    names = " ".join(each.read_model for each in stand_still)
    return f"read models stand still as another release wrote them ({'; '.join(which)}): `doorbuster rebuild {names}`"


async def refuse(database_url: str) -> None:
    """Raises `StandStill` where any does: what is written from now on would never be found."""
    if found := await standing_still(database_url):
        raise StandStill(f"{words(found)} comes first")


def warn(database_url: str | None) -> None:
    """Say so on stderr, where any does. A Postgres that doesn't tell is told of elsewhere."""
    if database_url is None:
        return
    try:
        found = asyncio.run(asyncio.wait_for(standing_still(database_url), SECONDS))
    except POSTGRES_FAILS:
        return
    if found:
        print(f"{words(found)} serves them anew", file=sys.stderr, flush=True)
