-- Quotes and orders. `mail` and `address` hold the ciphertext that stands in the events: no person in the clear.

-- An offer that stands until `expires_at`; never changed, so its lines are one document.
CREATE TABLE quote (
    id               uuid PRIMARY KEY,
    cart_id          uuid NOT NULL REFERENCES cart (id),
    cart_version     bigint NOT NULL,
    person_id        uuid NOT NULL,
    mail             text NOT NULL,
    address          text NOT NULL,
    country          text NOT NULL,
    tax_basis_points integer NOT NULL,
    lines            jsonb NOT NULL,
    totals           jsonb NOT NULL,
    expires_at       timestamptz NOT NULL,
    version          bigint NOT NULL
);
CREATE INDEX quote_by_person ON quote (person_id);

CREATE TABLE customer_order (
    id             uuid PRIMARY KEY,
    number         text NOT NULL UNIQUE,
    quote_id       uuid NOT NULL UNIQUE REFERENCES quote (id),  -- one quote, one order
    cart_id        uuid NOT NULL REFERENCES cart (id),
    payment_id     uuid NOT NULL UNIQUE,
    person_id      uuid NOT NULL,
    mail           text NOT NULL,
    address        text NOT NULL,
    country        text NOT NULL,
    currency       text NOT NULL,
    lines_minor    bigint NOT NULL,
    shipping_minor bigint NOT NULL,
    tax_minor      bigint NOT NULL,
    total_minor    bigint NOT NULL CHECK (total_minor = lines_minor + shipping_minor + tax_minor),
    state          text NOT NULL CHECK (state IN ('pending_payment', 'confirmed', 'closing', 'cancelled', 'expired')),
    closing_reason text,      -- while closing and after: why
    deducted       boolean NOT NULL DEFAULT false,  -- its stock has left the reservation
    expires_at     timestamptz NOT NULL,
    version        bigint NOT NULL
);
CREATE INDEX customer_order_unpaid ON customer_order (expires_at) WHERE state = 'pending_payment';
CREATE INDEX customer_order_by_person ON customer_order (person_id);

CREATE TABLE order_line (
    order_id         uuid NOT NULL REFERENCES customer_order (id) ON DELETE CASCADE,
    n                integer NOT NULL,
    sku              text NOT NULL,
    product_id       uuid NOT NULL,
    variant_id       uuid NOT NULL,
    name             text NOT NULL,
    quantity         integer NOT NULL CHECK (quantity > 0),
    unit_price_minor bigint NOT NULL,
    total_minor      bigint NOT NULL CHECK (total_minor = unit_price_minor * quantity),
    tax_minor        bigint NOT NULL,
    PRIMARY KEY (order_id, n)
);

-- From where it comes; the way back for stock that was deducted when a paid order is cancelled.
CREATE TABLE order_allocation (
    order_id  uuid NOT NULL REFERENCES customer_order (id) ON DELETE CASCADE,
    n         integer NOT NULL,
    item_id   uuid NOT NULL,  -- no foreign key: its share lock on a hot stock row would make every buyer wait
    sku       text NOT NULL,
    warehouse text NOT NULL,
    quantity  integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, n)
);

GRANT SELECT, INSERT ON quote TO doorbuster_app;
-- DELETE only serves `orders_place`, which takes back the rows of a command that lost the race for the stock.
GRANT SELECT, INSERT, UPDATE, DELETE ON customer_order TO doorbuster_app;
GRANT SELECT, INSERT, DELETE ON order_line, order_allocation TO doorbuster_app;
