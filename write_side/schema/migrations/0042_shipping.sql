-- What goods weigh and how they are taxed; what is sent where, how, and for what price (shipping).

ALTER TABLE variant ADD COLUMN weight_grams integer NOT NULL DEFAULT 0 CHECK (weight_grams >= 0);
ALTER TABLE product ADD COLUMN tax_class text NOT NULL DEFAULT 'standard'
    CHECK (tax_class ~ '^[a-z][a-z0-9-]{0,39}$');

CREATE TABLE shipping_zone (
    id      uuid PRIMARY KEY,
    code    text NOT NULL UNIQUE,
    name    text NOT NULL,
    places  jsonb NOT NULL,  -- countries, or parts of them by region and postcode
    methods jsonb NOT NULL,  -- ways of sending, each with its brackets of prices
    version bigint NOT NULL
);

-- How it goes and what was asked for that, as it was when the quote was made; of quotes before there was a choice: null.
ALTER TABLE quote ADD COLUMN shipping jsonb;
ALTER TABLE customer_order ADD COLUMN shipping jsonb;

GRANT SELECT, INSERT, UPDATE ON shipping_zone TO doorbuster_app;
