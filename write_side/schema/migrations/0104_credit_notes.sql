-- What takes something off an invoice is a document with a number of its own; what was taken off before has none.

CREATE TABLE credit_note (
    id             uuid PRIMARY KEY,
    number         text NOT NULL UNIQUE,
    invoice_id     uuid NOT NULL REFERENCES invoice (id),
    invoice_number text NOT NULL,  -- empty of invoices from before there were numbers
    order_id       uuid NOT NULL,  -- whose invoice it is
    account_id     uuid NOT NULL,
    refund_id      uuid NOT NULL UNIQUE,
    amount_minor   bigint NOT NULL CHECK (amount_minor > 0),
    tax_minor      bigint NOT NULL CHECK (tax_minor BETWEEN 0 AND amount_minor),  -- of the amount
    currency       text NOT NULL,
    reason         text NOT NULL,
    issued_at      timestamptz NOT NULL,
    version        bigint NOT NULL
);
CREATE INDEX credit_note_invoice ON credit_note (invoice_id);
CREATE INDEX credit_note_account ON credit_note (account_id);

GRANT SELECT, INSERT, UPDATE ON credit_note TO doorbuster_app;
