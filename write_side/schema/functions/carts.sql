-- Carts. Only these functions and write_side/carts/store.py name their tables.

-- Changes one line: by `p_add`, or to `p_set` where that is not NULL (0 takes it out). The cart's row lock makes two
-- taps on two devices add up. `outcome`: done, unchanged, cart_ordered, too_many (of this SKU), too_many_lines.
CREATE OR REPLACE FUNCTION carts_change_line(
    p_cart uuid, p_sku text, p_add integer, p_set integer, p_metadata bytea,
    OUT outcome text, OUT quantity integer, OUT version bigint, OUT positions jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_cart cart;
    v_before integer;
    v_payload jsonb;
    v_key text := 'cart:' || p_cart;
BEGIN
    positions := '{}';
    SELECT * INTO STRICT v_cart FROM cart c WHERE c.id = p_cart FOR UPDATE;
    version := v_cart.version;
    SELECT coalesce((SELECT l.quantity FROM cart_line l WHERE l.cart_id = p_cart AND l.sku = p_sku), 0) INTO v_before;
    quantity := coalesce(p_set, v_before + p_add);
    outcome := CASE
        WHEN v_cart.order_id IS NOT NULL THEN 'cart_ordered'
        WHEN quantity > 9999 THEN 'too_many'
        WHEN quantity = v_before THEN 'unchanged'
        WHEN v_before = 0 AND (SELECT count(*) >= 2000 FROM cart_line l WHERE l.cart_id = p_cart) THEN 'too_many_lines'
        ELSE 'done' END;
    IF outcome <> 'done' THEN
        quantity := v_before;
        RETURN;
    END IF;
    IF quantity = 0 THEN
        DELETE FROM cart_line l WHERE l.cart_id = p_cart AND l.sku = p_sku;
    ELSE
        INSERT INTO cart_line AS l (cart_id, sku, quantity) VALUES (p_cart, p_sku, carts_change_line.quantity)
        ON CONFLICT (cart_id, sku) DO UPDATE SET quantity = excluded.quantity;
    END IF;
    version := version + 1;
    UPDATE cart c SET version = carts_change_line.version WHERE c.id = p_cart;
    v_payload := jsonb_build_object('type', 'carts.cart_line_changed.v1', 'cart_id', p_cart, 'sku', p_sku,
                                    'change', quantity - v_before, 'quantity', quantity);
    SELECT positions_of(array_agg(a.shard), array_agg(a.at)) INTO positions
    FROM event_append_all(ARRAY['cart'], ARRAY[p_cart], ARRAY[version], ARRAY[v_key], ARRAY[uuid_v7()],
                          ARRAY['carts.cart_line_changed.v1'], ARRAY[convert_to(v_payload::text, 'UTF8')], ARRAY[p_metadata]) AS a;
END $$;

-- For placing orders: holds carts until the transaction ends, in the order of their ids.
CREATE OR REPLACE FUNCTION carts_lock(p_carts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM cart c WHERE c.id = ANY (p_carts) ORDER BY c.id FOR UPDATE;
END $$;

-- Carts without their lines: who may open them, which version they have, and which order was placed from each.
CREATE OR REPLACE FUNCTION carts_heads(p_carts uuid[])
RETURNS TABLE (id uuid, secret_sha256 text, version bigint, order_id uuid) LANGUAGE sql STABLE AS $$
    SELECT c.id, c.secret_sha256, c.version, c.order_id FROM cart c WHERE c.id = ANY (p_carts)
$$;

-- Marks locked carts as ordered; answers their new versions.
CREATE OR REPLACE FUNCTION carts_order(p_carts uuid[], p_orders uuid[]) RETURNS TABLE (id uuid, version bigint)
LANGUAGE sql AS $$
    UPDATE cart c SET order_id = o.order_id, version = c.version + 1
    FROM unnest(p_carts, p_orders) AS o(cart_id, order_id) WHERE c.id = o.cart_id RETURNING c.id, c.version
$$;
