-- Pick lists: what of an order is taken from the shelves of one warehouse.
CREATE TABLE pick (
    id        uuid PRIMARY KEY,
    order_id  uuid NOT NULL,
    warehouse text NOT NULL,
    lines     jsonb NOT NULL,
    state     text NOT NULL CHECK (state IN ('listed', 'picking', 'picked', 'cancelled')),
    version   bigint NOT NULL,
    due_at    timestamptz NOT NULL DEFAULT clock_timestamp()  -- when the worker starts it by itself; no history
);
CREATE INDEX pick_by_order ON pick (order_id);
CREATE INDEX pick_due ON pick (due_at) WHERE state = 'listed';
CREATE INDEX pick_open ON pick (warehouse, id) WHERE state IN ('listed', 'picking');

GRANT SELECT, INSERT, UPDATE ON pick TO doorbuster_app;
