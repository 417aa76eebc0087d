-- Declines that are told apart and tried again, and captures of less than was authorized.

ALTER TABLE payment ADD COLUMN retries integer NOT NULL DEFAULT 0 CHECK (retries <= 3);  -- tries of ours after a decline
ALTER TABLE payment ADD COLUMN retry_until timestamptz;   -- from the first decline that may pass on; none begins later
ALTER TABLE payment ADD COLUMN decline_reason text;       -- of the last decline, in our words
ALTER TABLE payment ADD COLUMN retrying boolean NOT NULL DEFAULT false;  -- a try of ours was begun after the last decline
ALTER TABLE payment ADD COLUMN released_minor bigint NOT NULL DEFAULT 0;  -- authorized, and not to be captured
ALTER TABLE payment ADD CHECK (released_minor BETWEEN 0 AND amount_minor - 1);
ALTER TABLE payment DROP CONSTRAINT payment_todo_check;
ALTER TABLE payment ADD CHECK (todo IN ('create', 'retry', 'capture', 'void'));
