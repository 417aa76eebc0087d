-- The person who stands for the mailbox of a try to pay, and of whoever waits for a SKU, where that is another one than whose
-- mail it was (decision 103).

ALTER TABLE fraud_attempt ADD COLUMN counted_as uuid;
ALTER TABLE restock_request ADD COLUMN counted_as uuid;

-- What was added to an order and is not paid yet goes where that order goes.
GRANT UPDATE (address, door) ON fraud_visit TO doorbuster_app;
