-- Prices as other contexts see them. Only these functions and the stores of write_side/pricing name their tables.

-- All that SKUs cost in these currencies, as JSON for Python to choose from (write_side/pricing/choosing.py): `prices` of
-- their own as [SKU, currency, minor units], `scheduled` as [SKU, currency, from when on, minor units], `lists`, and `tiers`
-- in these as [SKU, price list, from how many on, minor units]. Which of them is in force Python decides: it knows the time.
-- Only what is far from being so is left out.
CREATE OR REPLACE FUNCTION pricing_book(p_skus text[], p_currencies text[]) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_prices json;
    v_scheduled json;
    v_lists json;
    v_tiers json;
BEGIN
    SELECT json_agg(json_build_array(v.sku, p.currency, p.amount_minor)) INTO v_prices
    FROM priced_variant v,
         LATERAL (SELECT o.currency, o.amount_minor FROM price o
                  WHERE o.variant_id = v.id AND o.currency = ANY (p_currencies) OFFSET 0) AS p
    WHERE v.sku = ANY (p_skus);
    SELECT json_agg(json_build_array(v.sku, s.currency, s.starts_at, s.amount_minor)) INTO v_scheduled
    FROM priced_variant v,
         LATERAL (SELECT o.currency, o.starts_at, o.amount_minor FROM scheduled_price o
                  WHERE o.variant_id = v.id AND o.currency = ANY (p_currencies)
                        AND o.starts_at < clock_timestamp() + interval '1 hour' OFFSET 0) AS s
    WHERE v.sku = ANY (p_skus);
    SELECT json_agg(l) INTO v_lists FROM price_list l
    WHERE l.state = 'running' AND l.terms ->> 'currency' = ANY (p_currencies)
      AND coalesce((l.terms ->> 'ends_at')::timestamptz > clock_timestamp() - interval '1 hour', true);
    IF v_lists IS NOT NULL THEN
        SELECT json_agg(json_build_array(v.sku, t.price_list_id, t.from_quantity, t.amount_minor)) INTO v_tiers
        FROM priced_variant v JOIN list_price t ON t.variant_id = v.id JOIN price_list l ON l.id = t.price_list_id
        WHERE v.sku = ANY (p_skus) AND l.state = 'running' AND l.terms ->> 'currency' = ANY (p_currencies);
    END IF;
    RETURN json_build_object('prices', coalesce(v_prices, '[]'), 'scheduled', coalesce(v_scheduled, '[]'),
                             'lists', coalesce(v_lists, '[]'), 'tiers', coalesce(v_tiers, '[]'));
END $$;
