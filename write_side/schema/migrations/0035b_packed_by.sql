-- By which pick list a parcel was packed.
ALTER TABLE parcel ADD COLUMN pick_id uuid;
