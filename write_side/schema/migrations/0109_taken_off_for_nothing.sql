-- What an edit takes off an order may have cost nothing: a gift. It is released for 0.

ALTER TABLE refund DROP CONSTRAINT refund_amount_minor_check;
ALTER TABLE refund ADD CONSTRAINT refund_amount_minor_check
    CHECK (amount_minor > 0 OR (amount_minor = 0 AND state = 'released')) NOT VALID;
ALTER TABLE refund VALIDATE CONSTRAINT refund_amount_minor_check;
