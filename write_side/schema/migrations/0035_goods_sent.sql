-- Of what a refund is about, how many had left the house: the rest of the order may still be shipped.
ALTER TABLE refund ADD COLUMN sent jsonb NOT NULL DEFAULT '[]';
