"""What `ask` must answer, worked out from Postgres' rows and the log alone, by other code than the read models'."""

from collections import Counter, defaultdict
from typing import Any

import msgspec

from write_side.database import Pool

Row = dict[str, Any]

PAID = ("authorized", "captured")
_TO_CARDS = """(SELECT coalesce(sum((part ->> 'amount_minor')::bigint), 0)
                FROM jsonb_array_elements(r.gift_cards) part)"""
# Of a refund that did not succeed, what gift cards got at once, or pays for other goods.
_GONE = f"CASE r.state WHEN 'succeeded' THEN r.amount_minor ELSE {_TO_CARDS} + r.moved_minor END"


async def revenue_by_hour(pool: Pool) -> list[Row]:
    """By SQL over orders, payments and refunds."""
    rows = await pool.fetch(
        f"""WITH moved AS (
               SELECT type, (told ->> 'order_id')::uuid AS order_id, (told ->> 'amount_minor')::bigint AS minor
               FROM event_log CROSS JOIN LATERAL (SELECT convert_from(payload, 'UTF8')::jsonb AS told) said
               WHERE type IN ('gift_cards.gift_card_spent.v1', 'gift_cards.gift_card_returned.v1'))
           SELECT to_char(date_trunc('hour', placed.recorded_at AT TIME ZONE 'UTC'),
                          'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
                  o.currency, count(*) AS orders, sum(pieces.items)::int AS items,
                  sum(o.total_minor)::bigint AS revenue_minor,
                  sum(o.tax_minor + coalesce(inside.minor, 0))::bigint AS tax_minor,
                  sum(p.released_minor)::bigint AS released_minor,
                  sum(coalesce(back.minor, 0))::bigint AS refunded_minor,
                  sum(coalesce(cards.minor, 0))::bigint AS gift_minor,
                  coalesce(sum(i.amount_minor - i.credited_minor - i.paid_minor) FILTER (WHERE i.state <> 'paid'),
                           0)::bigint AS unpaid_minor
           FROM customer_order o
           JOIN payment p ON p.order_id = o.id AND p.state = ANY ($1)
           LEFT JOIN invoice i ON i.order_id = o.id
           JOIN event_log placed ON placed.aggregate_id = o.id AND placed.type = 'orders.order_placed.v1'
           CROSS JOIN LATERAL (SELECT sum(quantity) AS items FROM order_line WHERE order_id = o.id) pieces
           CROSS JOIN LATERAL (SELECT sum((tax ->> 'tax_minor')::bigint) AS minor FROM jsonb_array_elements(o.taxes) tax
                               WHERE (tax ->> 'included')::boolean) inside
           CROSS JOIN LATERAL (SELECT sum({_GONE}) AS minor FROM refund r WHERE order_id = o.id) back
           CROSS JOIN LATERAL (SELECT sum(CASE WHEN type LIKE '%card_spent%' THEN minor ELSE -minor END) AS minor
                               FROM moved WHERE order_id = o.id) cards
           GROUP BY 1, 2 ORDER BY 1, 2""",
        PAID,
    )
    return [{**row, "net_minor": row["revenue_minor"] - row["released_minor"] - row["refunded_minor"]} for row in rows]


async def money(pool: Pool) -> int:
    """What was taken, or may be, less what has gone back as money, and of invoices what was paid and is not owed."""
    found: int = await pool.fetchval(
        f"""SELECT (SELECT coalesce(sum(amount_minor - released_minor), 0) FROM payment
                   WHERE state = ANY ($1) AND method <> 'invoice')
                - (SELECT coalesce(sum(r.amount_minor - r.moved_minor - {_TO_CARDS}), 0)
                   FROM refund r JOIN payment p ON p.id = r.payment_id
                   WHERE r.state = 'succeeded' AND p.method <> 'invoice')
                + (SELECT coalesce(sum(least(paid_minor, amount_minor - credited_minor)), 0) FROM invoice)""",
        PAID,
    )
    return int(found)


async def top_products(pool: Pool) -> list[Row]:
    """By reading the log: lines of orders that were authorized, and not let go of since, less what went back."""
    products: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    names: dict[str, str] = {}
    unpaid = {row["id"] for row in await pool.fetch("""SELECT order_id::text AS id FROM invoice
                                                       WHERE amount_minor - credited_minor - paid_minor > 0""")}
    paid, let_go = [
        {event["order_id"] for event in await _told(pool, f"payments.payment_{how}.v1")}
        for how in ("authorized", "voided")
    ]
    gone, failed = [
        {event["refund_id"] for event in await _told(pool, f"refunds.refund_{how}.v1")}
        for how in ("succeeded", "failed")
    ]
    back = {event["refund_id"]: event for event in await _told(pool, "refunds.refund_requested.v1")}
    for order in await _told(pool, "orders.order_placed.v1"):
        for line in order["lines"] if order["order_id"] in paid - let_go else []:
            figures = products[order["totals"]["currency"], line["product_id"]]
            figures["units"] += line["quantity"]
            figures["orders"] += 1
            figures["unpaid_orders"] += order["order_id"] in unpaid
            figures["revenue_minor"] += line["total_minor"] - line.get("discount_minor", 0) + line["tax_minor"]
            refunds = [back[id_]["lines"] for id_ in gone - failed if back[id_]["order_id"] == order["order_id"]]
            figures["refunded_minor"] += sum(
                part["amount_minor"] for lines in refunds for part in lines if part["sku"] == line["sku"]
            )
            names[line["product_id"]] = line["name"]
    found = [
        {
            "currency": currency, "product_id": product, "name": names[product], "units": sums["units"],
            "revenue_minor": sums["revenue_minor"], "released_minor": 0, "refunded_minor": sums["refunded_minor"],
            "net_minor": sums["revenue_minor"] - sums["refunded_minor"],
            "orders": sums["orders"], "unpaid_orders": sums["unpaid_orders"],
        }
        for (currency, product), sums in products.items()
    ]  # fmt: skip
    return sorted(found, key=lambda row: -row["revenue_minor"])


async def refunds(pool: Pool) -> list[Row]:
    """By SQL over the refunds."""
    rows = await pool.fetch(
        """SELECT currency, reason, state, count(*) AS refunds, sum(amount_minor)::bigint AS amount_minor
           FROM refund GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    )
    return [dict(row) for row in rows]


async def payment_recovery(pool: Pool) -> list[Row]:
    """By SQL over the log's payloads: orders with a decline, and which of them were authorized after all."""
    rows = await pool.fetch(
        """WITH happened AS (
               SELECT type, position, convert_from(payload, 'UTF8')::jsonb AS told
               FROM event_log WHERE type LIKE 'payments.%'),
           declined AS (
               SELECT told ->> 'order_id' AS id, count(*) AS declines,
                      (array_agg(told ->> 'reason' ORDER BY position))[1] AS reason
               FROM happened
               WHERE type = 'payments.payment_declined.v1' AND NOT (told ? 'again') GROUP BY 1),
           paid AS (SELECT told ->> 'order_id' AS id FROM happened WHERE type = 'payments.payment_authorized.v1')
           SELECT d.reason, o.currency, count(*) AS orders, sum(d.declines)::int AS declines,
                  count(paid.id) AS recovered,
                  sum(o.total_minor)::bigint AS declined_minor,
                  coalesce(sum(o.total_minor) FILTER (WHERE paid.id IS NOT NULL), 0)::bigint AS recovered_minor
           FROM declined d JOIN customer_order o ON o.id = d.id::uuid LEFT JOIN paid ON paid.id = d.id
           GROUP BY 1, 2 ORDER BY 1, 2"""
    )
    return [dict(row) for row in rows]


async def stock(pool: Pool) -> dict[str, Row]:
    """SKU → its figures, by SQL over the stock items and the transfers."""
    rows = await pool.fetch(
        """SELECT sku, sum(on_hand)::int AS on_hand, sum(reserved)::int AS reserved,
                  sum(on_hand - reserved)::int AS available,
                  (SELECT coalesce(sum(l.quantity - l.received - l.lost - l.damaged - l.returned), 0)::int
                   FROM transfer_line l JOIN transfer t ON t.id = l.transfer_id
                   WHERE l.sku = stock_item.sku AND t.state IN ('in_transit', 'received')) AS in_transit
           FROM stock_item GROUP BY 1"""
    )
    return {row["sku"]: dict(row) for row in rows}


async def _told(pool: Pool, type_: str) -> list[Any]:
    rows = await pool.fetch("SELECT payload FROM event_log WHERE type = $1 ORDER BY position", type_)
    return [msgspec.json.decode(row["payload"]) for row in rows]


async def abandoned_orders(pool: Pool) -> list[Row]:
    """By SQL over orders without an authorization in the log."""
    rows = await pool.fetch(
        """WITH told AS (SELECT type, convert_from(payload, 'UTF8')::jsonb ->> 'order_id' AS id FROM event_log
                         WHERE type LIKE 'payments.%')
           SELECT o.currency, o.state, count(*) AS orders,
                  count(*) FILTER (WHERE EXISTS (
                      SELECT FROM told WHERE id = o.id::text AND type = 'payments.payment_declined.v1')) AS declined,
                  sum(o.total_minor)::bigint AS total_minor
           FROM customer_order o
           WHERE NOT EXISTS (SELECT FROM told WHERE id = o.id::text AND type = 'payments.payment_authorized.v1')
           GROUP BY 1, 2 ORDER BY 2"""
    )
    return [dict(row) for row in rows]


async def receivables(pool: Pool) -> list[Row]:
    """By SQL over the invoices; by currency and age, what is not due first."""
    rows = await pool.fetch(
        """SELECT currency, CASE WHEN due_at > now() THEN 'not due'
                                 WHEN due_at > now() - interval '30 days' THEN '1-30 days'
                                 WHEN due_at > now() - interval '60 days' THEN '31-60 days'
                                 ELSE 'over 60 days' END AS age,
                  count(*) AS invoices, count(DISTINCT account_id) AS accounts,
                  sum(amount_minor - credited_minor)::bigint AS open_minor, sum(amount_minor)::bigint AS amount_minor,
                  sum(credited_minor)::bigint AS credited_minor
           FROM invoice WHERE state <> 'paid' AND amount_minor > credited_minor
           GROUP BY 1, 2 ORDER BY 1, max(due_at) DESC"""
    )
    return [dict(row) for row in rows]


# Of each tax in a credit note a row; where none is told, one with the rest of its amount and all of its tax.
_NOTED = """noted AS (
    SELECT n.*, coalesce(tax ->> 'name', '') AS tax, (tax ->> 'rate_ppm')::int AS rate_ppm,
           coalesce(tax ->> 'note', '') AS note,
           coalesce((tax ->> 'base_minor')::bigint, n.amount_minor - n.tax_minor) AS base,
           coalesce((tax ->> 'tax_minor')::bigint, n.tax_minor) AS share
    FROM credit_note n LEFT JOIN LATERAL json_array_elements(n.taxes) tax ON true)"""
_MONTH = """to_char(date_trunc('month', {} AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


async def credit_notes(pool: Pool) -> list[Row]:
    """By SQL over the credit notes."""
    rows = await pool.fetch(
        f"""WITH {_NOTED}
            SELECT {_MONTH.format("issued_at")} AS month, currency, reason, tax, rate_ppm / 10000.0::float AS rate,
                   count(*) AS notes, sum(base)::bigint AS base_minor, sum(share)::bigint AS tax_minor
            FROM noted GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""
    )
    return [dict(row) for row in rows]


async def vat(pool: Pool) -> list[Row]:
    """By SQL over orders, the log's captures, credit notes and refunds."""
    rows = await pool.fetch(
        f"""WITH {_NOTED},
            captured AS (
                SELECT o.*, e.recorded_at AS at FROM customer_order o JOIN event_log e
                    ON e.aggregate_id = o.payment_id AND e.type = 'payments.payment_captured.v1'),
            back AS (
                SELECT r.id, r.order_id, {_GONE} AS gone, said, e.recorded_at AS asked_at,
                       r.state IN ('succeeded', 'released') AND said ->> 'tax_minor' IS NOT NULL AS told
                FROM refund r JOIN event_log e ON e.aggregate_id = r.id AND e.aggregate_version = 1
                CROSS JOIN LATERAL (SELECT convert_from(e.payload, 'UTF8')::jsonb AS said) payload),
            told AS (
                SELECT at, country, currency, tax ->> 'name' AS tax, (tax ->> 'rate_ppm')::int AS rate_ppm,
                       coalesce(tax ->> 'note', '') AS note,
                       (tax ->> 'base_minor')::bigint AS base, (tax ->> 'tax_minor')::bigint AS share,
                       0 AS off_base, 0 AS off, 0 AS back
                FROM captured, jsonb_array_elements(taxes) tax
                UNION ALL
                SELECT issued_at, o.country, n.currency, tax, rate_ppm, note, 0, 0, base, share, 0
                FROM noted n JOIN customer_order o ON o.id = n.order_id
                UNION ALL
                SELECT asked_at, o.country, o.currency, tax ->> 'name', (tax ->> 'rate_ppm')::int,
                       coalesce(tax ->> 'note', ''), 0, 0, (tax ->> 'base_minor')::bigint,
                       (tax ->> 'tax_minor')::bigint, 0
                FROM back JOIN captured o ON o.id = back.order_id, jsonb_array_elements(said -> 'taxes') tax
                WHERE told
                UNION ALL
                SELECT asked_at, o.country, o.currency, '', NULL, '', 0, 0, 0, 0, gone - coalesce(n.amount_minor, 0)
                FROM back JOIN captured o ON o.id = back.order_id LEFT JOIN credit_note n ON n.refund_id = back.id
                WHERE NOT told)
            SELECT {_MONTH.format("at")} AS month, country, currency, tax, rate_ppm / 10000.0::float AS rate,
                   note,
                   sum(base)::bigint AS base_minor, sum(share)::bigint AS tax_minor,
                   sum(off_base)::bigint AS credited_base_minor, sum(off)::bigint AS credited_tax_minor,
                   sum(share - off)::bigint AS net_tax_minor, sum(back)::bigint AS back_minor
            FROM told GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5 NULLS FIRST, 6"""
    )
    return [dict(row) for row in rows]


async def tax_in_refunds(pool: Pool) -> int:
    """What refunds of captured orders that succeeded tell of tax, by reading the log."""
    gone = {event["refund_id"] for event in await _told(pool, "refunds.refund_succeeded.v1")}
    gone -= {event["refund_id"] for event in await _told(pool, "refunds.refund_failed.v1")}
    taken = {event["order_id"] for event in await _told(pool, "payments.payment_captured.v1")}
    asked = [each for each in await _told(pool, "refunds.refund_requested.v1") if each["order_id"] in taken]
    return sum(event["tax_minor"] or 0 for event in asked if event["refund_id"] in gone)


async def gift_cards(pool: Pool) -> list[Row]:
    """By SQL over the gift cards and what the log says of them."""
    rows = await pool.fetch(
        """WITH told AS (SELECT aggregate_id AS id, type, recorded_at,
                                (convert_from(payload, 'UTF8')::jsonb ->> 'amount_minor')::bigint AS minor
                         FROM event_log WHERE aggregate_type = 'gift_card'),
           moved AS (SELECT id, min(recorded_at) AS at,
                            coalesce(sum(minor) FILTER (WHERE type LIKE '%gift_card_spent%'), 0) AS spent,
                            coalesce(sum(minor) FILTER (WHERE type LIKE '%gift_card_returned%'), 0) AS returned
                     FROM told GROUP BY 1)
           SELECT currency, CASE WHEN state = 'blocked' THEN 'blocked' WHEN expires_at <= now() THEN 'expired'
                                 ELSE 'valid' END AS standing,
                  to_char(at AT TIME ZONE 'UTC', 'YYYY') AS year, count(*) AS cards,
                  sum(amount_minor)::bigint AS amount_minor, sum(spent)::bigint AS spent_minor,
                  sum(returned)::bigint AS returned_minor, sum(balance_minor)::bigint AS balance_minor
           FROM gift_card JOIN moved USING (id) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    )
    return [dict(row) for row in rows]


async def disputes(pool: Pool) -> list[Row]:
    """By reading the log: each dispute as it was told last."""
    last = {event["dispute_id"]: event for event in await _told(pool, "fraud.payment_disputed.v1")}
    found = Counter((each["currency"], each["reason"], each["status"]) for each in last.values())
    sums = Counter[tuple[str, str, str]]()
    for each in last.values():
        sums[each["currency"], each["reason"], each["status"]] += each["amount_minor"]
    names = ("currency", "reason", "status")
    return [dict(zip(names, key, strict=True)) | {"disputes": found[key], "amount_minor": sums[key]}
            for key in sorted(found)]  # fmt: skip
