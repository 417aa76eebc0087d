-- Categories, products, variants, prices.

CREATE TABLE category (
    id        uuid PRIMARY KEY,
    parent_id uuid REFERENCES category (id),
    slug      text NOT NULL UNIQUE,
    name      text NOT NULL,
    version   bigint NOT NULL
);
CREATE INDEX category_by_parent ON category (parent_id);

-- json, not jsonb: the order in which a merchant wrote the attributes is the order of the page, and numbers stay as
-- they were written, so that the row equals the fold of the log.
CREATE TABLE product (
    id           uuid PRIMARY KEY,
    slug         text NOT NULL UNIQUE,
    name         text NOT NULL,
    brand        text NOT NULL,
    description  text NOT NULL,
    product_type text NOT NULL,
    status       text NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    category_id  uuid REFERENCES category (id),
    attributes   json NOT NULL,
    images       json NOT NULL,
    external_ref text UNIQUE,
    version      bigint NOT NULL
);
CREATE INDEX product_by_category ON product (category_id);

-- A SKU never changes hands: stock, prices and orders name it. One that is no longer sold stays, retired.
CREATE TABLE variant (
    id         uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES product (id),
    sku        text NOT NULL UNIQUE,
    ean        text,
    name       text NOT NULL,
    options    json NOT NULL,
    place      integer NOT NULL,  -- its place among the product's variants
    retired    boolean NOT NULL DEFAULT false
);
CREATE INDEX variant_by_product ON variant (product_id);

-- Who has prices: the aggregate `price`, whose version every change of any of its prices raises.
CREATE TABLE priced_variant (
    id         uuid PRIMARY KEY,  -- the variant's
    product_id uuid NOT NULL,
    sku        text NOT NULL UNIQUE,
    version    bigint NOT NULL
);
CREATE TABLE price (
    variant_id   uuid NOT NULL REFERENCES priced_variant (id),
    currency     text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor BETWEEN 0 AND 1000000000000),
    PRIMARY KEY (variant_id, currency)
);

GRANT SELECT, INSERT, UPDATE ON category, product, variant, priced_variant TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON price TO doorbuster_app;
