-- Orders that add to another one before it is picked, and go with it.
ALTER TABLE customer_order
    ADD COLUMN adds_to uuid,
    ADD COLUMN additions uuid[] NOT NULL DEFAULT '{}';
