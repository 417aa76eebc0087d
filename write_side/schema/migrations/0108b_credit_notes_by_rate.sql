-- A credit note tells its tax by rate; those from before tell it as one sum.

ALTER TABLE credit_note ADD COLUMN taxes json NOT NULL DEFAULT '[]';
