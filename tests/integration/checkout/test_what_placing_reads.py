"""What an order costs must not grow with the orders, carts and prices that there are besides.

Statements are planned once, for any number of rows (decision 10): a join that may be planned as a hash of a whole table
is fast in an empty shop and slow on Black Friday. So the rows that Postgres touches are counted, not its time.
"""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
import pytest

from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.checkout.test_placing import command
from tests.integration.checkout.test_purchase_limits import limit
from tests.integration.checkout.test_sets import category, put_into
from write_side import database
from write_side.orders.calls import Placing, store
from write_side.promotions.domain import BuyGetInput
from write_side.promotions.sets import ProductSetInput

OTHERS = 2_000  # of each: enough that reading all of them looks cheap to a planner who thinks of a hundred orders
MOST = 150  # rows that a batch of three orders touches; it is 42 in an empty shop

COPIES_END = UUID("00000001-0000-7000-8000-000000000000")  # ids of the copies are below it
_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"  # in their order, as ids are made
_COPIES = {
    "customer_order": ("id", "number", "quote_id", "payment_id"),
    "quote": ("id",),
    "cart": ("id",),
    "price": ("variant_id",),
    "priced_variant": ("id", "sku"),
}


async def _multiply(conn: "asyncpg.Connection[asyncpg.Record]", table: str, own: tuple[str, ...]) -> None:
    """So many copies of one row of a table, each with ids of its own that lead nowhere."""
    columns = [row[0] for row in await conn.fetch(
        """SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
           AND attgenerated = ''""", table)]  # fmt: skip
    made = {"number": "r.number || n", "sku": "r.sku || n", "slug": "r.slug || n", "parent_id": "r.id"}
    values = [made.get(name, _ID) if name in own else f"r.{name}" for name in columns]
    await conn.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM (SELECT * FROM {table} LIMIT 1) AS r, generate_series(1, {OTHERS}) AS n"
    )


@pytest.fixture
async def crowded(shop: Shop, database_url: str) -> AsyncIterator[Shop]:
    """A shop where very many have bought very many things before."""
    await shop.stock("lamp", 100)
    await store.place(shop.pool, [await command(shop, await shop.basket(lamp=1))])
    conn = await asyncpg.connect(database_url)
    await conn.execute("SET session_replication_role = replica")  # the copies lead nowhere: no keys are checked
    for table, own in _COPIES.items():
        await _multiply(conn, table, own)
    await conn.execute("ANALYZE")
    yield shop
    for table, own in _COPIES.items():
        await conn.execute(f"DELETE FROM {table} WHERE {own[0]} < $1", COPIES_END)
    await conn.close()


async def _touched(conn: database.Connection) -> int:
    """Rows that this transaction has read so far, in whatever way."""
    found = await conn.fetchval("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables")
    return int(found or 0)


async def _looked_and_placed(shop: Shop, database_url: str, commands: Sequence[Placing]) -> tuple[int, int]:
    """Rows that deciding about orders touches, and placing them."""
    conn = await database.connect(database_url, "test")
    try:
        async with conn.transaction():
            await store.look(conn, [each.quote_id for each in commands])  # type: ignore[arg-type]
            looked = await _touched(conn)
            done = await store.place(conn, commands)  # type: ignore[arg-type]
            placed = await _touched(conn) - looked
    finally:
        await conn.close()
    assert [each.outcome for each in done] == ["done"] * len(commands)
    return looked, placed


async def test_placing_touches_as_few_rows_among_very_many_orders_as_among_none(
    crowded: Shop, database_url: str
) -> None:
    commands = [await command(crowded, await crowded.basket(lamp=1)) for _ in range(3)]
    looked, placed = await _looked_and_placed(crowded, database_url, commands)
    assert looked < MOST
    assert placed < MOST


@pytest.mark.parametrize("counted_as", ["NULL", "quote_id"])
async def test_what_a_customer_has_is_found_by_an_index_whomever_all_the_others_count_as(
    crowded: Shop, database_url: str, counted_as: str
) -> None:
    conn = await asyncpg.connect(database_url)
    await conn.execute(f"UPDATE customer_order SET person_id = id, counted_as = {counted_as} WHERE id < $1", COPIES_END)
    await conn.execute("ANALYZE")
    await conn.close()
    await limit(crowded, most_per_customer=9)
    mails = (MAIL, "ada.lovelace+1@example.org", "bob+1@example.org")
    commands = [await command(crowded, await crowded.basket(lamp=1), mail) for mail in mails]
    looked, placed = await _looked_and_placed(crowded, database_url, commands)
    assert looked < MOST
    assert placed < MOST


async def test_categories_of_what_is_bought_are_found_among_very_many(crowded: Shop, database_url: str) -> None:
    within = await category(crowded, "Lamps", await category(crowded, "Light"))
    await put_into(crowded, "lamp", within)
    await crowded.promote(BuyGetInput(1, 1, buy_of=ProductSetInput(categories=[within])))
    conn = await asyncpg.connect(database_url)
    await _multiply(conn, "category", ("id", "slug", "parent_id"))
    await conn.execute("ANALYZE")
    commands = [await command(crowded, await crowded.basket(lamp=2)) for _ in range(3)]
    looked, placed = await _looked_and_placed(crowded, database_url, commands)
    await conn.execute("DELETE FROM category WHERE id < $1", COPIES_END)
    await conn.close()
    assert looked < MOST
    assert placed < MOST
