-- Transfers that take their time. What is on the road is in no warehouse's count: it stands here alone.

CREATE TABLE transfer (
    id             uuid PRIMARY KEY,
    from_warehouse text NOT NULL,
    to_warehouse   text NOT NULL,
    reference      text NOT NULL,
    expected_on    date,
    state          text NOT NULL CHECK (state IN ('planned', 'in_transit', 'received', 'closed', 'cancelled')),
    version        bigint NOT NULL
);
CREATE INDEX transfer_state ON transfer (state, id);

CREATE TABLE transfer_line (
    transfer_id uuid NOT NULL REFERENCES transfer (id),
    sku         text NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    received    integer NOT NULL,
    lost        integer NOT NULL,
    damaged     integer NOT NULL,
    returned    integer NOT NULL,  -- came back to where it had left
    surplus     integer NOT NULL,  -- arrived beyond what was sent
    PRIMARY KEY (transfer_id, sku),
    CONSTRAINT never_more_than_sent CHECK (
        least(received, lost, damaged, returned, surplus) >= 0 AND received + lost + damaged + returned <= quantity)
);

GRANT SELECT, INSERT, UPDATE ON transfer TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON transfer_line TO doorbuster_app;
