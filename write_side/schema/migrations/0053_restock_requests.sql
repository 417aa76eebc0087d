-- Who waits for a SKU that is sold out.
CREATE TABLE restock_request (
    id              uuid PRIMARY KEY,
    sku             text NOT NULL,
    person_id       uuid NOT NULL,
    mail            text NOT NULL,  -- sealed; empty once nobody is to be written to any more
    state           text NOT NULL CHECK (state IN ('waiting', 'told', 'refused', 'erased')),
    version         bigint NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    -- When to tell, NULL: when stock comes in; neither is part of its history.
    next_attempt_at timestamptz
);
CREATE UNIQUE INDEX restock_request_once ON restock_request (person_id, sku) WHERE state = 'waiting';
CREATE INDEX restock_request_of_sku ON restock_request (sku) WHERE state = 'waiting';
CREATE INDEX restock_request_of_person ON restock_request (person_id);
CREATE INDEX restock_request_due ON restock_request (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON restock_request TO doorbuster_app;
