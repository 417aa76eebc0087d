-- Each time that many products were changed at once: an import of a catalog, an edit in bulk, or the undoing of one.
-- Their events go by its id as correlation id, and all stand above the position `begins_above`.
CREATE TABLE import_run (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('catalog', 'edit', 'undo')),
    state        text NOT NULL CHECK (state IN ('running', 'finished', 'stopped')),
    dry_run      boolean NOT NULL,
    actor        text NOT NULL,
    file         text NOT NULL,         -- its name; empty where there is none
    same         bytea,                 -- the hash of the file and of how it is understood
    terms        json NOT NULL,         -- how it is understood, or which products are to be edited how
    undoes       uuid REFERENCES import_run (id),
    begins_above bigint NOT NULL,
    ends_at      bigint,                -- all its events stand up to here; null while it runs, or if it was killed
    rows_done    bigint NOT NULL DEFAULT 0,  -- of a file: so many from its beginning have gone in
    place        text NOT NULL DEFAULT '',   -- of an edit or an undoing: how far it got
    counts       json NOT NULL DEFAULT '{}',
    began_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz
);
CREATE UNIQUE INDEX import_run_of_file ON import_run (same) WHERE state = 'running' AND kind = 'catalog';
CREATE UNIQUE INDEX import_run_undone_once ON import_run (undoes, dry_run) WHERE state = 'running' AND kind = 'undo';
CREATE INDEX import_run_due ON import_run (seen_at) WHERE state = 'running' AND kind <> 'catalog';

-- What became of its products, or would: all that were left alone, and the first of the others.
CREATE TABLE import_outcome (
    run_id  uuid NOT NULL REFERENCES import_run (id),
    number  bigint NOT NULL,
    outcome json NOT NULL,
    PRIMARY KEY (run_id, number)
);

GRANT SELECT, INSERT, UPDATE ON import_run TO doorbuster_app;
GRANT SELECT, INSERT ON import_outcome TO doorbuster_app;
