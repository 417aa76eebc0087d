-- Warehouses, stock items, open reservations (decision 3: the row decides, the CHECK stands behind it).

CREATE TABLE warehouse (
    id       uuid PRIMARY KEY,
    code     text NOT NULL UNIQUE,
    name     text NOT NULL,
    country  text NOT NULL,
    priority integer NOT NULL,
    version  bigint NOT NULL
);

CREATE TABLE stock_item (
    id         uuid PRIMARY KEY,
    sku        text NOT NULL,
    warehouse  text NOT NULL REFERENCES warehouse (code),
    product_id uuid NOT NULL,
    on_hand    integer NOT NULL,
    reserved   integer NOT NULL,
    low_at     integer NOT NULL,
    version    bigint NOT NULL,
    UNIQUE (sku, warehouse),
    CONSTRAINT never_oversold CHECK (reserved >= 0 AND on_hand >= reserved)
) WITH (fillfactor = 50);  -- room for updates in place: a hot row is written thousands of times

-- Open reservations only; what became of the others stands in the log.
CREATE TABLE reservation (
    id        uuid NOT NULL,  -- of an order: the order's id
    item_id   uuid NOT NULL REFERENCES stock_item (id),
    quantity  integer NOT NULL CHECK (quantity > 0),
    for_order boolean NOT NULL,  -- what an order holds only the order lets go
    PRIMARY KEY (id, item_id)
);
CREATE INDEX reservation_by_item ON reservation (item_id);

-- An event of a stock item that waits to be appended: events come last in a transaction.
CREATE TYPE stock_change AS (
    command    integer,  -- which command of the call it belongs to, from 1
    item_id    uuid,
    product_id uuid,
    version    bigint,
    type       text,
    payload    bytea
);

GRANT SELECT, INSERT, UPDATE ON warehouse, stock_item TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON reservation TO doorbuster_app;
