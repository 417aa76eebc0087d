"""What the projector remembers of skips is what the table says, whichever of them it heard of first."""

import asyncpg
import pytest

from projector.log import open_pool
from projector.read_models import stock_level
from projector.skipping import Skipped, TakenBack


@pytest.mark.parametrize("known", [True, False])
async def test_a_skip_that_is_taken_back_leaves_the_model_s_others_in_force(database_url: str, known: bool) -> None:
    conn = await asyncpg.connect(database_url)
    await conn.execute(
        """INSERT INTO skipped_event (read_model, version, position, partition_key, event_type, error, actor, reason)
           SELECT 'stock_level', 'v1', n, 'product:1', 'odd', 'odd', 'test', 'odd' FROM generate_series(1, 3) AS n"""
    )
    await conn.execute(
        """UPDATE skipped_event SET unskip_requested_at = now(), unskip_actor = 'test', unskip_reason = 'even'
           WHERE position = 2"""
    )
    await conn.close()
    async with await open_pool(database_url, 1, "test") as pool:
        skipped = Skipped(pool)
        if known:
            assert await skipped.of(stock_level.MODEL) == {1, 2, 3}
        await skipped.take_back(TakenBack("stock_level", 2, "product:1", 0), ["v1"])
        assert await skipped.of(stock_level.MODEL) == {1, 3}
