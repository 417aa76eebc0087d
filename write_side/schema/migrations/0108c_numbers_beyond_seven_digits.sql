-- The last number of a year is the greatest one: as text 2026-9999999 stands behind 2026-10000000. Those that are longer
-- have an index of their own, of nothing for most shops: it is there after one look at the table. Old processes go on by
-- the text, which is the same until then.

CREATE UNIQUE INDEX invoice_long_number ON invoice
    (split_part(number, '-', 1), (split_part(number, '-', 2)::bigint)) WHERE length(number) > 12;
CREATE UNIQUE INDEX credit_note_long_number ON credit_note
    (split_part(number, '-', 1), (split_part(number, '-', 2)::bigint)) WHERE length(number) > 12;
