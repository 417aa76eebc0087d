-- Bookings at the carrier, where parcels are, and orders that are done.
CREATE TABLE booking (
    id              uuid PRIMARY KEY,  -- also the carrier's idempotency key, and the parcel's id
    order_id        uuid NOT NULL,
    pick_id         uuid NOT NULL UNIQUE,
    state           text NOT NULL CHECK (state IN ('requested', 'booked', 'cancelled')),
    tracking_number text,
    label           text,
    version         bigint NOT NULL,
    -- What the worker does about it, and when next; not part of the booking's history.
    attempts        integer NOT NULL DEFAULT 0,
    requested_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX booking_due ON booking (next_attempt_at) WHERE state = 'requested';
GRANT SELECT, INSERT, UPDATE ON booking TO doorbuster_app;

ALTER TABLE parcel ADD COLUMN tracking text;
ALTER TABLE parcel ADD COLUMN delivered_at timestamptz;
ALTER TABLE parcel ADD COLUMN look_at timestamptz;  -- when the worker looks after it next; no history
CREATE INDEX parcel_look ON parcel (look_at) WHERE look_at IS NOT NULL;

ALTER TABLE customer_order DROP CONSTRAINT customer_order_state_check;
ALTER TABLE customer_order ADD CONSTRAINT customer_order_state_check
    CHECK (state IN ('pending_payment', 'confirmed', 'closing', 'cancelled', 'expired', 'completed'));
