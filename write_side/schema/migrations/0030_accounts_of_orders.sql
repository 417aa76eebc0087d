-- Whose account a cart, a quote and an order belong to; a guest's to none. And a link that was followed is gone.

ALTER TABLE cart ADD COLUMN account_id uuid;
ALTER TABLE quote ADD COLUMN account_id uuid;
ALTER TABLE customer_order ADD COLUMN account_id uuid;
-- An account has one cart in use for each currency and channel, whatever device asks for it.
CREATE UNIQUE INDEX cart_of_account ON cart (account_id, currency, channel) WHERE account_id IS NOT NULL AND order_id IS NULL;
CREATE INDEX order_unclaimed ON customer_order (person_id, id) WHERE account_id IS NULL;

ALTER TABLE account_letter DROP COLUMN used_at;
