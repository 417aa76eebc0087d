-- Types of products and the attributes that theirs have. A removed type stays, for its history.

CREATE TABLE product_type (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    attributes jsonb NOT NULL,
    state      text NOT NULL CHECK (state IN ('in_force', 'removed')),
    version    bigint NOT NULL
);
CREATE UNIQUE INDEX product_type_in_force ON product_type (name) WHERE state = 'in_force';

GRANT SELECT, INSERT, UPDATE ON product_type TO doorbuster_app;
