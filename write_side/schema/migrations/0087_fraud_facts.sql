-- Whether a verdict had its effect, or was only watched: what stopped nobody is not counted as stopped.
ALTER TABLE fraud_attempt ADD COLUMN enforced boolean NOT NULL DEFAULT true;
UPDATE fraud_attempt a SET enforced = false
FROM (SELECT e.aggregate_id, row_number() OVER (PARTITION BY e.aggregate_id ORDER BY e.aggregate_version) AS n, e.payload
      FROM event_log e
      WHERE e.aggregate_type = 'fraud_check' AND e.type = 'fraud.payment_assessed.v1') told
WHERE a.payment_id = told.aggregate_id AND a.n = told.n
  AND convert_from(told.payload, 'UTF8')::json ->> 'enforced' = 'false';

-- All disputes of a payment: a second one hid the first. The columns of the last one stay in fraud_check: processes of the
-- release before read and write them while a deploy is under way.
CREATE TABLE fraud_dispute (
    payment_id   uuid NOT NULL REFERENCES fraud_check,
    n            integer NOT NULL,  -- in the order in which they began
    id           text NOT NULL,     -- the provider's
    status       text NOT NULL,
    reason       text NOT NULL,
    amount_minor bigint NOT NULL,
    currency     text NOT NULL,
    PRIMARY KEY (payment_id, n)
);
CREATE INDEX fraud_disputes_unanswered ON fraud_dispute (payment_id)
    WHERE status IN ('needs_response', 'warning_needs_response');
GRANT SELECT, INSERT, UPDATE ON fraud_dispute TO doorbuster_app;

WITH told AS (
    SELECT e.aggregate_id AS payment_id, e.aggregate_version AS version, convert_from(e.payload, 'UTF8')::json AS said
    FROM event_log e WHERE e.aggregate_type = 'fraud_check' AND e.type = 'fraud.payment_disputed.v1'
), last AS (
    SELECT DISTINCT ON (payment_id, said ->> 'dispute_id') payment_id, said,
           min(version) OVER (PARTITION BY payment_id, said ->> 'dispute_id') AS begun
    FROM told ORDER BY payment_id, said ->> 'dispute_id', version DESC
)
INSERT INTO fraud_dispute
SELECT payment_id, row_number() OVER (PARTITION BY payment_id ORDER BY begun), said ->> 'dispute_id', said ->> 'status',
       said ->> 'reason', (said ->> 'amount_minor')::bigint, said ->> 'currency'
FROM last;
