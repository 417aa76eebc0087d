-- The last number of a year is the greatest one: as text 2026-9999999 stands behind 2026-10000000. Old processes go on by
-- the text, which is the same until then.

CREATE UNIQUE INDEX invoice_number_order ON invoice
    (split_part(number, '-', 1), (split_part(number, '-', 2)::bigint)) WHERE number <> '';
CREATE UNIQUE INDEX credit_note_number_order ON credit_note
    (split_part(number, '-', 1), (split_part(number, '-', 2)::bigint));
