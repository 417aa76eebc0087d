"""Webhooks to a real receiver that behaves in every way: all come, signed and numbered, and repeats by the same id."""

import asyncio
from collections import Counter
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from doorbuster.disaster.reopening import POSITIONS_PER_EPOCH
from shared.settings import Settings
from tests.fixtures.write_side import CAUSE
from tests.integration.webhooks.conftest import REVOKED, Hooks
from tests.integration.webhooks.receiver import Json, Receiver, receiving
from write_side import event_log
from write_side.customers import open_keyring
from write_side.feed import Cursor
from write_side.webhooks import handlers
from write_side.webhooks.deliveries.courier import EACH, open_courier
from write_side.webhooks.deliveries.store import claim_due
from write_side.webhooks.showing import Again, send_again


def ids(messages: list[Json]) -> list[str]:
    return [message["id"] for message in messages]


def numbers(messages: list[Json]) -> list[int]:
    return [int(message["sequence"]) for message in messages]


async def test_every_event_that_fits_comes_once_signed_and_numbered(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.happen(2)  # before there was an endpoint
    endpoint_id = await hooks.receiving(receiver)
    happened = await hooks.happen(20)
    await hooks.work()
    assert sorted(ids(receiver.came)) == sorted(str(one) for one in happened[2:])
    assert sorted(numbers(receiver.came)) == list(range(1, 21))
    by_number = sorted(receiver.came, key=lambda message: int(message["sequence"]))
    assert ids(by_number) == [str(one) for one in happened[2:]], "numbered in the order of the log"
    assert {message["type"] for message in receiver.came} == {REVOKED}
    assert await hooks.states(endpoint_id) == ["delivered"] * 20


async def test_whatever_a_receiver_does_an_event_comes_in_the_end_under_one_id(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id = await hooks.receiving(receiver)
    [event] = await hooks.happen()
    receiver.answers = [500, 302, 307, "close", "endless", 404, 503, 204]
    for _ in range(8):
        await hooks.work(later=True)
    assert ids(receiver.came) == [str(event)]
    assert {*ids(receiver.refused)} == {str(event)}
    assert receiver.elsewhere == 0, "no redirect is followed"
    told = await hooks.tries(endpoint_id)
    assert [status for status, _ in told] == [500, 302, 307, None, 500, 404, 503, 204]
    excerpts = await hooks.pool.fetch("SELECT excerpt, number FROM webhook_attempt ORDER BY number")
    assert excerpts[0]["excerpt"] == "no� thanks"
    assert max(len(row["excerpt"]) for row in excerpts) == 500
    assert [row["number"] for row in excerpts] == list(range(1, 9))
    await hooks.work(later=True)
    assert len(receiver.came) == 1, "and not again"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver is waited for a second and a half."""
    monkeypatch.setattr("write_side.webhooks.gateway.TIMEOUT", 1.5)


async def test_an_endpoint_that_hangs_is_left_and_no_other_waits_for_it(
    impatient: None, hooks: Hooks, receiver: Receiver
) -> None:
    async with receiving() as hanging:
        hanging.always = "hang"
        hung = await hooks.receiving(hanging)
        await hooks.receiving(receiver)
        await hooks.happen(30)
        queue, send, *_ = hooks.courier.steps()
        await queue.run()
        async with asyncio.timeout(5):
            while len(receiver.came) < 30:
                await send.run()
                await asyncio.sleep(0.01)
        assert hanging.under_way == EACH
        async with asyncio.timeout(20):
            await hooks.courier.finish()
        assert await hooks.tries(hung) == [(None, "timeout")] * EACH


async def test_a_receiver_that_fails_is_asked_once_in_a_while_and_gets_all_when_it_is_well(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id = await hooks.receiving(receiver)
    happened = await hooks.happen(30)
    receiver.always = 500
    await hooks.work()
    first = len(receiver.refused)
    assert first == EACH, "what was under way when it began to fail, and no more"
    await hooks.work()
    assert len(receiver.refused) == first, "it rests"
    for round_ in range(1, 4):
        await hooks.pool.execute("UPDATE webhook_endpoint SET next_attempt_at = clock_timestamp()")
        await hooks.work()
        assert len(receiver.refused) == first + round_, "one tries"
    row = await hooks.pool.fetchrow("SELECT failures, next_attempt_at - clock_timestamp() AS p FROM webhook_endpoint")
    assert row is not None
    assert row["failures"] == 4
    assert timedelta(seconds=8) < row["p"] < timedelta(seconds=20)
    receiver.always = 204
    await hooks.pool.execute("UPDATE webhook_endpoint SET next_attempt_at = clock_timestamp()")
    await hooks.work()
    assert sorted(ids(receiver.came)) == sorted(str(one) for one in happened), "those that waited longer, too"
    assert await hooks.states(endpoint_id) == ["delivered"] * 30


async def test_retry_after_is_heard(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.receiving(receiver)
    await hooks.happen()
    receiver.answers = [503]
    await hooks.work()
    pause = await hooks.pool.fetchval("SELECT next_attempt_at - clock_timestamp() FROM webhook_delivery")
    assert timedelta(seconds=990) < pause <= timedelta(seconds=1000)


async def test_an_event_that_is_never_taken_is_given_up_and_holds_nobody_up(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id = await hooks.receiving(receiver)
    await hooks.happen()
    receiver.answers = [400]
    queue, *_ = hooks.courier.steps()
    await queue.run()
    await hooks.pool.execute("UPDATE webhook_delivery SET give_up_at = clock_timestamp()")
    await hooks.work()
    assert await hooks.states(endpoint_id) == ["given_up"]
    await hooks.happen(2)
    await hooks.work(later=True)
    assert await hooks.states(endpoint_id) == ["given_up", "delivered", "delivered"]
    assert (await hooks.now(endpoint_id)).state == "enabled"


async def test_an_endpoint_that_fails_for_too_long_is_disabled_and_loses_nothing(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id = await hooks.receiving(receiver)
    await hooks.happen(3)
    receiver.always = 500
    await hooks.work()
    ago = "UPDATE webhook_endpoint SET failing_since = failing_since - make_interval(secs => $1)"
    await hooks.pool.execute(ago, hooks.settings.webhook_disable_seconds)
    await hooks.work(later=True)
    endpoint = await hooks.now(endpoint_id)
    assert (endpoint.state, endpoint.disabled_for) == ("disabled", "failing")
    query = "SELECT type FROM event_log WHERE aggregate_id = $1 ORDER BY position"
    history = await hooks.pool.fetch(query, endpoint_id)
    assert [row["type"] for row in history][1:] == ["webhooks.endpoint_disabled.v1"]
    tried = len(receiver.refused)
    happened = await hooks.happen(3)
    await hooks.work(later=True)
    assert len(receiver.refused) == tried
    receiver.always = 204
    await handlers.enable_endpoint(hooks.pool, endpoint_id, False, CAUSE)
    await hooks.work()
    assert sorted(ids(receiver.came)) == sorted(str(one) for one in happened)
    assert sorted(numbers(receiver.came)) == [1, 2, 3, 4, 5, 6]


async def test_an_endpoint_that_is_gone_is_disabled_at_once(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id = await hooks.receiving(receiver)
    await hooks.happen()
    receiver.answers = [410]
    await hooks.work()
    endpoint = await hooks.now(endpoint_id)
    assert (endpoint.state, endpoint.disabled_for) == ("disabled", "gone")


async def test_an_endpoint_that_is_enabled_with_skip_hears_of_what_comes_from_then_on(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id = await hooks.receiving(receiver)
    await handlers.disable_endpoint(hooks.pool, endpoint_id, CAUSE)
    await hooks.happen(3)
    await handlers.enable_endpoint(hooks.pool, endpoint_id, True, CAUSE)
    happened = await hooks.happen()
    await hooks.work()
    assert ids(receiver.came) == [str(happened[-1])]


async def test_a_deleted_endpoint_hears_of_nothing_and_its_secret_is_gone(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id = await hooks.receiving(receiver)
    await hooks.happen()
    queue, *_ = hooks.courier.steps()
    await queue.run()
    await handlers.delete_endpoint(hooks.pool, endpoint_id, CAUSE)
    await hooks.happen()
    await hooks.work()
    assert receiver.came == []
    assert await hooks.pool.fetchval("SELECT count(*) FROM webhook_secret") == 0


async def test_a_rotated_secret_is_signed_with_beside_the_old_one_until_its_time_is_over(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id = await hooks.receiving(receiver)
    [old] = receiver.secrets
    answer = await handlers.rotate_secret(hooks.pool, hooks.settings, endpoint_id, timedelta(minutes=5), CAUSE)
    new = msgspec.json.decode(answer.body)["secret"]
    receiver.secrets = [old, new]
    await hooks.happen()
    await hooks.work()
    assert len(receiver.came) == 1, "it verifies under both"
    await hooks.pool.execute("UPDATE webhook_secret SET valid_until = clock_timestamp() WHERE number = 1")
    receiver.secrets = [old]
    await hooks.happen()
    await hooks.work()
    assert len(receiver.came) == 1, "the old one is none any more: the receiver can't verify it"
    receiver.secrets = [new]
    await hooks.work(later=True)
    assert len(receiver.came) == 2
    text = str(await hooks.pool.fetch("SELECT * FROM webhook_secret")) + str(
        [bytes(row["payload"]) for row in await hooks.pool.fetch("SELECT payload FROM event_log")]
    )
    assert new not in text
    assert new.removeprefix("whsec_") not in text


async def test_one_event_and_a_range_are_sent_again_under_the_same_ids(hooks: Hooks, receiver: Receiver) -> None:
    before = await hooks.happen(2)
    endpoint_id = await hooks.receiving(receiver)
    happened = await hooks.happen(5)
    await hooks.work()
    receiver.came.clear()
    await send_again(hooks.pool, hooks.settings, endpoint_id, Again(event_id=happened[3]))
    await hooks.work()
    assert ids(receiver.came) == [str(happened[3])]
    receiver.came.clear()
    async with hooks.pool.acquire() as conn:
        epoch, safe = await event_log.extent(conn)
    everything = Again(after=Cursor(epoch, 0).token(), until=Cursor(epoch, safe).token())
    await send_again(hooks.pool, hooks.settings, endpoint_id, everything)
    await hooks.work()
    assert sorted(ids(receiver.came)) == sorted(str(one) for one in happened), "those before it was there, too"
    assert ids(receiver.came).count(str(before[0])) == 1
    again = {message["id"]: int(message["sequence"]) for message in receiver.came}
    assert [again[str(one)] for one in happened] == [6, 7, 1, 2, 3, 4, 5], "a number is an event's for good"


async def test_what_was_sent_again_ahead_of_the_checkpoint_comes_once(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id = await hooks.receiving(receiver)
    happened = await hooks.happen(2)
    await send_again(hooks.pool, hooks.settings, endpoint_id, Again(event_id=happened[1]))
    send = hooks.courier.steps()[1]
    await send.run()
    await hooks.courier.finish()
    assert ids(receiver.came) == [str(happened[1])], "before the log was queued up to it"
    await hooks.work()
    assert ids(receiver.came) == [str(happened[1]), str(happened[0])]


async def test_places_go_round_among_endpoints_and_one_broken_secret_holds_up_nobody(
    hooks: Hooks, receiver: Receiver
) -> None:
    many = [(await hooks.endpoint(receiver.url)).endpoint.id for _ in range(4)]
    await hooks.happen(8)
    await hooks.courier.steps()[0].run()
    async with hooks.pool.acquire() as conn, conn.transaction():
        claimed = await claim_due(conn, 8, EACH, {many[0]: EACH - 1, many[1]: 5})
        assert Counter(one.endpoint_id for one in claimed) == {many[2]: 4, many[3]: 4}, "those with least under way"
        await conn.execute("UPDATE webhook_delivery SET claimed_until = NULL")
    await hooks.pool.execute("UPDATE webhook_secret SET sealed = 'x' WHERE endpoint_id = $1", many[0])
    await hooks.work()
    assert await hooks.states(many[3]) == ["delivered"] * 8
    assert set(await hooks.states(many[0])) == {"due"}


async def test_an_endpoint_that_takes_nothing_holds_so_many_rows_and_the_log_keeps_the_rest(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("write_side.webhooks.deliveries.store.MOST_DUE", 10)
    endpoint_id = await hooks.receiving(receiver)
    happened = await hooks.happen(25)
    receiver.always = 500
    await hooks.work()
    assert len(await hooks.states(endpoint_id)) == 10
    receiver.always = 204
    for _ in range(4):
        await hooks.work(later=True)
    assert Counter(ids(receiver.came)) == Counter(str(one) for one in happened)


async def test_a_worker_that_stops_finishes_what_is_under_way(
    hooks: Hooks, receiver: Receiver, hook_settings: Settings
) -> None:
    endpoint_id = await hooks.receiving(receiver)
    await hooks.happen(4)
    receiver.always = "slow"
    async with (
        open_keyring(hook_settings.keyring_url, hook_settings.master_key) as keyring,
        open_courier(hooks.pool, keyring, hook_settings) as courier,
    ):
        queue, send, *_ = courier.steps()
        await queue.run()
        assert await send.run() == 4
    assert len(receiver.came) == 4
    assert await hooks.states(endpoint_id) == ["delivered"] * 4


async def test_two_workers_never_claim_the_same_delivery(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.receiving(receiver)
    await hooks.happen(4)
    queue, *_ = hooks.courier.steps()
    await queue.run()
    async with hooks.pool.acquire() as one, hooks.pool.acquire() as other:
        async with one.transaction():
            first = await claim_due(one, 4, 4, {})
            late = asyncio.create_task(claim_due(other, 4, 4, {}))
            await asyncio.wait([late], timeout=0.3)  # it gives way at once, or waits for the first to commit
        second = await late
    assert {each.sequence for each in first} == {1, 2, 3, 4}
    assert second == []


async def test_webhooks_get_across_the_hole_that_a_restore_leaves(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.receiving(receiver)
    conn = await asyncpg.connect(hooks.settings.database_url)
    await conn.execute("SELECT setval('event_position', $1)", 2 * POSITIONS_PER_EPOCH)
    await conn.close()
    happened = await hooks.happen(2)
    await hooks.work()
    assert sorted(ids(receiver.came)) == sorted(str(one) for one in happened)


async def test_a_claim_of_a_worker_that_is_gone_runs_out(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.receiving(receiver)
    await hooks.happen()
    queue, *_ = hooks.courier.steps()
    await queue.run()
    await hooks.pool.execute("UPDATE webhook_delivery SET claimed_until = clock_timestamp() + interval '1 minute'")
    await hooks.work(later=True)
    assert receiver.came == []
    await hooks.pool.execute("UPDATE webhook_delivery SET claimed_until = clock_timestamp()")
    await hooks.work(later=True)
    assert len(receiver.came) == 1


async def test_personal_data_goes_where_it_may_and_to_nobody_once_the_person_was_erased(
    hooks: Hooks, receiver: Receiver
) -> None:
    async with receiving() as trusted:
        receiver.secrets.append((await hooks.endpoint(receiver.url, ["orders.*"])).secret)
        trusted.secrets.append((await hooks.endpoint(trusted.url, ["orders.*"], personal=True)).secret)
        await hooks.quote("ada@example.org")
        await hooks.work()
        [hidden], [shown] = receiver.came, trusted.came
        assert (hidden["personaldata"], hidden["data"]["mail"]) == ("hidden", "")
        assert (shown["personaldata"], shown["data"]["mail"]) == ("shown", "ada@example.org")
        trusted.answers = [500]
        await hooks.pool.execute("UPDATE webhook_delivery SET state = 'due'")
        await hooks.work(later=True)
        kept = await hooks.pool.fetch("SELECT excerpt FROM webhook_attempt WHERE status = 500")
        assert [row["excerpt"] for row in kept] == [""], "an answer may hold what was sent"
        await hooks.erase_everybody()
        await hooks.pool.execute("UPDATE webhook_delivery SET state = 'due'")
        await hooks.work(later=True)
        assert (trusted.came[-1]["personaldata"], trusted.came[-1]["data"]["mail"]) == ("erased", "")
