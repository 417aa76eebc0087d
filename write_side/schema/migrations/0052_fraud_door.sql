-- A door is an address without its second line: flats are easily made up, doors are not.
ALTER TABLE fraud_attempt ADD COLUMN door text NOT NULL DEFAULT '';
CREATE INDEX fraud_attempt_by_door ON fraud_attempt (door, at) WHERE door <> '';
-- The index by address stays: processes of the release before read by it while a deploy is under way.
ALTER TABLE fraud_visit ADD COLUMN door text NOT NULL DEFAULT '';
