-- Copies a cart with its quote, rows and events alike, so that thousands can wait at the door without thousands of
-- requests before. The secret of each copy is its cart's id.
CREATE SCHEMA IF NOT EXISTS bench;
CREATE OR REPLACE FUNCTION bench.copy_quote(p_quote uuid, p_copies integer) RETURNS TABLE (quote_id uuid, cart_id uuid)
LANGUAGE plpgsql AS $$
DECLARE
    v_cart cart;
BEGIN
    SELECT c.* INTO STRICT v_cart FROM cart c JOIN quote q ON q.cart_id = c.id WHERE q.id = p_quote;
    CREATE TEMP TABLE copied ON COMMIT DROP AS
        SELECT n, gen_random_uuid() AS cart_id, gen_random_uuid() AS quote_id FROM generate_series(1, p_copies) AS n;
    ALTER TABLE copied ADD secret_sha256 text;
    UPDATE copied c SET secret_sha256 = encode(sha256(convert_to(c.cart_id::text, 'UTF8')), 'hex');
    INSERT INTO cart SELECT r.*
    FROM copied c, jsonb_populate_record(v_cart, jsonb_build_object('id', c.cart_id, 'secret_sha256', c.secret_sha256)) AS r;
    INSERT INTO cart_line (cart_id, sku, quantity)
    SELECT c.cart_id, l.sku, l.quantity FROM copied c, cart_line l WHERE l.cart_id = v_cart.id;
    INSERT INTO quote SELECT r.*
    FROM copied c, quote q, jsonb_populate_record(q, jsonb_build_object('id', c.quote_id, 'cart_id', c.cart_id)) AS r
    WHERE q.id = p_quote;
    PERFORM event_append_all(array_agg(e.aggregate_type ORDER BY e.n, e.position), array_agg(e.id ORDER BY e.n, e.position),
                             array_agg(e.aggregate_version ORDER BY e.n, e.position), array_agg(e.key ORDER BY e.n, e.position),
                             array_agg(uuid_v7()), array_agg(e.type ORDER BY e.n, e.position),
                             array_agg(e.payload ORDER BY e.n, e.position), array_agg(e.metadata ORDER BY e.n, e.position))
    FROM (SELECT c.n, g.position, g.aggregate_type, g.aggregate_version, g.type, g.metadata,
                 CASE g.aggregate_type WHEN 'cart' THEN c.cart_id ELSE c.quote_id END AS id,
                 replace(replace(g.partition_key, v_cart.id::text, c.cart_id::text), p_quote::text, c.quote_id::text) AS key,
                 convert_to(replace(replace(replace(convert_from(g.payload, 'UTF8'), v_cart.id::text, c.cart_id::text),
                                            p_quote::text, c.quote_id::text),
                                    v_cart.secret_sha256, c.secret_sha256), 'UTF8') AS payload
          FROM copied c, event_log g
          WHERE (g.aggregate_type, g.aggregate_id) IN (('cart', v_cart.id), ('quote', p_quote))) AS e;
    RETURN QUERY SELECT c.quote_id, c.cart_id FROM copied c ORDER BY c.n;
    DROP TABLE copied;
END $$;
