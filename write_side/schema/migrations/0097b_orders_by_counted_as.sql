-- Most orders leave it out, and none that is there has it: the index costs those nothing, and is built by one look at them.
-- By itself, so that nobody who reads an order waits for that look behind the lock that a new column takes.

CREATE INDEX customer_order_by_counted_as ON customer_order (counted_as) WHERE counted_as IS NOT NULL;
