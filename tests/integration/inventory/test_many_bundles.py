"""However many bundles a component is in, each look at them keeps within a transaction's time, and gets on."""

from collections.abc import AsyncIterator

import pytest

from shared.envelope import as_json
from shared.events.inventory import BundleComponent, BundleComposed
from shared.ids import uuid7
from shared.shards import product_key
from tests.fixtures.reacting import publish, react_to_all
from tests.fixtures.write_side import CAUSE, OF_THE_SHOP, new_call
from tests.integration.inventory.test_stock import reserve, stocked
from write_side import database, event_log, reactions
from write_side.database import Pool
from write_side.event_log import NewEvent
from write_side.inventory import handlers
from write_side.inventory.bundles import handlers as bundles
from write_side.inventory.bundles.reactions import reactions as bundle_reactions
from write_side.inventory.domain import MoveStock, SetThreshold

[REACTION] = bundle_reactions()
MANY = 3_000


@pytest.fixture
async def hurried(
    database_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pool]:
    """With the shop's own limits, not the tests' wider ones; the other one compares rows and log at the end."""
    await stocked(pool, "sim", 100)
    await stocked(pool, "phone", 100)
    monkeypatch.setattr(database, "LIMITS", OF_THE_SHOP)
    async with database.open_pool(database_url, 4, "test") as own:
        yield own


async def compose(pool: Pool, count: int, *components: str) -> None:
    """So many bundles of one of each component."""
    made = [BundleComponent(sku, 1) for sku in components]
    events = [BundleComposed(uuid7(), f"set-{n:04}", uuid7(), made, "in") for n in range(count)]
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(
            """INSERT INTO bundle (id, sku, product_id, components, availability, version)
               SELECT *, $4::jsonb, 'in', 1 FROM unnest($1::uuid[], $2::text[], $3::uuid[])""",
            [e.bundle_id for e in events], [e.sku for e in events], [e.product_id for e in events],
            as_json(made).decode(),
        )  # fmt: skip
        new = [NewEvent("bundle", e.bundle_id, 1, product_key(e.product_id), e) for e in events]
        await event_log.append(conn, new, CAUSE)
    # That they were composed was seen.
    query = "INSERT INTO reaction_checkpoint SELECT $1, max(position) FROM event_log"
    await pool.execute(query, REACTION.name)


async def levels(pool: Pool) -> dict[str, int]:
    rows = await pool.fetch("SELECT availability, count(*) AS n FROM bundle GROUP BY 1")
    return {row["availability"]: row["n"] for row in rows}


async def test_a_component_of_thousands_of_bundles_sells_out_and_comes_back(pool: Pool, hurried: Pool) -> None:
    await compose(pool, MANY, "phone", "sim")
    await reserve(pool, uuid7(), sim=100)
    await react_to_all(hurried, REACTION)
    assert await levels(pool) == {"out": MANY}
    await handlers.receive_stock(pool, MoveStock("sim", "BER", 100, "delivery"), CAUSE, new_call())
    await react_to_all(hurried, REACTION)
    assert await levels(pool) == {"in": MANY}
    in_one = "SELECT max(n) FROM (SELECT count(*) AS n FROM event_log WHERE type = $1 GROUP BY xmin) AS t"
    assert await pool.fetchval(in_one, "inventory.bundle_availability_changed.v1") <= bundles.MOST_CHANGED
    assert await pool.fetchval("SELECT count(*) FROM bundle_walk") == 0


async def test_a_rush_on_a_component_keeps_no_bundle_from_being_looked_at(
    pool: Pool, hurried: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "MOST_LOOKED", 10)
    await compose(pool, 35, "phone", "sim")
    await reserve(pool, uuid7(), sim=100)
    for low_at in (10, 11, 12, 13):
        await publish(pool)
        await reactions.advance(hurried, REACTION)
        await handlers.set_threshold(pool, SetThreshold("sim", "BER", low_at), CAUSE, new_call())
    assert await levels(pool) == {"out": 35}
    await handlers.receive_stock(pool, MoveStock("sim", "BER", 100, "delivery"), CAUSE, new_call())
    await react_to_all(hurried, REACTION)
    assert await levels(pool) == {"in": 35}
    assert await pool.fetchval("SELECT count(*) FROM bundle_walk") == 0
