-- Invoices are numbered in the order in which they are issued; those from before have no number.

ALTER TABLE invoice ADD COLUMN number text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX invoice_number ON invoice (number) WHERE number <> '';
