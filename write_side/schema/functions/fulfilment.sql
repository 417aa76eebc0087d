-- Parcels, as others ask about them. Only this and write_side/fulfilment/store.py name their table.

-- How many of an order's goods have left the house.
CREATE OR REPLACE FUNCTION fulfilment_shipped(p_order uuid) RETURNS TABLE (sku text, quantity integer)
LANGUAGE sql STABLE AS $$
    SELECT l.sku, sum(l.quantity)::integer
    FROM parcel p, jsonb_to_recordset(p.lines) AS l(sku text, quantity integer) WHERE p.order_id = p_order GROUP BY 1
$$;
