-- How many of a SKU an order and a customer may have. What a customer has is counted where it stands: in the orders.

CREATE TABLE purchase_limit (
    id                uuid PRIMARY KEY,
    sku               text NOT NULL UNIQUE,
    product_id        uuid NOT NULL,
    most_per_order    integer CHECK (most_per_order > 0),
    most_per_customer integer CHECK (most_per_customer > 0),
    window_days       integer CHECK (window_days > 0),
    version           bigint NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON purchase_limit TO doorbuster_app;
