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
