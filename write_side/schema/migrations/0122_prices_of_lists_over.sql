-- What price lists asked that are over for long is found by list, and since when it was said: what was said lately may be
-- for a time to come. What there is counts as said long ago.
ALTER TABLE list_price ADD COLUMN said_at timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z';
ALTER TABLE list_price ALTER COLUMN said_at SET DEFAULT clock_timestamp();
CREATE INDEX list_price_by_list ON list_price (price_list_id);
