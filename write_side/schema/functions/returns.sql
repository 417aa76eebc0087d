-- Returns, as others ask about them. Only this and write_side/returns/store.py name their table.

-- Whether goods of this order may still come back.
CREATE OR REPLACE FUNCTION returns_open(p_order uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM order_return r WHERE r.order_id = p_order AND r.state IN ('requested', 'approved'))
$$;

-- Whether the goods of this return are here, and what was ordered in exchange has not been said to be off: if it is,
-- their money is to go back.
CREATE OR REPLACE FUNCTION returns_to_pay_back(p_return uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM order_return r
                   WHERE r.id = p_return AND r.exchange_state = 'placed' AND r.state = 'received')
$$;

-- What came back of this order by returns, sellable or damaged.
CREATE OR REPLACE FUNCTION returns_received(p_order uuid) RETURNS TABLE (sku text, quantity integer)
LANGUAGE sql STABLE AS $$
    SELECT u.sku, sum(u.quantity)::integer
    FROM order_return r, jsonb_to_recordset(r.units) AS u(sku text, quantity integer) WHERE r.order_id = p_order GROUP BY 1
$$;

-- The exchanges of these orders whose goods are held (`held`), or ordered: how many of a SKU came back for them, or may.
CREATE OR REPLACE FUNCTION returns_exchanging(p_orders uuid[], p_sku text)
RETURNS TABLE (replacement_id uuid, quote_id uuid, held boolean, back bigint) LANGUAGE sql STABLE AS $$
    SELECT r.replacement_id, (r.exchange ->> 'quote_id')::uuid, r.exchange_state = 'held',
           (SELECT coalesce(sum(l.quantity), 0)
            FROM jsonb_to_recordset(CASE r.state WHEN 'received' THEN r.units WHEN 'approved' THEN r.lines ELSE '[]' END)
                 AS l(sku text, quantity integer)
            WHERE l.sku = p_sku)
    FROM order_return r WHERE r.order_id = ANY (p_orders) AND r.exchange_state IN ('held', 'placed')
$$;
