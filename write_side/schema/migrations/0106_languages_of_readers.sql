-- The language that the person of an account reads, of a link that they asked for (null: the account's), and of whoever
-- waits for a SKU; empty: the shop's own.
ALTER TABLE account ADD COLUMN locale text NOT NULL DEFAULT '';
ALTER TABLE account_letter ADD COLUMN locale text;
ALTER TABLE restock_request ADD COLUMN locale text NOT NULL DEFAULT '';
