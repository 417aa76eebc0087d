"""What concerns no reaction is read once, and moves checkpoints of those that it concerns not; on real Postgres."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from shared.codec import Event, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.inventory import StockAdjusted, StockReceived, StockReserved
from shared.events.orders import OrderConfirmed
from shared.ids import uuid7
from tests.fixtures.reacting import publish
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.inventory.test_stock import reserve, stocked
from write_side import metrics, reactions
from write_side.database import Connection, Pool
from write_side.inventory import handlers
from write_side.inventory.domain import MoveStock
from write_side.lookout import Lookout
from write_side.reactions import Reaction


def noting(name: str, *types: type) -> Reaction:
    """A reaction whose effect is a row for each event, in the order in which it happens."""

    async def note(conn: Connection, recorded: Recorded, _: Event, __: Metadata) -> None:
        await conn.execute("INSERT INTO noted (reaction, position) VALUES ($1, $2)", name, recorded.position)

    return Reaction(name, tuple(map(tag_of, types)), note)


def failing_at(position: int, name: str, *types: type) -> Reaction:
    """The same, but for one event that it fails at."""
    noted = noting(name, *types)

    async def note(conn: Connection, recorded: Recorded, event: Event, cause: Metadata) -> None:
        await noted.handle(conn, recorded, event, cause)
        if recorded.position == position:
            raise RuntimeError("it can't be reacted to")

    return noted._replace(handle=note)


RESERVED, RECEIVED = noting("reserved", StockReserved), noting("received", StockReceived, StockAdjusted)
ADJUSTED, NEVER = noting("adjusted", StockAdjusted), noting("never", OrderConfirmed)
ALL = [RESERVED, RECEIVED, ADJUSTED, NEVER]


@pytest.fixture
async def noted(database_url: str, pool: Pool) -> Pool:
    """A shelf of lamps, and reactions that are all at the end of the log."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("CREATE TABLE noted (id bigserial PRIMARY KEY, reaction text, position bigint)")
    await owner.execute("GRANT ALL ON noted, noted_id_seq TO PUBLIC")
    await owner.close()
    await stocked(pool, "lamp", 500)
    for reaction in ALL:
        await pool.execute("INSERT INTO reaction_checkpoint VALUES ($1, $2)", reaction.name, await publish(pool))
    return pool


async def receive(pool: Pool) -> int:
    await handlers.receive_stock(pool, MoveStock("lamp", "BER", 1, "delivery"), CAUSE, new_call())
    return await publish(pool)


async def stands(pool: Pool, reaction: Reaction) -> int:
    query = "SELECT position FROM reaction_checkpoint WHERE reaction = $1"
    return int(await pool.fetchval(query, reaction.name))


async def move(pool: Pool, lookout: Lookout) -> None:
    async with pool.acquire() as conn:
        await lookout.move(conn)


async def looking(pool: Pool, of: Sequence[Reaction] = ALL) -> Lookout:
    """Whoever has looked once."""
    lookout = Lookout(pool, of)
    await lookout.look()
    return lookout


def woken(lookout: Lookout) -> set[str]:
    return {name for name, event in lookout.woken.items() if event.is_set()}


async def test_whoever_something_concerns_is_woken_and_rests_again_behind_it(noted: Pool) -> None:
    lookout = await looking(noted)
    assert woken(lookout) == set()
    await receive(noted)
    await lookout.look()
    assert woken(lookout) == {"received"}
    assert await lookout.advance(RECEIVED) == 1
    await lookout.look()
    assert woken(lookout) == set()
    await reserve(noted, uuid7(), lamp=1)
    await publish(noted)
    await lookout.look()
    assert woken(lookout) == {"reserved"}


async def test_a_checkpoint_that_is_set_back_by_hand_wakes_its_reaction(noted: Pool) -> None:
    lookout = await looking(noted)
    await noted.execute("UPDATE reaction_checkpoint SET position = 0 WHERE reaction = 'received'")
    lookout._carried = 0.0  # a second is over
    await lookout.look()
    assert woken(lookout) == {"received"}


async def test_whoever_begins_behind_events_is_woken_by_the_first_look(noted: Pool) -> None:
    await receive(noted)
    assert "received" in woken(await looking(noted))  # and the others: what was before is known of none


async def test_whoever_something_concerns_is_woken_though_the_others_cannot_be_moved(
    noted: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookout = await looking(noted)

    async def fail(_: Connection) -> None:
        raise RuntimeError("no connection")

    monkeypatch.setattr(lookout, "move", fail)
    lookout._carried = 0.0
    await receive(noted)
    with pytest.raises(RuntimeError):
        await lookout.look()
    assert woken(lookout) == {"received"}


async def test_who_is_not_concerned_is_moved_without_reading_and_who_is_reacts(noted: Pool) -> None:
    lookout = await looking(noted)
    before = await stands(noted, RECEIVED)
    end = await receive(noted)
    await lookout.look()
    assert [each.name for each in ALL if lookout.concerns(each)] == ["received"]
    assert await lookout.advance(NEVER) == 0
    await move(noted, lookout)
    assert [await stands(noted, each) for each in ALL] == [end, before, end, end]
    assert metrics.REACTION_LAG.labels("received")._value.get() == end - before
    assert metrics.REACTION_LAG.labels("never")._value.get() == 0
    assert await lookout.advance(RECEIVED) == 1
    assert not lookout.concerns(RECEIVED)
    await lookout.look()
    assert metrics.REACTION_LAG.labels("received")._value.get() == 0
    assert await noted.fetchval("SELECT count(*) FROM noted") == 1


async def all_done(pool: Pool, lookout: Lookout) -> int:
    """How many effects there are once each has reacted to all that it is to."""
    for _ in range(3):
        await lookout.look()
        for reaction in lookout.reactions:
            while await lookout.advance(reaction):
                pass
    return int(await pool.fetchval("SELECT count(*) FROM noted"))


async def test_a_reaction_that_an_update_brings_leaves_alone_what_was_before(noted: Pool) -> None:
    await receive(noted)
    lookout = Lookout(noted, [noting("brought", StockReceived)])
    assert await lookout.advance(lookout.reactions[0]) == 0
    assert await all_done(noted, lookout) == 0
    await receive(noted)
    assert await all_done(noted, lookout) == 1


async def test_in_a_new_shop_all_reactions_begin_with_the_first_event(noted: Pool) -> None:
    await noted.execute("UPDATE reaction_checkpoint SET position = 0")  # as migrations leave those that they name
    await receive(noted)
    assert await all_done(noted, Lookout(noted, [noting("first", StockReceived), noting("second", StockReceived)])) == 2


async def test_what_happened_before_the_first_look_is_not_passed_over(noted: Pool) -> None:
    await receive(noted)
    lookout = await looking(noted)
    await receive(noted)
    await lookout.look()
    await move(noted, lookout)
    for reaction in ALL:
        while await lookout.advance(reaction):
            pass
    assert await noted.fetchval("SELECT count(*) FROM noted") == 2


async def test_what_stands_before_an_event_that_fails_goes_through_and_the_log_says_which_it_is(
    noted: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    positions = [await receive(noted) for _ in range(9)]
    broken = failing_at(positions[5], "received", StockReceived)
    lookout = await looking(noted, [broken])
    failures = 0
    for _ in range(12):
        try:
            await lookout.advance(broken)
        except RuntimeError:
            failures += 1
    assert await noted.fetchval("SELECT array_agg(position ORDER BY id) FROM noted") == positions[:5]
    assert await stands(noted, broken) == positions[4]
    said = [record for record in caplog.records if record.message == "a reaction failed at an event"]
    assert len(said) == failures
    assert {vars(record)["fields"]["position"] for record in said} == {positions[5]}

    while await lookout.advance(RECEIVED):  # it was mended
        pass
    assert await noted.fetchval("SELECT array_agg(position ORDER BY id) FROM noted") == positions


async def test_after_a_failure_it_goes_on_with_one_event_and_twice_as_many_each_time(
    noted: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):
        await receive(noted)
    lookout = await looking(noted, [RECEIVED])

    async def down(*_: object) -> None:
        raise OSError("Postgres is away")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="away"):
        patched.setattr(reactions, "_claim", down)
        await lookout.advance(RECEIVED)
    assert [await lookout.advance(RECEIVED) for _ in range(5)] == [1, 2, 4, 2, 0]


async def test_a_transaction_that_took_long_takes_no_further_event_in_hand(
    noted: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "ENOUGH", 0)
    first, second = await receive(noted), await receive(noted)
    lookout = await looking(noted, [RECEIVED])
    await lookout.advance(RECEIVED)
    assert await stands(noted, RECEIVED) == first
    await lookout.advance(RECEIVED)
    assert await stands(noted, RECEIVED) == second


async def test_no_checkpoint_that_another_worker_has_moved_goes_back(noted: Pool) -> None:
    late, other = await looking(noted), await looking(noted)
    await reserve(noted, uuid7(), lamp=1)
    await publish(noted)
    await late.look()
    end = await receive(noted)
    await other.look()
    assert await other.advance(RECEIVED) == 1
    await move(noted, late)  # it saw nothing that concerns it, and knows nothing of what came later
    assert await stands(noted, RECEIVED) == end
    assert await other.advance(RECEIVED) == await reactions.advance(noted, RECEIVED) == 0


async def test_a_checkpoint_that_was_set_back_is_not_carried_past_events(noted: Pool) -> None:
    before = await stands(noted, RECEIVED)
    lookout = await looking(noted)
    await receive(noted)
    await lookout.look()
    await lookout.advance(RECEIVED)
    await reserve(noted, uuid7(), lamp=1)
    await publish(noted)
    await lookout.look()
    await noted.execute("UPDATE reaction_checkpoint SET position = $1 WHERE reaction = 'received'", before)
    await move(noted, lookout)
    assert await stands(noted, RECEIVED) == before
    async with noted.acquire() as conn:
        await lookout.ask(conn)
    assert lookout.concerns(RECEIVED)


async def test_nobody_waits_for_a_worker_that_reacts(noted: Pool, database_url: str) -> None:
    lookout = await looking(noted)
    await receive(noted)
    await lookout.look()
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("SELECT FROM reaction_checkpoint WHERE reaction = 'never' FOR UPDATE")
        await asyncio.wait_for(move(noted, lookout), 5)
    await other.close()
    assert await stands(noted, NEVER) < await stands(noted, RESERVED), "the others were moved"


async def test_three_workers_react_once_to_each_event_and_in_order(noted: Pool) -> None:
    over = asyncio.Event()

    async def happen() -> None:
        for n in range(25):
            await reserve(noted, uuid7(), lamp=1)
            await (handlers.adjust_stock if n % 6 == 0 else handlers.receive_stock)(
                noted, MoveStock("lamp", "BER", 1, "found"), CAUSE, new_call()
            )
            await publish(noted)
        over.set()

    async def work(lookout: Lookout) -> None:
        last = False
        while not last:
            last = over.is_set()
            await lookout.look()
            async with noted.acquire() as conn:
                await lookout.ask(conn)
            await move(noted, lookout)
            while sum(await asyncio.gather(*(lookout.advance(each) for each in ALL))):
                pass

    await asyncio.gather(happen(), *(work(Lookout(noted, ALL)) for _ in range(3)))
    for reaction in ALL:
        query = "SELECT position FROM event_log WHERE type = ANY ($1) AND position > $2 ORDER BY position"
        oracle = await noted.fetch(query, reaction.types, await opened(noted))
        mine = await noted.fetch("SELECT position FROM noted WHERE reaction = $1 ORDER BY id", reaction.name)
        assert mine == oracle, reaction.name


async def opened(pool: Pool) -> int:
    query = "SELECT max(position) FROM event_log WHERE type = 'inventory.stock_item_opened.v1'"
    return int(await pool.fetchval(query))
