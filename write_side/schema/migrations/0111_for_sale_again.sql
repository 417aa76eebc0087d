-- Whoever waits is told when a product is for sale again, from now on: what was revised before is looked at once, by
-- the rows as they are, and products that come by the clock get their moment so.
INSERT INTO reaction_checkpoint (reaction, position)
SELECT 'for_sale_again', safe_position FROM relay_state;

-- The first of each SKU are looked at, and bring the others once it is there.
UPDATE restock_request SET next_attempt_at = clock_timestamp()
WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY sku ORDER BY id) AS place
                             FROM restock_request WHERE state = 'waiting' AND next_attempt_at IS NULL) w
             WHERE place <= 50);
