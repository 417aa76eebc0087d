-- Every refused charge that was counted, since webhooks come late and in any order: the last one alone told of none before
-- it. Old processes leave it as it is, and count by the last one as before.

ALTER TABLE payment ADD COLUMN declines text[] NOT NULL DEFAULT '{}';
