-- The person whom limits count, where that is another one than whose quote or order it is: spellings of one mailbox, and
-- whatever an account types. Most orders leave it out, so that the index holds the others alone, and none to begin with.

ALTER TABLE quote ADD COLUMN counted_as uuid;
ALTER TABLE customer_order ADD COLUMN counted_as uuid;
CREATE INDEX customer_order_by_counted_as ON customer_order (counted_as) WHERE counted_as IS NOT NULL;
