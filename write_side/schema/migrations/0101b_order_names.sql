-- The language that a buyer reads, as their quote said it, and what their goods are called there: SKU → name.
ALTER TABLE quote ADD COLUMN locale text NOT NULL DEFAULT '', ADD COLUMN names jsonb NOT NULL DEFAULT '{}';
ALTER TABLE customer_order ADD COLUMN locale text NOT NULL DEFAULT '', ADD COLUMN names jsonb NOT NULL DEFAULT '{}';
