"""However many are to be told at once, a look at them keeps within a transaction's time, and gets on."""

from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from tests.fixtures.write_side import OF_THE_SHOP, TEXTS
from write_side import database
from write_side.customers import Keyring
from write_side.database import Pool
from write_side.restock_requests import handlers, store

_SHOP = """
    INSERT INTO warehouse VALUES (gen_random_uuid(), 'BER', 'Berlin', 'DE', 1, 1);
    INSERT INTO product (id, slug, name, brand, description, product_type, status, attributes, images, version)
    SELECT gen_random_uuid(), 'p' || n, 'p', '', '', '', 'active', '{}', '[]', 1 FROM generate_series(1, 10000) n;
    INSERT INTO variant (id, product_id, sku, name, options, place)
    SELECT gen_random_uuid(), id, 'SKU-' || slug, '', '{}', 0 FROM product;
    INSERT INTO stock_item SELECT gen_random_uuid(), sku, 'BER', product_id, 1, 0, 0, 1 FROM variant;
    """
_WAITING = """
    INSERT INTO restock_request (id, sku, person_id, mail, state, version)
    SELECT gen_random_uuid(), 'SKU-p' || (1 + n % $1), gen_random_uuid(), 'sealed', 'waiting', 0
    FROM generate_series(1, $2::int) n"""  # version 0: their end is the first that the log hears of them
_DUE = "SELECT count(*) FROM restock_request WHERE next_attempt_at <= clock_timestamp()"


class Forgotten:
    """A keyring that knows nobody any more: a request ends without a mail."""

    async def key_of(self, _: UUID) -> None: ...


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Any]:
    """The database of a shop of 10,000 SKUs, one of each in stock."""
    owner = await asyncpg.connect(database_url)
    await owner.execute(_SHOP)
    yield owner
    await owner.close()


@pytest.fixture
async def hurried(database_url: str, owner: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pool]:
    """With the shop's own limits, not the tests' wider ones."""
    monkeypatch.setattr(database, "LIMITS", OF_THE_SHOP)
    async with database.open_pool(database_url, 16, "test") as pool:
        yield pool


async def told(pool: Pool) -> int:
    """How many requests a round tried."""
    unused: Any = None
    return await handlers.tell_due(pool, cast(Keyring, Forgotten()), unused, TEXTS, unused)


async def test_of_twenty_thousand_who_are_due_at_once_some_are_told_in_each_round(owner: Any, hurried: Pool) -> None:
    await owner.execute(_WAITING, 10_000, 20_000)
    await owner.execute("UPDATE restock_request SET next_attempt_at = clock_timestamp()")
    assert [await told(hurried) for _ in range(3)] == [handlers.AT_ONCE] * 3


async def test_twenty_thousand_who_are_due_for_nothing_wait_again_and_keep_nobody_else_waiting(
    owner: Any, hurried: Pool
) -> None:
    await owner.execute(_WAITING, 10_000, 20_000)
    await owner.execute("UPDATE restock_request SET next_attempt_at = clock_timestamp()")
    await owner.execute("UPDATE stock_item SET on_hand = 0 WHERE sku <> 'SKU-p1'")
    await owner.execute("UPDATE restock_request SET next_attempt_at = clock_timestamp() WHERE sku = 'SKU-p1'")
    assert await told(hurried) == await owner.fetchval("SELECT count(*) FROM restock_request WHERE sku = 'SKU-p1'")
    assert await owner.fetchval(_DUE) == 0


async def test_however_many_wait_for_one_sku_stock_makes_some_due_and_these_bring_the_others(
    owner: Any, hurried: Pool
) -> None:
    await owner.execute(_WAITING, 1, 100_000)
    async with hurried.acquire() as conn, conn.transaction():
        await store.make_due(conn, ["SKU-p1"])
    assert await owner.fetchval(_DUE) == store.FIRST
    assert await told(hurried) == handlers.AT_ONCE
    assert await owner.fetchval(_DUE) == store.FIRST


@pytest.mark.parametrize("moment", ["NULL", "clock_timestamp() + interval '20 days'"])
async def test_who_waits_for_one_sku_is_told_to_the_last_once_it_is_there_also_before_its_moment(
    owner: Any, hurried: Pool, moment: str
) -> None:
    await owner.execute(_WAITING, 1, store.FIRST + 30)
    await owner.execute(f"UPDATE restock_request SET next_attempt_at = {moment}")
    async with hurried.acquire() as conn, conn.transaction():
        await store.make_due(conn, ["SKU-p1"])
    while await told(hurried):
        pass
    assert await owner.fetchval("SELECT count(*) FROM restock_request WHERE state = 'waiting'") == 0
