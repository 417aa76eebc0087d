-- Returns, as others ask about them. Only this and write_side/returns/store.py name their table.

-- Whether goods of this order may still come back.
CREATE OR REPLACE FUNCTION returns_open(p_order uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM order_return r WHERE r.order_id = p_order AND r.state IN ('requested', 'approved'))
$$;

-- What came back of this order by returns, sellable or damaged.
CREATE OR REPLACE FUNCTION returns_received(p_order uuid) RETURNS TABLE (sku text, quantity integer)
LANGUAGE sql STABLE AS $$
    SELECT u.sku, sum(u.quantity)::integer
    FROM order_return r, jsonb_to_recordset(r.units) AS u(sku text, quantity integer) WHERE r.order_id = p_order GROUP BY 1
$$;
