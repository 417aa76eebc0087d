-- Payments and the inbox of the provider's webhooks. No card data ever reaches us.

CREATE TABLE payment (
    id              uuid PRIMARY KEY,  -- also the provider's idempotency key
    order_id        uuid NOT NULL UNIQUE,
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
    currency        text NOT NULL,
    state           text NOT NULL CHECK (state IN ('requested', 'pending', 'declined', 'authorized', 'captured', 'voided')),
    intent_id       text UNIQUE,
    last_decline    text,               -- the provider's id of the last refused try: its repeat is not another one
    version         bigint NOT NULL,
    -- What the worker has to do about it, and when next; not part of the payment's history.
    todo            text CHECK (todo IN ('create', 'capture', 'void')),
    capturing       boolean NOT NULL DEFAULT false,  -- from here on it can't be cancelled any more
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    alarm           text                -- why nothing more is done about it: a person has to look
);
CREATE INDEX payment_due ON payment (next_attempt_at) WHERE todo IS NOT NULL;

CREATE TABLE payment_inbox (
    provider_event_id text PRIMARY KEY,
    type              text NOT NULL,
    payment_id        uuid,             -- NULL: about no payment of ours
    received_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON payment TO doorbuster_app;
GRANT SELECT, INSERT ON payment_inbox TO doorbuster_app;
