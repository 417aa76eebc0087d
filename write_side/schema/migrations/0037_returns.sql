-- Goods that customers send back.
CREATE TABLE order_return (
    id              uuid PRIMARY KEY,  -- also the carrier's idempotency key
    order_id        uuid NOT NULL,
    lines           jsonb NOT NULL,    -- never changed
    reason          text NOT NULL,
    requested_by    text NOT NULL CHECK (requested_by IN ('customer', 'staff')),
    state           text NOT NULL CHECK (state IN ('requested', 'approved', 'rejected', 'received', 'cancelled')),
    version         bigint NOT NULL,
    warehouse       text,
    rejection       text,
    carrier         text,
    tracking_number text,
    label           text,
    tracking        text,
    units           jsonb NOT NULL DEFAULT '[]',
    refund_id       uuid,
    -- What the worker does about it (a label to be booked, to be looked after, to be made void), and when next; not part
    -- of the return's history.
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    UNIQUE (carrier, tracking_number)
);
CREATE INDEX order_return_by_order ON order_return (order_id);
CREATE INDEX order_return_due ON order_return (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX order_return_open ON order_return (state, id) WHERE state IN ('requested', 'approved');
GRANT SELECT, INSERT, UPDATE ON order_return TO doorbuster_app;
