-- Who is told what runs low in a warehouse, and what there is to tell.

ALTER TABLE warehouse ADD COLUMN manager_mail text;

-- One row for each time that an item fell to its threshold.
CREATE TABLE low_stock (
    id              uuid PRIMARY KEY,
    stock_item_id   uuid NOT NULL,
    sku             text NOT NULL,
    warehouse       text NOT NULL,
    available       integer NOT NULL,
    low_at          integer NOT NULL,
    state           text NOT NULL CHECK (state IN ('noticed', 'told', 'refused')),
    version         bigint NOT NULL,
    -- When the manager is to be told, NULL for never; not part of its history.
    next_attempt_at timestamptz
);
CREATE INDEX low_stock_due ON low_stock (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON low_stock TO doorbuster_app;
