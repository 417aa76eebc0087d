-- Invoices for business customers, and how much credit each of their accounts has.

CREATE TABLE credit (
    id          uuid PRIMARY KEY,  -- of the account
    limit_minor bigint NOT NULL,
    currency    text NOT NULL,
    days        integer NOT NULL CHECK (days > 0),  -- to pay in
    used_minor  bigint NOT NULL,
    version     bigint NOT NULL,
    CONSTRAINT never_overdrawn CHECK (used_minor BETWEEN 0 AND limit_minor)
);

CREATE TABLE credit_use (
    account_id   uuid NOT NULL REFERENCES credit (id),
    order_id     uuid NOT NULL UNIQUE,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (account_id, order_id)
);

CREATE TABLE invoice (
    id             uuid PRIMARY KEY,
    order_id       uuid NOT NULL UNIQUE,
    account_id     uuid NOT NULL,
    amount_minor   bigint NOT NULL CHECK (amount_minor > 0),
    currency       text NOT NULL,
    due_at         timestamptz NOT NULL,
    state          text NOT NULL CHECK (state IN ('open', 'overdue', 'paid')),
    credited_minor bigint NOT NULL,
    paid_minor     bigint NOT NULL,
    reference      text,  -- of the payment, as the bank tells it
    version        bigint NOT NULL,
    CHECK (credited_minor BETWEEN 0 AND amount_minor AND paid_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX invoice_due ON invoice (due_at) WHERE state = 'open';

ALTER TABLE quote ADD COLUMN payment_method text NOT NULL DEFAULT 'card';

GRANT SELECT, INSERT, UPDATE ON credit, invoice TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON credit_use TO doorbuster_app;
