"""An endpoint's row that was tampered with, or lost, is made what its events say."""

from shared.settings import Settings
from tests.fixtures.databases import execute
from tests.fixtures.write_side import CAUSE
from tests.integration.webhooks.conftest import Hooks
from tests.integration.webhooks.receiver import Receiver
from write_side.aggregates import BY_TYPE
from write_side.verifying.repair import repair


async def test_a_row_that_was_changed_or_lost_is_healed_and_nothing_old_is_told_anew(
    hooks: Hooks, receiver: Receiver, database_url: str, hook_settings: Settings
) -> None:
    endpoint_id = await hooks.receiving(receiver)
    await hooks.happen(2)
    await hooks.work()
    changes = "UPDATE webhook_endpoint SET url = 'https://evil.example'"
    gone = "DELETE FROM webhook_secret; DELETE FROM webhook_delivery; DELETE FROM webhook_endpoint"
    for damage in (changes, gone):
        execute(database_url, damage)
        async with hooks.pool.acquire() as conn:
            event = await repair(conn, BY_TYPE["webhook_endpoint"], endpoint_id, "a test", CAUSE)
        assert event is not None
        assert (await hooks.now(endpoint_id)).url == receiver.url
    receiver.came.clear()
    await hooks.happen()
    await hooks.work()
    assert receiver.came == [], "nothing is sent unsigned"
    assert await hooks.tries(endpoint_id) == [(None, "no_secret")]
