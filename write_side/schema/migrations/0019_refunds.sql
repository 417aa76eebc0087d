-- Refunds, and mails of which an order may have several of one kind.

CREATE TABLE refund (
    id              uuid PRIMARY KEY,  -- also the provider's idempotency key
    order_id        uuid NOT NULL,
    payment_id      uuid NOT NULL,
    intent_id       text NOT NULL,
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
    currency        text NOT NULL,
    reason          text NOT NULL,
    lines           jsonb NOT NULL,    -- never changed, so one document, like a quote's
    shipping_minor  bigint NOT NULL,
    restocked       jsonb NOT NULL,
    state           text NOT NULL CHECK (state IN ('requested', 'pending', 'succeeded', 'failed')),
    provider_id     text UNIQUE,
    failure         text,
    version         bigint NOT NULL,
    -- What the worker does about it, and when next; not part of the refund's history.
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    alarm           text               -- why nothing more is done about it: a person has to look
);
CREATE INDEX refund_by_order ON refund (order_id);
CREATE INDEX refund_due ON refund (next_attempt_at) WHERE state IN ('requested', 'pending') AND alarm IS NULL;

GRANT SELECT, INSERT, UPDATE ON refund TO doorbuster_app;

-- What a mail is about, where that is not the order itself: a refund, a parcel.
ALTER TABLE mail ADD COLUMN subject_id uuid;
ALTER TABLE mail DROP CONSTRAINT mail_order_id_kind_key;
ALTER TABLE mail ADD UNIQUE NULLS NOT DISTINCT (order_id, kind, subject_id);
