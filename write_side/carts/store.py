"""The SQL of carts. With the functions in schema/functions/carts.sql, the only place that names their tables."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.carts import CartEmptied, CartLinesTaken, CartOpened
from shared.shards import cart_key
from write_side import event_log
from write_side.carts.domain import Cart, check_secret
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent, Positions

_positions = msgspec.json.Decoder(dict[int, int])
_lines = msgspec.json.Decoder(dict[str, int])
_SELECT = """SELECT c.id, c.currency, c.secret_sha256, c.order_id, c.version, c.channel, c.account_id,
                    (SELECT coalesce(json_object_agg(l.sku, l.quantity ORDER BY l.added_at, l.sku), '{}')
                     FROM cart_line l WHERE l.cart_id = c.id) AS lines
             FROM cart c"""


class LineChange(NamedTuple):
    """What `carts_change_line` answers."""

    outcome: str
    quantity: int
    version: int
    positions: Positions


class CartPlace(NamedTuple):
    """Where a cart is shopped in, and what is paid with."""

    currency: str
    channel: str
    account_id: UUID | None


async def find_cart(conn: Connection, cart_id: UUID, secret: str | None) -> Cart:
    """The cart that a secret opens; raises `SecretRequired`, `WrongSecret`."""
    row = await conn.fetchrow(f"{_SELECT} WHERE c.id = $1", cart_id)
    check_secret(secret, None if row is None else row["secret_sha256"])
    assert row is not None
    return _cart(row)


async def open_with(conn: Connection, cart_id: UUID, secret: str | None) -> CartPlace:
    """Raises `SecretRequired`, `WrongSecret`; answers where the cart is shopped in."""
    row = await conn.fetchrow("SELECT currency, channel, account_id, secret_sha256 FROM cart WHERE id = $1", cart_id)
    check_secret(secret, None if row is None else row["secret_sha256"])
    assert row is not None
    return CartPlace(row["currency"], row["channel"], row["account_id"])


async def save_opened(conn: Connection, event: CartOpened, secret_sha256: str, cause: Metadata) -> Positions:
    """A new cart's row and event."""
    await conn.execute(
        """INSERT INTO cart (id, currency, channel, account_id, secret_sha256, version)
           VALUES ($1, $2, $3, $4, $5, 1)""",
        event.cart_id, event.currency, event.channel, event.account_id, secret_sha256,
    )  # fmt: skip
    return await event_log.append(conn, [NewEvent("cart", event.cart_id, 1, cart_key(event.cart_id), event)], cause)


async def find_of_account(conn: Connection, account_id: UUID, currency: str, channel: str) -> Cart | None:
    """The cart that an account shops with, None if there is none from which nothing was ordered."""
    row = await conn.fetchrow(
        f"{_SELECT} WHERE c.account_id = $1 AND c.currency = $2 AND c.channel = $3 AND c.order_id IS NULL",
        account_id, currency, channel,
    )  # fmt: skip
    return None if row is None else _cart(row)


async def keep_secret(conn: Connection, cart_id: UUID, secret_sha256: str) -> None:
    """What opens the cart from now on, and nothing else does. It stands in no event, so there is none of it."""
    query = "UPDATE cart SET secret_sha256 = $2 WHERE id = $1 AND secret_sha256 <> $2"
    await conn.execute(query, cart_id, secret_sha256)


async def lock_carts(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Cart]:
    """Carts held until the transaction ends."""
    await conn.execute("SELECT carts_lock($1)", list(ids))
    return {row["id"]: _cart(row) for row in await conn.fetch(f"{_SELECT} WHERE c.id = ANY ($1)", list(ids))}


async def save_taken(
    conn: Connection, own: Cart, guests: Cart, taken: CartLinesTaken, emptied: CartEmptied, cause: Metadata
) -> Positions:
    """The rows of two locked carts after the lines of one went into the other, and the events."""
    await conn.execute("DELETE FROM cart_line WHERE cart_id = $1", guests.id)
    await conn.execute(
        """INSERT INTO cart_line (cart_id, sku, quantity)
           SELECT $1, t.sku, t.quantity FROM unnest($2::text[], $3::integer[]) WITH ORDINALITY AS t(sku, quantity, n)
           ORDER BY t.n
           ON CONFLICT (cart_id, sku) DO UPDATE SET quantity = excluded.quantity""",
        own.id, list(taken.lines), list(taken.lines.values()),
    )  # fmt: skip
    await conn.execute("UPDATE cart SET version = version + 1 WHERE id = ANY ($1)", [own.id, guests.id])
    events = [(own, taken), (guests, emptied)]
    new = [NewEvent("cart", cart.id, cart.version + 1, cart_key(cart.id), event) for cart, event in events]
    return await event_log.append(conn, new, cause)


async def change_line(
    conn: Connection, cart_id: UUID, sku: str, *, add: int | None = None, to: int | None = None, cause: Metadata
) -> LineChange:
    """Change one line and append its event, as one call."""
    row = await conn.fetchrow(
        "SELECT outcome, quantity, version, positions FROM carts_change_line($1, $2, $3, $4, $5)",
        cart_id, sku, add, to, as_json(cause),
    )  # fmt: skip
    assert row is not None
    return LineChange(row["outcome"], row["quantity"], row["version"], _positions.decode(row["positions"]))


async def all_carts(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Cart]:
    """Every cart's row, or those of some, for the comparison with the log."""
    return [_cart(row) for row in await conn.fetch(*among(_SELECT, ids, "c.id"))]


def _cart(row: asyncpg.Record) -> Cart:
    lines = _lines.decode(row["lines"])
    return Cart(row["id"], row["currency"], lines, row["order_id"], row["version"], row["channel"], row["account_id"])


async def rewrite_cart(conn: Connection, cart: Cart) -> None:
    """Make the rows say this, for a repair. Where the row was lost, so is its secret: a guest's is opened by nobody any
    more, an account's as its owner asks for it."""
    columns = msgspec.structs.asdict(cart)
    lines = columns.pop("lines")
    await overwrite(conn, "cart", columns, {"secret_sha256": ""})
    rows = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    await replace(conn, "cart_line", ("cart_id", cart.id), rows)
