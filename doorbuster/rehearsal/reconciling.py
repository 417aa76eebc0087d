"""Orders, money and stock of a rehearsal, added up three ways: by the log, by the rows, by the provider."""

from collections.abc import Mapping, Sequence

import asyncpg
from msgspec import Struct

from doorbuster.invariants import captures
from doorbuster.invariants.captures import Provider

_TIMES = """SELECT split_part(type, '.', 2) AS what, count(*) AS times FROM event_log
            WHERE position > $1 AND aggregate_type = 'order' GROUP BY 1"""
_SOLD = """SELECT coalesce(sum((convert_from(payload, 'UTF8')::jsonb ->> 'quantity')::bigint), 0)::bigint
           FROM event_log WHERE position > $1 AND type LIKE 'inventory.stock_deducted.%'"""
_CAPTURED = """SELECT o.id::text AS id, o.total_minor AS minor FROM customer_order o
               WHERE EXISTS (SELECT FROM event_log e WHERE e.position > $1 AND e.aggregate_id = o.payment_id
                             AND e.type LIKE 'payments.payment_captured.%')"""


# SKU → units that orders were promised since (those that ended apart), beside what there was of it and what came in.
# What an order gave back when it ended is there once: `freed` if it was reserved before and never left, `again` what
# left and came back within the run, promised to nobody for good.
_PROMISED = """
WITH ended AS (
    SELECT aggregate_id, min(position) AS at FROM event_log
    WHERE type LIKE 'orders.order_cancelled.%' OR type LIKE 'orders.order_expired.%' GROUP BY 1
), returned AS (
    SELECT (said ->> 'reservation_id')::uuid AS order_id, said ->> 'sku' AS sku,
           sum((said ->> 'quantity')::bigint) AS quantity
    FROM (SELECT convert_from(payload, 'UTF8')::jsonb AS said FROM event_log
          WHERE position > $1 AND type LIKE 'inventory.stock_returned.%') AS r GROUP BY 1, 2
), promised AS (
    SELECT e.aggregate_id, line ->> 'sku' AS sku, e.position > $1 AS now, x.at IS NULL AS open, x.at > $1 AS closed,
           sum((line ->> 'quantity')::bigint) AS quantity
    FROM event_log e LEFT JOIN ended x ON x.aggregate_id = e.aggregate_id
    CROSS JOIN jsonb_array_elements(convert_from(e.payload, 'UTF8')::jsonb -> 'allocations') AS line
    WHERE e.type LIKE 'orders.order_placed.%' GROUP BY 1, 2, 3, 4, 5
)
SELECT p.sku, coalesce(sum(p.quantity) FILTER (WHERE now AND open), 0)::bigint AS promised,
       coalesce(sum(p.quantity) FILTER (WHERE NOT now AND closed AND r.quantity IS NULL), 0)::bigint AS freed,
       coalesce(sum(r.quantity) FILTER (WHERE now AND closed), 0)::bigint AS again
FROM promised p LEFT JOIN returned r ON r.order_id = p.aggregate_id AND r.sku = p.sku GROUP BY p.sku"""
_CAME_IN = """
SELECT said ->> 'sku' AS sku,
       sum(CASE what WHEN 'stock_transferred_out' THEN -1 ELSE 1 END
           * coalesce(said ->> 'quantity', said ->> 'change', said ->> 'on_hand')::bigint)::bigint AS units
FROM (SELECT split_part(type, '.', 2) AS what, convert_from(payload, 'UTF8')::jsonb AS said FROM event_log
      WHERE position > $1 AND split_part(type, '.', 2) IN (
          'stock_received', 'stock_returned', 'stock_adjusted', 'stock_item_opened', 'stock_counted',
          'stock_transferred_out', 'stock_transferred_in')) AS c
GROUP BY 1"""
_UNKNOWN = """SELECT count(*) FROM unnest($1::uuid[]) AS answered WHERE NOT EXISTS
              (SELECT FROM event_log e WHERE e.aggregate_type = 'order' AND e.aggregate_id = answered)"""


class Before(Struct, frozen=True):
    """How things stood when the doors opened."""

    position: int
    on_hand: int
    left: dict[str, int] = {}  # SKU → units that nobody had reserved


class Books(Struct, frozen=True):
    """What the rehearsal made of it. Money in minor units, over all currencies."""

    orders_answered: int  # 201, as the shoppers counted
    orders_placed: int  # in the log
    orders_paid: int
    orders_closed: int  # cancelled or expired
    captured_minor: int  # what the paid orders cost
    captured_at_provider_minor: int
    units_before: int
    units_sold: int
    units_in: int  # opened, received, returned, adjusted, counted, off the road; less what went on it
    units_after: int
    lowest_left: int  # of any SKU, now
    oversold: int = 0  # units that orders were promised beyond what there was of their SKUs, by the log alone
    orders_unknown: int = 0  # of those that were answered, the ones that the log does not know

    @property
    def lost(self) -> int:
        """Orders that a shopper holds an answer for, and the log knows nothing of."""
        return max(self.orders_unknown, self.orders_answered - self.orders_placed)

    def differences(self) -> list[str]:
        """What does not add up."""
        found = []
        if self.lost:
            found.append(f"{self.lost} orders were answered and are not in the log")
        if self.captured_minor != self.captured_at_provider_minor:
            found.append(f"paid orders cost {self.captured_minor}, the provider took {self.captured_at_provider_minor}")
        if self.units_before + self.units_in - self.units_sold != self.units_after:
            found.append(
                f"{self.units_before} units + {self.units_in} - {self.units_sold} sold are not {self.units_after}"
            )
        if self.lowest_left < 0:
            found.append(f"a SKU is oversold by {-self.lowest_left}")
        if self.oversold:
            found.append(f"orders were promised {self.oversold} units more than there were")
        return found


async def before(conn: "asyncpg.Connection[asyncpg.Record]") -> Before:
    """The books as they stand."""
    position = await conn.fetchval("SELECT coalesce(max(position), 0) FROM event_log")
    rows = await conn.fetch("SELECT sku, sum(on_hand - reserved)::bigint AS units FROM stock_item GROUP BY 1")
    on_hand = await conn.fetchval("SELECT coalesce(sum(on_hand), 0) FROM stock_item")
    return Before(position, on_hand, {row["sku"]: row["units"] for row in rows})


async def came_in(conn: "asyncpg.Connection[asyncpg.Record]", since: Before) -> dict[str, int]:
    """SKU → by how many units its counts moved since then, but for what was sold."""
    return {row["sku"]: row["units"] for row in await conn.fetch(_CAME_IN, since.position)}


async def reconciled(
    conn: "asyncpg.Connection[asyncpg.Record]", since: Before, provider: Provider, answered: Sequence[str]
) -> Books:
    """The books since then, once the worker has nothing left to do; `answered`: the orders that shoppers know of."""
    times = {row["what"]: row["times"] for row in await conn.fetch(_TIMES, since.position)}
    units_in = await came_in(conn, since)
    paid = {row["id"]: row["minor"] for row in await conn.fetch(_CAPTURED, since.position)}
    at_provider = await captures.captured(provider)
    return Books(
        orders_answered=len(answered),
        orders_placed=times.get("order_placed", 0),
        orders_paid=len(paid),
        orders_closed=times.get("order_cancelled", 0) + times.get("order_expired", 0),
        captured_minor=sum(paid.values()),
        captured_at_provider_minor=sum(made.amount_minor for id_ in paid for made in at_provider.get(id_, [])),
        units_before=since.on_hand,
        units_sold=await conn.fetchval(_SOLD, since.position),
        units_in=sum(units_in.values()),
        units_after=await conn.fetchval("SELECT coalesce(sum(on_hand), 0) FROM stock_item"),
        lowest_left=await conn.fetchval("SELECT coalesce(min(on_hand - reserved), 0) FROM stock_item"),
        oversold=await oversold(conn, since, units_in),
        orders_unknown=await conn.fetchval(_UNKNOWN, answered),
    )


async def oversold(
    conn: "asyncpg.Connection[asyncpg.Record]", since: Before, units_in: Mapping[str, int]
) -> int:
    """Units that orders were promised since then beyond what there was of their SKUs. What rows say can't be asked
    here: a CHECK keeps them from saying so."""
    promised = await conn.fetch(_PROMISED, since.position)
    there = {
        row["sku"]: since.left.get(row["sku"], 0) + units_in.get(row["sku"], 0) + row["freed"] - row["again"]
        for row in promised
    }
    return sum(max(0, row["promised"] - there[row["sku"]]) for row in promised)
