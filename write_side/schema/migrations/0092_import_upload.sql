-- Files that were sent over HTTP, in pieces, until the worker has imported them. Whoever works on one has claimed it.
CREATE TABLE import_upload (
    id            uuid PRIMARY KEY,
    run_id        uuid UNIQUE REFERENCES import_run (id),  -- null until all of it is here
    claimed_by    uuid,
    claimed_until timestamptz,
    attempts      int NOT NULL DEFAULT 0,
    begun_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE import_chunk (
    upload_id uuid NOT NULL REFERENCES import_upload (id),
    number    int NOT NULL,
    bytes     bytea NOT NULL,
    PRIMARY KEY (upload_id, number)
);
ALTER TABLE import_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;  -- packing them again costs more than it saves

-- Rows of a file that did not go in, as lines of CSV; number 0 has the names of the columns.
CREATE TABLE import_reject (
    run_id uuid NOT NULL REFERENCES import_run (id),
    number bigint NOT NULL,
    line   bytea NOT NULL,
    PRIMARY KEY (run_id, number)
);
CREATE INDEX import_run_ended ON import_run (ended_at);

ALTER TABLE import_run ADD COLUMN why text NOT NULL DEFAULT '';

GRANT SELECT, INSERT, UPDATE, DELETE ON import_upload TO doorbuster_app;
GRANT SELECT, INSERT, DELETE ON import_chunk TO doorbuster_app;
GRANT SELECT, INSERT, DELETE ON import_reject TO doorbuster_app;
