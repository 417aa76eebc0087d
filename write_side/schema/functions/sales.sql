-- Doorbuster sales as other contexts see them. Only this function and write_side/sales/store.py name their tables.

-- Which of these SKUs are sold by turns at the moment, in which sale, and to which of these carts: those that hold a pass
-- which is good after `p_after`.
CREATE OR REPLACE FUNCTION sales_gates(p_skus text[], p_carts uuid[], p_after timestamptz)
RETURNS TABLE (sku text, sale_id uuid, carts uuid[]) LANGUAGE sql STABLE AS $$
    SELECT g.sku, g.sale_id,
           ARRAY(SELECT p.cart_id FROM sale_pass p
                 WHERE p.cart_id = ANY (p_carts) AND p.sale_id = g.sale_id AND p.until > p_after)
    FROM sale_sku g JOIN sale s ON s.id = g.sale_id
    WHERE g.sku = ANY (p_skus)
      AND coalesce((s.terms ->> 'waiting_from')::timestamptz <= statement_timestamp(), true)
      AND coalesce((s.terms ->> 'ends_at')::timestamptz > statement_timestamp(), true)
$$;
