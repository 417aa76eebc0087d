-- Goods that are not sent any more, though no refund names them: SKU → how many.
ALTER TABLE customer_order ADD COLUMN dropped jsonb NOT NULL DEFAULT '{}';

-- Orders of which nothing goes any more are completed from now on: nobody is to wait for a look at all that ever was.
INSERT INTO reaction_checkpoint (reaction, position)
SELECT 'nothing_goes', safe_position FROM relay_state;
