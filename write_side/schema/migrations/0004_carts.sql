-- Where orders may go and what that costs (shipping); what shoppers gather (carts).

CREATE TABLE destination (
    id               uuid PRIMARY KEY,
    country          text NOT NULL UNIQUE,
    tax_basis_points integer NOT NULL CHECK (tax_basis_points BETWEEN 0 AND 10000),
    rates            jsonb NOT NULL,  -- currency → flat rate in minor units
    version          bigint NOT NULL
);

CREATE TABLE cart (
    id            uuid PRIMARY KEY,
    currency      text NOT NULL,
    secret_sha256 text NOT NULL,
    order_id      uuid,  -- once it was ordered: it can still be read, but takes no more lines
    version       bigint NOT NULL
);

CREATE TABLE cart_line (
    cart_id  uuid NOT NULL REFERENCES cart (id),
    sku      text NOT NULL,
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 9999),
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- the order in which a shopper sees the lines
    PRIMARY KEY (cart_id, sku)
);

GRANT SELECT, INSERT, UPDATE ON destination, cart TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON cart_line TO doorbuster_app;
