-- Doorbuster sales: which SKUs are sold to nobody without a pass, and who took a turn.

CREATE TABLE sale (
    id      uuid PRIMARY KEY,
    terms   jsonb NOT NULL,
    gate    jsonb NOT NULL,
    state   text NOT NULL CHECK (state IN ('running', 'ended')),
    version bigint NOT NULL
);

-- Of the running ones: a SKU is in one sale at a time, so whoever is refused one knows where to queue.
CREATE TABLE sale_sku (
    sku     text PRIMARY KEY,
    sale_id uuid NOT NULL REFERENCES sale (id)
);
CREATE INDEX sale_sku_by_sale ON sale_sku (sale_id);

CREATE TABLE sale_pass (
    id       uuid PRIMARY KEY,
    sale_id  uuid NOT NULL REFERENCES sale (id),
    position bigint NOT NULL CHECK (position >= 0),
    cart_id  uuid NOT NULL,
    until    timestamptz NOT NULL,
    CONSTRAINT a_turn_is_taken_once UNIQUE (sale_id, position)
);
CREATE INDEX sale_pass_by_cart ON sale_pass (cart_id);

GRANT SELECT, INSERT, UPDATE ON sale TO doorbuster_app;
GRANT SELECT, INSERT, DELETE ON sale_sku TO doorbuster_app;
GRANT SELECT, INSERT ON sale_pass TO doorbuster_app;
