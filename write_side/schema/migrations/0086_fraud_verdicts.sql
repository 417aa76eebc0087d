-- A review may lapse: nobody decided in time, or the order was over before. Until now that was written down as refused,
-- with a note that tells it from what a person refused.
ALTER TABLE fraud_check DROP CONSTRAINT fraud_check_review_check,
    ADD CONSTRAINT fraud_check_review_check CHECK (review IN ('none', 'open', 'accepted', 'refused', 'lapsed'));
UPDATE fraud_check c SET review = 'lapsed' FROM event_log e
WHERE c.review = 'refused' AND e.aggregate_type = 'fraud_check' AND e.aggregate_id = c.id
  AND e.type = 'fraud.review_decided.v1'
  AND convert_from(e.payload, 'UTF8')::json ->> 'note' = 'nobody decided within six days';
