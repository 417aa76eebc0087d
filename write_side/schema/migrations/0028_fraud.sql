-- What was thought of tries to pay. A check has its payment's id; its attempts are what later tries are counted by.
CREATE TABLE fraud_check (
    id       uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    review   text NOT NULL CHECK (review IN ('none', 'open', 'accepted', 'refused')),
    version  bigint NOT NULL
);
CREATE INDEX fraud_review_open ON fraud_check (id) WHERE review = 'open';

CREATE TABLE fraud_attempt (
    payment_id   uuid NOT NULL REFERENCES fraud_check,
    n            integer NOT NULL,
    at           timestamptz NOT NULL,
    order_id     uuid NOT NULL,
    outcome      text NOT NULL,
    decline_code text NOT NULL,
    person_id    uuid NOT NULL,
    card         text NOT NULL,
    address      text NOT NULL,
    device       text NOT NULL,
    network      text NOT NULL,
    amount_minor bigint NOT NULL,
    currency     text NOT NULL,
    codes        text[] NOT NULL,
    points       integer NOT NULL,
    reasons      jsonb NOT NULL,
    verdict      text NOT NULL,
    PRIMARY KEY (payment_id, n)
);
CREATE INDEX fraud_attempt_by_person ON fraud_attempt (person_id, at);
CREATE INDEX fraud_attempt_by_card ON fraud_attempt (card, at) WHERE card <> '';
CREATE INDEX fraud_attempt_by_address ON fraud_attempt (address, at) WHERE address <> '';
CREATE INDEX fraud_attempt_by_device ON fraud_attempt (device, at) WHERE device <> '';
CREATE INDEX fraud_attempt_by_network ON fraud_attempt (network, at) WHERE network <> '';

-- By what whoever asked for a quote is known again: keyed hashes, forgotten when no order can come of the quote.
CREATE TABLE fraud_visit (
    quote_id        uuid PRIMARY KEY,
    address         text NOT NULL,
    device          text NOT NULL,
    network         text NOT NULL,
    disposable_mail boolean NOT NULL,
    at              timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX fraud_visit_by_time ON fraud_visit (at);

GRANT SELECT, INSERT, UPDATE ON fraud_check, fraud_attempt TO doorbuster_app;
GRANT SELECT, INSERT, DELETE ON fraud_visit TO doorbuster_app;
