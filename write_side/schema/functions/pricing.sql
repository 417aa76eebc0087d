-- Prices as other contexts see them. Only these functions and write_side/pricing/store.py name their tables.

-- What SKUs cost in these currencies, in minor units; what isn't sold in one is left out.
CREATE OR REPLACE FUNCTION pricing_of(p_skus text[], p_currencies text[])
RETURNS TABLE (sku text, currency text, amount_minor bigint) LANGUAGE sql STABLE AS $$
    SELECT v.sku, p.currency, p.amount_minor FROM priced_variant v JOIN price p ON p.variant_id = v.id
    WHERE v.sku = ANY (p_skus) AND p.currency = ANY (p_currencies)
$$;
