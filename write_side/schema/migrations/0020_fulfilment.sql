-- Parcels: what left the house, in which of an order's several.
CREATE TABLE parcel (
    id              uuid PRIMARY KEY,
    order_id        uuid NOT NULL,
    carrier         text NOT NULL,
    tracking_number text NOT NULL,
    lines           jsonb NOT NULL,  -- never changed, so one document
    state           text NOT NULL CHECK (state IN ('shipped', 'delivered')),
    version         bigint NOT NULL,
    UNIQUE (carrier, tracking_number)
);
CREATE INDEX parcel_by_order ON parcel (order_id);

GRANT SELECT, INSERT, UPDATE ON parcel TO doorbuster_app;
