-- SKUs that are sold as one and made of others, and what was in those that were sold.

CREATE TABLE bundle (
    id             uuid PRIMARY KEY,
    sku            text NOT NULL UNIQUE,
    product_id     uuid NOT NULL,
    components     jsonb NOT NULL,
    component_skus jsonb NOT NULL GENERATED ALWAYS AS (jsonb_path_query_array(components, '$[*].sku')) STORED,
    availability   text NOT NULL CHECK (availability IN ('in', 'low', 'out')),
    version        bigint NOT NULL
);
CREATE INDEX ON bundle USING gin (component_skus);  -- asked whenever stock moves: in which bundles is it?
GRANT SELECT, INSERT, UPDATE ON bundle TO doorbuster_app;

ALTER TABLE quote ADD COLUMN bundles jsonb NOT NULL DEFAULT '[]';
ALTER TABLE customer_order ADD COLUMN bundles jsonb NOT NULL DEFAULT '[]';
ALTER TABLE order_line ADD COLUMN bundle text NOT NULL DEFAULT '';
