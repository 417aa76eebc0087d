"""The SQL of whom orders and quotes name and belong to; the tables are those of `orders.store` and `orders.quotes`."""

from collections.abc import Sequence
from uuid import UUID

from shared.events.orders import OrderRedacted, QuoteRedacted
from shared.shards import cart_key, order_key
from write_side.database import Connection
from write_side.event_log import NewEvent


async def named_among(conn: Connection, person_ids: Sequence[UUID]) -> list[UUID]:
    """Which of these persons are still named by an order or a quote."""
    query = """SELECT person_id FROM customer_order WHERE person_id = ANY ($1) AND mail <> ''
               UNION SELECT person_id FROM quote WHERE person_id = ANY ($1) AND mail <> ''"""
    return [row["person_id"] for row in await conn.fetch(query, person_ids)]


async def lock_unclaimed(conn: Connection, person_id: UUID, most: int) -> list[UUID]:
    """So many orders of a person that belong to no account, held until the transaction ends."""
    query = """SELECT id FROM customer_order WHERE person_id = $1 AND account_id IS NULL
               ORDER BY id LIMIT $2 FOR UPDATE"""
    return [row["id"] for row in await conn.fetch(query, person_id, most)]


async def set_account(conn: Connection, ids: Sequence[UUID], account_id: UUID) -> list[tuple[UUID, int]]:
    """Locked orders come to an account; their new versions, in the order of their ids."""
    query = "UPDATE customer_order SET account_id = $2, version = version + 1 WHERE id = ANY ($1) RETURNING id, version"
    return sorted((row["id"], row["version"]) for row in await conn.fetch(query, list(ids), account_id))


async def lock_named(conn: Connection, person_id: UUID, most: int) -> tuple[list[UUID], list[UUID]]:
    """So many orders and quotes that still name a person, held until the transaction ends. The carts of the quotes are
    held first, as placing holds them: until then none of these quotes becomes another order."""
    query = "SELECT id, cart_id FROM quote WHERE person_id = $1 AND mail <> '' ORDER BY id LIMIT $2"
    quotes = await conn.fetch(query, person_id, most)
    await conn.execute("SELECT carts_lock($1)", list({row["cart_id"] for row in quotes}))
    query = "SELECT id FROM customer_order WHERE person_id = $1 AND mail <> '' ORDER BY id LIMIT $2 FOR UPDATE"
    orders = await conn.fetch(query, person_id, most)
    return [row["id"] for row in orders], [row["id"] for row in quotes]


async def redact(
    conn: Connection, person_id: UUID, order_ids: Sequence[UUID], quote_ids: Sequence[UUID]
) -> list[NewEvent]:
    """Empty mail and address in rows of a person that `lock_named` holds; the events that say so."""
    changed = "SET mail = '', address = '', version = version + 1 WHERE id = ANY ($1) AND mail <> ''"
    orders = await conn.fetch(f"UPDATE customer_order {changed} RETURNING id, version", order_ids)
    quotes = await conn.fetch(f"UPDATE quote {changed} RETURNING id, version, cart_id", quote_ids)
    of_orders = [
        NewEvent("order", row["id"], row["version"], order_key(row["id"]), OrderRedacted(row["id"], person_id))
        for row in orders
    ]
    return of_orders + [
        NewEvent("quote", row["id"], row["version"], cart_key(row["cart_id"]),
                 QuoteRedacted(row["id"], row["cart_id"], person_id))
        for row in quotes
    ]  # fmt: skip
