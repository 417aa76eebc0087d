-- How far an import of stock from a file got: a line of it goes in once, whoever was killed in between. An import is the
-- same by what the file says, the mode and the reason (`id` is their hash).

CREATE TABLE stock_import (
    id          bytea PRIMARY KEY,
    line        integer NOT NULL,  -- up to here it has gone in
    began_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);

GRANT SELECT, INSERT, UPDATE ON stock_import TO doorbuster_app;
