-- A pass goes into another cart with the goods that it is for. Old processes give passes and leave the version out.

ALTER TABLE sale_pass ADD COLUMN version bigint NOT NULL DEFAULT 1;
GRANT UPDATE (cart_id, version) ON sale_pass TO doorbuster_app;
