"""The SQL of low stock."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from shared.envelope import Metadata
from shared.events.inventory import ManagerMailRefused, ManagerTold, StockRanLow
from shared.shards import product_key
from write_side import event_log
from write_side.database import Connection, Pool, among, overwrite
from write_side.event_log import NewEvent
from write_side.inventory.alerts.domain import LowStock

# For so long alerts are one worker's: longer than a mail takes.
CLAIM = timedelta(seconds=30)
_ALERT = "id, stock_item_id, sku, warehouse, available, low_at, state, version"


class Claimed(NamedTuple):
    """What one mail is to tell: alerts of one warehouse, and its manager's address."""

    warehouse: str
    manager_mail: str
    alerts: list[LowStock]


async def thresholds(conn: Connection, item_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Stock item → at how many it is low."""
    rows = await conn.fetch("SELECT id, low_at FROM stock_item WHERE id = ANY ($1)", item_ids)
    return {row["id"]: row["low_at"] for row in rows}


async def notice(conn: Connection, event: StockRanLow, cause: Metadata) -> None:
    """An alert and its event; it is due where the warehouse has a manager, and else nobody is told, later neither."""
    product_id: UUID = await conn.fetchval(
        """WITH item AS (
               SELECT i.*, w.manager_mail FROM stock_item i JOIN warehouse w ON w.code = i.warehouse
               WHERE i.id = $2 FOR SHARE OF w
           ), noticed AS (
               INSERT INTO low_stock (id, stock_item_id, sku, warehouse, available, low_at, state, version,
                                      next_attempt_at)
               SELECT $1, id, sku, warehouse, $3, $4, 'noticed', 1,
                      CASE WHEN manager_mail IS NOT NULL THEN clock_timestamp() END
               FROM item
           )
           SELECT product_id FROM item""",
        event.alert_id, event.stock_item_id, event.available, event.low_at,
    )  # fmt: skip
    await event_log.append(conn, [NewEvent("low_stock", event.alert_id, 1, product_key(product_id), event)], cause)


async def claim_due(conn: Connection, limit: int) -> list[Claimed]:
    """What is to be told now, by warehouse, for this worker alone for a while."""
    rows = await conn.fetch(
        f"""UPDATE low_stock l SET next_attempt_at = clock_timestamp() + $2 FROM warehouse w
            WHERE w.code = l.warehouse AND w.manager_mail IS NOT NULL AND l.id IN (
                SELECT id FROM low_stock WHERE next_attempt_at <= clock_timestamp()
                ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
            RETURNING {', '.join(f'l.{name}' for name in _ALERT.split(', '))}, w.manager_mail""",  # noqa: S608
        limit, CLAIM,
    )  # fmt: skip
    claimed: dict[tuple[str, str], list[LowStock]] = {}
    for row in rows:
        claimed.setdefault((row["warehouse"], row["manager_mail"]), []).append(LowStock(*list(row.values())[:8]))
    return [Claimed(*place, sorted(alerts, key=lambda a: a.id)) for place, alerts in sorted(claimed.items())]


async def count_due(conn: Connection) -> tuple[int, float]:
    """Alerts that are due, and for how many seconds the first of them has been."""
    row = await conn.fetchrow(
        """SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(next_attempt_at)), 0)::float8
           FROM low_stock WHERE next_attempt_at <= clock_timestamp()"""
    )
    assert row is not None
    return row[0], row[1]


async def put_off(conn: Connection | Pool, alerts: Sequence[LowStock], pause: timedelta) -> None:
    """They were not told: try again after a pause, unless their manager was taken away: due never."""
    query = """UPDATE low_stock SET next_attempt_at = clock_timestamp() + $2
               WHERE id = ANY ($1) AND state = 'noticed' AND next_attempt_at IS NOT NULL"""
    await conn.execute(query, [alert.id for alert in alerts], pause)


async def finish(conn: Connection, events: Sequence[ManagerTold | ManagerMailRefused], cause: Metadata) -> None:
    """The rows of alerts that were told or refused, and their events. Only the first to say so is heard."""
    state = "told" if isinstance(events[0], ManagerTold) else "refused"
    rows = await conn.fetch(
        """UPDATE low_stock l SET state = $2, version = l.version + 1, next_attempt_at = NULL FROM stock_item i
           WHERE l.id = ANY ($1) AND l.state = 'noticed' AND i.id = l.stock_item_id
           RETURNING l.id, i.product_id, l.version""",
        [event.alert_id for event in events], state,
    )  # fmt: skip
    said = {event.alert_id: event for event in events}
    new = [NewEvent("low_stock", r["id"], r["version"], product_key(r["product_id"]), said[r["id"]]) for r in rows]
    await event_log.append(conn, new, cause)


async def all_alerts(conn: Connection, ids: Sequence[UUID] | None = None) -> list[LowStock]:
    """Every alert's row, or those of some, for the comparison with the log."""
    rows = await conn.fetch(*among(f"SELECT {_ALERT} FROM low_stock", ids))  # noqa: S608
    return [LowStock(*row) for row in rows]


async def rewrite_alert(conn: Connection, alert: LowStock) -> None:
    """Make the row say this, for a repair. One whose row was lost is told to nobody: it is old by now."""
    await overwrite(conn, "low_stock", msgspec.structs.asdict(alert))
