-- The catalog as other contexts see it. Only these functions and write_side/catalog/store.py name its tables.

-- A product's status at this moment: an active one is a draft until it comes, and archived once it has gone
-- (shared/publishing.py, the same rule).
CREATE OR REPLACE FUNCTION catalog_status(p_status text, p_publish_at timestamptz, p_unpublish_at timestamptz)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_status <> 'active' THEN p_status
                WHEN p_unpublish_at <= statement_timestamp() THEN 'archived'
                WHEN p_publish_at > statement_timestamp() THEN 'draft'
                ELSE p_status END
$$;

-- What SKUs stand for; those that nobody sells are left out. The name is the product's with the variant's own behind it.
CREATE OR REPLACE FUNCTION catalog_sold(p_skus text[])
RETURNS TABLE (sku text, variant_id uuid, product_id uuid, name text, status text, tax_class text, weight_grams integer)
LANGUAGE sql STABLE AS $$
    SELECT v.sku, v.id, v.product_id, concat_ws(' ', p.name, nullif(v.name, '')),
           catalog_status(p.status, p.publish_at, p.unpublish_at), coalesce(v.tax_class, p.tax_class), v.weight_grams
    FROM variant v JOIN product p ON p.id = v.product_id WHERE v.sku = ANY (p_skus) AND NOT v.retired
$$;

-- The categories that the products of SKUs are in, each with all above it; SKUs that are in none are left out.
CREATE OR REPLACE FUNCTION catalog_around(p_skus text[]) RETURNS TABLE (sku text, categories uuid[])
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE around (sku, id) AS (
        SELECT v.sku, p.category_id FROM variant v JOIN product p ON p.id = v.product_id
        WHERE v.sku = ANY (p_skus) AND NOT v.retired AND p.category_id IS NOT NULL
        UNION
        SELECT a.sku, c.parent_id FROM around a JOIN category c ON c.id = a.id WHERE c.parent_id IS NOT NULL)
    SELECT a.sku, array_agg(a.id) FROM around a GROUP BY a.sku
$$;
