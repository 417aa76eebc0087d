-- Refunds that are one refund by several payments, or take the place of one that failed.
ALTER TABLE refund ADD COLUMN part_of uuid;  -- the first of them; NULL of that one
