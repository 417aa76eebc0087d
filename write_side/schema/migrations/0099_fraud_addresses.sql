-- Where else a paid order was wanted, and what was thought of it. What was paid is found where it goes now; a try keeps what
-- the provider told of its card, or it could not be assessed again.
ALTER TABLE fraud_attempt ADD COLUMN moved boolean NOT NULL DEFAULT false,
                          ADD COLUMN card_country text NOT NULL DEFAULT '',
                          ADD COLUMN cvc_check text NOT NULL DEFAULT '',
                          ADD COLUMN postal_check text NOT NULL DEFAULT '';

CREATE TABLE fraud_address (
    payment_id uuid NOT NULL REFERENCES fraud_check,
    n          integer NOT NULL,
    at         timestamptz NOT NULL,
    address    text NOT NULL,
    door       text NOT NULL,
    door_left  text NOT NULL,
    points     integer NOT NULL,
    reasons    jsonb NOT NULL,
    verdict    text NOT NULL,
    enforced   boolean NOT NULL,
    by_staff   boolean NOT NULL,
    PRIMARY KEY (payment_id, n)
);
GRANT SELECT, INSERT, UPDATE ON fraud_address TO doorbuster_app;
