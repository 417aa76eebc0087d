-- Captures of less than was authorized: what is released is a refund that never was captured.

ALTER TABLE refund DROP CONSTRAINT refund_state_check;
ALTER TABLE refund ADD CHECK (state IN ('requested', 'pending', 'succeeded', 'failed', 'released'));
