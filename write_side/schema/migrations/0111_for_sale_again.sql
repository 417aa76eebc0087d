-- Whoever waits is told when a product is for sale again, from now on: what was revised before is looked at once, by
-- the rows as they are, and products that come by the clock get their moment so.
INSERT INTO reaction_checkpoint (reaction, position)
SELECT 'for_sale_again', safe_position FROM relay_state;

UPDATE restock_request SET next_attempt_at = clock_timestamp() WHERE state = 'waiting' AND next_attempt_at IS NULL;
