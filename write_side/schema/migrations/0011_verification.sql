-- How far the worker's sweep has come, and what it found; events that a read model goes without; documents to rewrite.

CREATE TABLE verify_sweep (
    id             smallint PRIMARY KEY CHECK (id = 1),
    log_position   bigint NOT NULL DEFAULT 0,  -- chains: verified up to here in this round
    log_round      bigint NOT NULL DEFAULT 1,
    log_ended_at   timestamptz,                -- when the last whole round ended
    row_type       text NOT NULL DEFAULT '',   -- rows: the kind of aggregate that is being compared, and after which id
    row_after      uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    row_round      bigint NOT NULL DEFAULT 1,
    row_ended_at   timestamptz,
    seal_round     bigint NOT NULL DEFAULT 1,
    seal_ended_at  timestamptz,
    began_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO verify_sweep (id) VALUES (1);

-- What differs, and not what stands there: that may be anything, a person's data in the clear too.
CREATE TABLE verify_finding (
    place      text NOT NULL,   -- the event, row or seal
    field      text NOT NULL,
    kind       text NOT NULL,
    sweep      text NOT NULL,   -- which part of the sweep found it: log, row, seal
    round      bigint NOT NULL, -- in which round it was last seen: gone when a later one ends without it
    found_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (place, field)
);

-- Somebody asked to go on without the event that parks a key; the projector carries it out, and the record stays.
ALTER TABLE parked_key ADD COLUMN skip_position bigint, ADD COLUMN skip_actor text, ADD COLUMN skip_reason text;
CREATE TABLE skipped_event (
    read_model    text NOT NULL,
    version       text NOT NULL,
    position      bigint NOT NULL,
    partition_key text NOT NULL,
    event_type    text NOT NULL,
    error         text NOT NULL,
    actor         text NOT NULL,
    reason        text NOT NULL,
    skipped_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (read_model, version, position)
);

-- Documents that verification found different: the projector folds their key anew.
CREATE TABLE rewrite_request (
    read_model    text NOT NULL,
    version       text NOT NULL,
    partition_key text NOT NULL,
    shard         smallint NOT NULL,
    requested_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (read_model, version, partition_key)
);

GRANT SELECT, UPDATE ON verify_sweep TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON verify_finding TO doorbuster_app;
GRANT SELECT ON skipped_event TO doorbuster_app;
GRANT SELECT, INSERT ON skipped_event TO doorbuster_projector;
GRANT SELECT, INSERT, DELETE ON rewrite_request TO doorbuster_app, doorbuster_projector;
