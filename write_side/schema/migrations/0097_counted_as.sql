-- The person whom limits count, where that is another one than whose quote or order it is: spellings of one mailbox, and
-- whatever an account types.

ALTER TABLE quote ADD COLUMN counted_as uuid;
ALTER TABLE customer_order ADD COLUMN counted_as uuid;
