-- Price lists, what variants cost in them, and prices that are to come; where a cart is shopped in, and for whom.

CREATE TABLE price_list (
    id      uuid PRIMARY KEY,
    terms   jsonb NOT NULL,
    state   text NOT NULL CHECK (state IN ('running', 'ended')),
    version bigint NOT NULL
);
CREATE INDEX price_list_in_force ON price_list ((terms ->> 'currency')) WHERE state = 'running';

CREATE TABLE list_price (
    variant_id    uuid NOT NULL REFERENCES priced_variant (id),
    price_list_id uuid NOT NULL REFERENCES price_list (id),
    from_quantity integer NOT NULL CHECK (from_quantity >= 1),
    amount_minor  bigint NOT NULL CHECK (amount_minor >= 0),
    PRIMARY KEY (variant_id, price_list_id, from_quantity)
);

CREATE TABLE scheduled_price (
    variant_id   uuid NOT NULL REFERENCES priced_variant (id),
    currency     text NOT NULL,
    starts_at    timestamptz NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    PRIMARY KEY (variant_id, currency, starts_at)
);
CREATE INDEX scheduled_price_due ON scheduled_price (starts_at);

ALTER TABLE cart ADD COLUMN channel text NOT NULL DEFAULT 'web';
ALTER TABLE quote ADD COLUMN channel text NOT NULL DEFAULT 'web', ADD COLUMN groups text[] NOT NULL DEFAULT '{}';
ALTER TABLE order_line
    ADD COLUMN price_list_id uuid,  -- none: its price of its own
    ADD COLUMN from_quantity integer NOT NULL DEFAULT 1;

GRANT SELECT, INSERT, UPDATE ON price_list TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON list_price, scheduled_price TO doorbuster_app;
