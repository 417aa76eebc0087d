-- What was added to an order goes in its parcels: under one number, and one booking.
ALTER TABLE parcel ADD COLUMN within uuid;
ALTER TABLE parcel DROP CONSTRAINT parcel_carrier_tracking_number_key;
CREATE UNIQUE INDEX parcel_by_number ON parcel (carrier, tracking_number) WHERE within IS NULL;
CREATE INDEX parcel_within ON parcel (within) WHERE within IS NOT NULL;

ALTER TABLE booking ADD COLUMN along uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX booking_by_order ON booking (order_id);
