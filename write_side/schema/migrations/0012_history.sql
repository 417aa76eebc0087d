-- States of long histories, folded before (decision 21). Disposable: whoever doubts them deletes all rows of both.
CREATE TABLE aggregate_snapshot (
    aggregate_type text NOT NULL,
    aggregate_id   uuid NOT NULL,
    version        bigint NOT NULL,
    position       bigint NOT NULL,       -- of the event of this version
    at             timestamptz NOT NULL,  -- when that was recorded
    schema         text NOT NULL,         -- of the code that made it: other code ignores it
    state          bytea NOT NULL,        -- JSON
    PRIMARY KEY (aggregate_type, aggregate_id, version)
);

-- Up to where the log has been looked through for these shapes of states.
CREATE TABLE snapshot_progress (
    shapes   text PRIMARY KEY,
    position bigint NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON aggregate_snapshot, snapshot_progress TO doorbuster_app;
