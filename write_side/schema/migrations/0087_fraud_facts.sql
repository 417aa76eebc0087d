-- Whether a verdict had its effect, or was only watched: what stopped nobody is not counted as stopped.
ALTER TABLE fraud_attempt ADD COLUMN enforced boolean NOT NULL DEFAULT true;
UPDATE fraud_attempt a SET enforced = false
FROM (SELECT e.aggregate_id, row_number() OVER (PARTITION BY e.aggregate_id ORDER BY e.aggregate_version) AS n, e.payload
      FROM event_log e
      WHERE e.aggregate_type = 'fraud_check' AND e.type = 'fraud.payment_assessed.v1') told
WHERE a.payment_id = told.aggregate_id AND a.n = told.n
  AND convert_from(told.payload, 'UTF8')::json ->> 'enforced' = 'false';
