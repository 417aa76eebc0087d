-- Returns, as others ask about them. Only this and write_side/returns/store.py name their table.

-- Whether goods of this order may still come back.
CREATE OR REPLACE FUNCTION returns_open(p_order uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM order_return r WHERE r.order_id = p_order AND r.state IN ('requested', 'approved'))
$$;
