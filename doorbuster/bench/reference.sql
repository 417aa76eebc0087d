-- The fixed reference that placing an order is compared with: the least that an order with three lines, stock and one
-- event can be in Postgres. It is never tuned and never changed, or figures of different days would not compare.
CREATE TABLE ref_stock (
    sku      integer PRIMARY KEY,
    on_hand  integer NOT NULL,
    reserved integer NOT NULL DEFAULT 0,
    CHECK (reserved <= on_hand)
);
CREATE TABLE ref_order (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer   text NOT NULL,
    total      bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE ref_order_line (
    order_id bigint NOT NULL,
    n        smallint NOT NULL,
    sku      integer NOT NULL,
    quantity integer NOT NULL,
    price    bigint NOT NULL,
    PRIMARY KEY (order_id, n)
);
CREATE TABLE ref_event (
    position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type        text NOT NULL,
    payload     text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO ref_stock (sku, on_hand) SELECT n, 1000000000 FROM generate_series(1, 20000) AS n;
ANALYZE;
