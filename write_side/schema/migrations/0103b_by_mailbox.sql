-- Most tries leave it out, and none that is there has it: the index costs those nothing, and is built by one look at them.
-- By itself, so that no try waits for that look behind the lock that a new column takes.

CREATE INDEX fraud_attempt_by_counted_as ON fraud_attempt (counted_as, at) WHERE counted_as IS NOT NULL;
