-- Refunds, as others ask about them. Only this and write_side/refunds/store.py name their table.

-- Whether money of this order may still be on its way back.
CREATE OR REPLACE FUNCTION refunds_open(p_order uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM refund r WHERE r.order_id = p_order AND r.state IN ('requested', 'pending'))
$$;

-- From which of these orders money went back, or is going, since who paid it wanted so: not what the shop could not send
-- or had taken twice, nor what pays a replacement.
CREATE OR REPLACE FUNCTION refunds_among(p_orders uuid[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT r.order_id) FROM refund r WHERE r.order_id = ANY (p_orders) AND r.state <> 'failed'
       AND r.reason NOT IN ('out_of_stock', 'duplicate') AND r.amount_minor > r.moved_minor
$$;

-- Which of these orders staff gave money of back since they were fraud, whether or not it went through.
CREATE OR REPLACE FUNCTION refunds_for_fraud(p_orders uuid[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT r.order_id) FROM refund r WHERE r.order_id = ANY (p_orders) AND r.reason = 'fraud'
$$;

-- What refunds and releases of this order have put back on its shelves, whatever became of their money.
CREATE OR REPLACE FUNCTION refunds_restocked(p_order uuid) RETURNS TABLE (sku text, warehouse text, quantity integer)
LANGUAGE sql STABLE AS $$
    SELECT a.sku, a.warehouse, sum(a.quantity)::integer
    FROM refund r, jsonb_to_recordset(r.restocked) AS a(sku text, warehouse text, quantity integer)
    WHERE r.order_id = p_order GROUP BY 1, 2
$$;

-- What refunds and releases of this order have named, and put back on none of its shelves.
CREATE OR REPLACE FUNCTION refunds_not_restocked(p_order uuid) RETURNS TABLE (sku text, quantity integer)
LANGUAGE sql STABLE AS $$
    SELECT n.sku, sum(n.quantity)::integer
    FROM (SELECT l.sku, l.quantity FROM refund r, jsonb_to_recordset(r.lines) AS l(sku text, quantity integer)
          WHERE r.order_id = p_order
          UNION ALL SELECT b.sku, -b.quantity FROM refunds_restocked(p_order) AS b) AS n
    GROUP BY 1 HAVING sum(n.quantity) > 0
$$;
