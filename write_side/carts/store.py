"""The SQL of carts. With the functions in schema/functions/carts.sql, the only place that names their tables."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.carts import CartOpened
from shared.shards import cart_key
from write_side import event_log
from write_side.carts.domain import Cart, check_secret
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent, Positions

_positions = msgspec.json.Decoder(dict[int, int])
_lines = msgspec.json.Decoder(dict[str, int])
_SELECT = """SELECT c.id, c.currency, c.secret_sha256, c.order_id, c.version, c.channel,
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


async def find_cart(conn: Connection, cart_id: UUID, secret: str | None) -> Cart:
    """The cart that a secret opens; raises `SecretRequired`, `WrongSecret`."""
    row = await conn.fetchrow(f"{_SELECT} WHERE c.id = $1", cart_id)
    check_secret(secret, None if row is None else row["secret_sha256"])
    assert row is not None
    return _cart(row)


async def open_with(conn: Connection, cart_id: UUID, secret: str | None) -> CartPlace:
    """Raises `SecretRequired`, `WrongSecret`; answers where the cart is shopped in."""
    row = await conn.fetchrow("SELECT currency, channel, secret_sha256 FROM cart WHERE id = $1", cart_id)
    check_secret(secret, None if row is None else row["secret_sha256"])
    assert row is not None
    return CartPlace(row["currency"], row["channel"])


async def save_opened(conn: Connection, event: CartOpened, secret_sha256: str, cause: Metadata) -> Positions:
    """A new cart's row and event."""
    await conn.execute(
        "INSERT INTO cart (id, currency, channel, secret_sha256, version) VALUES ($1, $2, $3, $4, 1)",
        event.cart_id, event.currency, event.channel, secret_sha256,
    )  # fmt: skip
    return await event_log.append(conn, [NewEvent("cart", event.cart_id, 1, cart_key(event.cart_id), event)], cause)


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
    return Cart(row["id"], row["currency"], lines, row["order_id"], row["version"], row["channel"])


async def rewrite_cart(conn: Connection, cart: Cart) -> None:
    """Make the rows say this, for a repair. Where the row was lost, so is its secret: nobody can open it any more."""
    columns = msgspec.structs.asdict(cart)
    lines = columns.pop("lines")
    await overwrite(conn, "cart", columns, {"secret_sha256": ""})
    rows = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    await replace(conn, "cart_line", ("cart_id", cart.id), rows)
