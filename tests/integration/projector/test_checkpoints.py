"""How far read models are, as Postgres remembers it: never less than was said, within one life of the sink's data."""

from projector.checkpoints import Checkpoint, Checkpoints
from projector.log import open_pool
from projector.model import ReadModel
from projector.read_models import stock_level
from projector.versions import Versions, of_version

STOCK = stock_level.MODEL


def at(position: int, sink_id: str = "this index", model: ReadModel = STOCK) -> list[Checkpoint]:
    return [Checkpoint(model.name, model.version, 0, position, sink_id)]


async def test_an_owner_that_slept_sets_no_checkpoint_back(database_url: str) -> None:
    async with await open_pool(database_url, 2, "test") as pool:
        await Versions(pool).begin_store([STOCK])
        sleeper, owner = Checkpoints(pool), Checkpoints(pool)
        await owner.save(at(9))
        await sleeper.save(at(5))
        assert await owner.find(STOCK, 0, "this index") == 9
        await owner.save(at(3, "a new index"))
        assert await owner.find(STOCK, 0, "a new index") == 3
        assert await owner.find(STOCK, 0, "this index") == 0


async def test_no_checkpoint_is_kept_of_a_version_that_was_dropped(database_url: str) -> None:
    gone = of_version(STOCK, f"{STOCK.version}.99")
    async with await open_pool(database_url, 2, "test") as pool:
        await Versions(pool).begin_store([STOCK])
        await Checkpoints(pool).save(at(9, model=gone) + at(7))
        [kept] = await pool.fetch("SELECT version, position FROM checkpoint")
        assert tuple(kept) == (STOCK.version, 7)
