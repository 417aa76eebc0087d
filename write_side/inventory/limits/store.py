"""The SQL of purchase limits. With `inventory_limits`, the only place that names their table."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from shared.envelope import Metadata
from shared.events.inventory import PurchaseLimitSet
from shared.shards import product_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.inventory.limits.domain import PurchaseLimit

_LIMIT = "id, sku, product_id, most_per_order, most_per_customer, window_days, version"


async def find(conn: Connection, skus: Sequence[str]) -> list[PurchaseLimit]:
    """The limits of these SKUs."""
    rows = await conn.fetch(f"SELECT {_LIMIT} FROM inventory_limits($1)", skus)  # noqa: S608
    return [PurchaseLimit(*row) for row in rows]


async def lock(conn: Connection, sku: str) -> PurchaseLimit | None:
    """The limits of a SKU, the row locked; orders don't wait for it."""
    query = f"SELECT {_LIMIT} FROM purchase_limit WHERE sku = $1 FOR NO KEY UPDATE"  # noqa: S608
    row = await conn.fetchrow(query, sku)
    return None if row is None else PurchaseLimit(*row)


async def save(conn: Connection, limit: PurchaseLimit, event: PurchaseLimitSet, cause: Metadata) -> Positions:
    """The limits as the event leaves them. Of two that are the first for a SKU one fails, and is tried again."""
    if limit.version == 1:
        await conn.execute(
            f"INSERT INTO purchase_limit ({_LIMIT}) VALUES ($1, $2, $3, $4, $5, $6, $7)",  # noqa: S608
            *msgspec.structs.astuple(limit),
        )
    else:
        await conn.execute(
            """UPDATE purchase_limit SET most_per_order = $2, most_per_customer = $3, window_days = $4, version = $5
               WHERE id = $1""",
            limit.id, limit.most_per_order, limit.most_per_customer, limit.window_days, limit.version,
        )  # fmt: skip
    new = NewEvent("purchase_limit", limit.id, limit.version, product_key(limit.product_id), event)
    return await event_log.append(conn, [new], cause)


async def all_limits(conn: Connection, ids: Sequence[UUID] | None = None) -> list[PurchaseLimit]:
    """Every row, or those of some, for the comparison with the log."""
    rows = await conn.fetch(*among(f"SELECT {_LIMIT} FROM purchase_limit", ids))  # noqa: S608
    return [PurchaseLimit(*row) for row in rows]


async def rewrite_limit(conn: Connection, limit: PurchaseLimit) -> None:
    """Make the row say this; for a repair."""
    await overwrite(conn, "purchase_limit", msgspec.structs.asdict(limit))
