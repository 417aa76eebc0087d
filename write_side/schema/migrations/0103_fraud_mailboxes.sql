-- The person who stands for the mailbox of a try, where that is another one than whose mail it was (decision 103).

ALTER TABLE fraud_attempt ADD COLUMN counted_as uuid;
