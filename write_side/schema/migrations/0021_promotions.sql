-- Promotions, who holds a use of one where uses are limited, and what was taken off quotes and orders.

CREATE TABLE promotion (
    id      uuid PRIMARY KEY,
    terms   jsonb NOT NULL,
    state   text NOT NULL CHECK (state IN ('running', 'ended')),
    used    integer NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT never_overused CHECK (used >= 0 AND used <= (terms ->> 'most')::integer)  -- no limit: NULL, which passes
) WITH (fillfactor = 50);  -- room for updates in place: a code that everybody types is written thousands of times
CREATE UNIQUE INDEX promotion_by_code ON promotion ((terms ->> 'code')) WHERE terms ->> 'code' <> '';
CREATE INDEX promotion_on_offer ON promotion ((terms ->> 'code')) WHERE state = 'running';

CREATE TABLE promotion_use (
    promotion_id uuid NOT NULL REFERENCES promotion (id),
    order_id     uuid NOT NULL,
    person_id    uuid NOT NULL,
    PRIMARY KEY (promotion_id, order_id)
);
CREATE INDEX promotion_use_by_person ON promotion_use (promotion_id, person_id);
CREATE INDEX promotion_use_by_order ON promotion_use (order_id);

-- An event of a promotion that waits to be appended: events come last in a transaction.
CREATE TYPE promotion_change AS (
    command      integer,  -- which command of the call it belongs to, from 1
    promotion_id uuid,
    version      bigint,
    type         text,
    payload      bytea
);

ALTER TABLE quote ADD COLUMN codes text[] NOT NULL DEFAULT '{}', ADD COLUMN discounts jsonb NOT NULL DEFAULT '[]';
ALTER TABLE customer_order
    ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0 CHECK (discount_minor >= 0),
    ADD COLUMN discounts jsonb NOT NULL DEFAULT '[]',
    DROP CONSTRAINT customer_order_check,
    ADD CONSTRAINT adds_up CHECK (total_minor = lines_minor + shipping_minor - discount_minor + tax_minor);
ALTER TABLE order_line
    ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0 CHECK (discount_minor BETWEEN 0 AND total_minor);

GRANT SELECT, INSERT, UPDATE ON promotion TO doorbuster_app;
GRANT SELECT, INSERT, DELETE ON promotion_use TO doorbuster_app;
