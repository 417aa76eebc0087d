-- How long goods that may be sent back are waited for.
ALTER TABLE order_return
    ADD COLUMN expires_at timestamptz,
    DROP CONSTRAINT order_return_state_check,
    ADD CONSTRAINT order_return_state_check
        CHECK (state IN ('requested', 'approved', 'rejected', 'received', 'cancelled', 'expired'));
CREATE INDEX order_return_late ON order_return (expires_at) WHERE state = 'approved';
