-- Gift cards, which orders hold how much of one, and payments of what is left to pay.

CREATE TABLE gift_card (
    id            uuid PRIMARY KEY,
    mark          text NOT NULL UNIQUE,  -- a keyed hash of the code, which stands nowhere
    amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
    currency      text NOT NULL,
    expires_at    timestamptz,
    state         text NOT NULL CHECK (state IN ('active', 'blocked')),
    balance_minor bigint NOT NULL,
    version       bigint NOT NULL,
    CONSTRAINT never_overspent CHECK (balance_minor BETWEEN 0 AND amount_minor)
);

CREATE TABLE gift_card_use (
    gift_card_id uuid NOT NULL REFERENCES gift_card (id),
    order_id     uuid NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (gift_card_id, order_id)
);
CREATE INDEX gift_card_use_by_order ON gift_card_use (order_id);

ALTER TABLE quote ADD COLUMN gift_cards jsonb NOT NULL DEFAULT '[]';
ALTER TABLE customer_order
    ADD COLUMN gift_cards jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN gift_minor bigint NOT NULL DEFAULT 0,  -- the sum of it
    ADD CONSTRAINT gift_cards_pay_no_more CHECK (gift_minor BETWEEN 0 AND total_minor);
ALTER TABLE payment
    ADD COLUMN method text NOT NULL DEFAULT 'card',
    DROP CONSTRAINT payment_amount_minor_check,
    DROP CONSTRAINT payment_check,
    ADD CONSTRAINT less_is_released CHECK (released_minor BETWEEN 0 AND greatest(amount_minor - 1, 0)),
    ADD CONSTRAINT nothing_is_paid_by_gift_card_alone CHECK ((amount_minor = 0) = (method = 'gift_card') AND amount_minor >= 0);
ALTER TABLE refund ADD COLUMN gift_cards jsonb NOT NULL DEFAULT '[]';

GRANT SELECT, INSERT, UPDATE ON gift_card TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON gift_card_use TO doorbuster_app;
